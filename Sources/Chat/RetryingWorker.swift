/// A worker that asks another one again when a call fails and may go well in a while.
///
/// A stream is asked for again only until its first chunk: what the caller has seen can't be taken back.
public struct RetryingWorker: Worker {
    /// One call that was made.
    public struct Attempt: Sendable, Hashable {
        /// From 1.
        public var number: Int
        /// `nil`: it went well.
        public var failure: CallFailure?
        /// Until the next one; `nil`: this is the last.
        public var delay: Duration?
    }

    private let worker: any Worker
    private let policy: RetryPolicy
    private let seed: UInt64
    private let time: Timekeeper
    private let onAttempt: (@Sendable (Attempt) -> Void)?

    /// - Parameters:
    ///   - seed: with the request and its repeat it decides the jitter.
    ///   - onAttempt: is told of each call that has ended, in order, before the wait for the next; a cancelled one is none.
    public init(
        _ worker: any Worker, policy: RetryPolicy = RetryPolicy(), seed: UInt64 = 0, time: Timekeeper = .continuous,
        onAttempt: (@Sendable (Attempt) -> Void)? = nil
    ) {
        self.worker = worker
        self.policy = policy
        self.seed = seed
        self.time = time
        self.onAttempt = onAttempt
    }

    public func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
        try await retrying(request, context) { try await worker.reply(to: request, in: context) }
    }

    public func events(
        for request: ChatRequest, in context: CallContext
    ) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        try await retrying(request, context) { try await worker.events(for: request, in: context) }
    }

    private func retrying<Result>(
        _ request: ChatRequest, _ context: CallContext, _ call: () async throws -> Result
    ) async throws -> Result {
        let end = min(time.now() + policy.total, context.deadline ?? time.now() + policy.total)
        var number = 1, jitter: UInt64?
        while true {
            try Task.checkCancellation()
            do {
                let result = try await call()
                onAttempt?(Attempt(number: number))
                return result
            } catch let failure as CallFailure {
                // Hashing a long request is for the few that fail.
                let jitterSeed = jitter ?? RetryPolicy.seed(of: request.canonicalBytes, context.repeatIndex) ^ seed
                jitter = jitterSeed
                var delay = policy.delay(attempt: number, failure: failure, seed: jitterSeed)
                if let wait = delay, time.now() + wait >= end { delay = nil }
                onAttempt?(Attempt(number: number, failure: failure, delay: delay))
                guard let delay else { throw failure }
                try await time.sleep(delay)
                number += 1
            }
        }
    }
}
