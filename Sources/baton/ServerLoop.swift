import Dispatch
import Foundation
import Serving
import Synchronization

/// A server on the command's own thread, until a signal comes; then it drains and ends well: nothing is left undone, so
/// the status is 0.
enum ServerLoop {
    private final class Ending: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
        let inputEnded = Atomic<Bool>(false)
    }

    /// Serves. `listening` is told the port once clients can connect. `untilInputEnds`: the end of standard input is an end
    /// too, so that a server goes with the process that started it.
    ///
    /// Throws what the server does where it can't listen, and what `listening` throws.
    static func run(
        _ server: ChatServer, untilInputEnds: Bool, listening: @escaping @Sendable (_ port: Int) throws -> Void
    ) throws {
        let ending = Ending(), done = DispatchSemaphore(value: 0)
        let task = Task.detached {
            let result: Result<Void, any Error>
            do {
                try await server.run { port in
                    do { try listening(port) } catch {
                        ending.result.withLock { $0 = .failure(error) }
                        ending.inputEnded.store(true, ordering: .relaxed)
                    }
                }
                result = .success(())
            } catch { result = .failure(error) }
            ending.result.withLock { $0 = $0 ?? result }
            done.signal()
        }
        if untilInputEnds {
            Thread.detachNewThread {
                while !FileHandle.standardInput.availableData.isEmpty {}
                ending.inputEnded.store(true, ordering: .relaxed)
            }
        }
        // A handler of signals may do next to nothing; so the one there is leaves a mark, at which we look.
        while done.wait(timeout: .now() + .milliseconds(50)) == .timedOut {
            if Signals.cameIn || ending.inputEnded.load(ordering: .relaxed) { task.cancel() }
        }
        try ending.result.withLock { try $0?.get() }
    }
}
