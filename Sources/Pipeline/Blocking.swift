import Dispatch
import Synchronization

/// The bridge from the command's own thread, which may wait, to asynchronous work, which runs on Swift's cooperative
/// threads. Those must never call it: there are as many of them as cores, and one that waits is lost.
public enum Blocking {
    private final class Box<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    /// Waits for `body`, and gives or throws what it does.
    public static func wait<Value: Sendable>(for body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let box = Box<Value>(), done = DispatchSemaphore(value: 0)
        Task {
            let result: Result<Value, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            box.result.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
        return try result.get()
    }
}
