import Dispatch
import Pipeline
import Serving
import Synchronization
import Tokenizers

/// Where a server's decisions are computed: on threads of their own, since on a cooperative one a pass would hold up every
/// stream; at most one short pass and one long one at a time, so a long transcript holds up neither the others nor memory.
struct PassLanes: Sendable {
    private let texts = DispatchQueue(label: "baton.texts")
    private let short = DispatchQueue(label: "baton.passes.short")
    private let long = DispatchQueue(label: "baton.passes.long")
    private let router: LoadedRouter

    /// Up to so many tokens a pass is short: a second at most, on a backbone of 0.6B parameters and two cores.
    private static let shortTokens = 512
    /// A text of fewer bytes than this is not longer, whatever it says.
    private static let shortBytes = 512

    init(_ router: LoadedRouter) { self.router = router }

    /// The decision for `request`, and the part of it that is read. Throws what the router does, and `CancellationError` where
    /// the caller left before it was its turn.
    func decide(_ request: Conversation, without excluded: Set<String>) async throws -> LoadedRouter.Decision {
        let bytes = request.turns.reduce(0) { $0 + $1.role.utf8.count + $1.content.utf8.count }
        // One way there and back where it is clear that the pass is short.
        if router.maxTokens <= Self.shortTokens || bytes <= Self.shortBytes {
            return try await Self.run(on: short) { try router.decide(read(request), without: excluded) }
        }
        let (question, isShort) = try await Self.run(on: texts) {
            let question = try read(request)
            return (question, router.newTokens(of: question) <= Self.shortTokens)
        }
        return try await Self.run(on: isShort ? short : long) { try router.decide(question, without: excluded) }
    }

    private func read(_ request: Conversation) throws -> LoadedRouter.Question {
        let question = try router.question(request)
        guard question.tokens > 0 else {
            throw ServingError(
                status: 400, parameter: "messages", message: "`messages` has no text to route by; name a worker as the model")
        }
        return question
    }

    private static func run<Value: Sendable>(
        on queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let left = Mark()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(
                        with: Result {
                            guard !left.isSet.load(ordering: .relaxed) else { throw CancellationError() }
                            return try body()
                        })
                }
            }
        } onCancel: {
            left.isSet.store(true, ordering: .relaxed)
        }
    }

    /// A class because a local atomic cannot be captured by closures.
    private final class Mark: Sendable {
        let isSet = Atomic<Bool>(false)
    }
}
