import Chat
import Synchronization

/// Which workers do not answer at the moment. A class because all calls in flight report to it.
final class WorkerHealth: Sendable {
    /// So many failures in a row mask a worker, for so long.
    private static let failures = 3, pause = Duration.seconds(30)

    private struct State {
        var inARow = 0
        var downUntil: ContinuousClock.Instant?
    }

    private let states = Mutex<[String: State]>([:])

    /// Workers that are masked now.
    var down: Set<String> {
        let now = ContinuousClock.now
        return states.withLock { states in Set(states.filter { $0.value.downUntil.map { $0 > now } ?? false }.keys) }
    }

    func succeeded(_ worker: String) { states.withLock { $0[worker] = nil } }

    func failed(_ worker: String, _ failure: CallFailure) {
        // A request that is refused says nothing about the worker.
        guard failure.kind != .rejected else { return }
        states.withLock { states in
            var state = states[worker] ?? State()
            state.inARow += 1
            if state.inARow >= Self.failures { state.downUntil = .now + (failure.retryAfter ?? Self.pause) }
            states[worker] = state
        }
    }
}

/// A worker whose failures are told to ``WorkerHealth``.
struct WatchedWorker: Worker {
    let name: String
    let worker: any Worker
    let health: WorkerHealth

    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
        try await watched { try await worker.reply(to: request, in: context) }
    }

    func events(for request: ChatRequest, in context: CallContext) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        try await watched { try await worker.events(for: request, in: context) }
    }

    private func watched<Result>(_ call: () async throws -> Result) async throws -> Result {
        do {
            let result = try await call()
            health.succeeded(name)
            return result
        } catch let failure as CallFailure {
            health.failed(name, failure)
            throw failure
        }
    }
}
