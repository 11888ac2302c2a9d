import Dispatch
import Synchronization

/// Asynchronous work from a command's thread, which is none of the cooperative pool's and so may wait.
enum Blocking {
    /// Does `work` to its end. The first SIGINT or SIGTERM cancels it; `work` then settles and returns, or throws.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value? {
        let outcome = Outcome<Value>(), done = DispatchSemaphore(value: 0)
        let task = Task.detached {
            do {
                let value = try await work()
                outcome.result.withLock { $0 = .success(value) }
            } catch {
                outcome.result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        // A handler of signals may do next to nothing; so the one there is leaves a mark, at which we look.
        while done.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
            if Signals.cameIn { task.cancel() }
        }
        return try outcome.result.withLock { try $0?.get() }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }
}
