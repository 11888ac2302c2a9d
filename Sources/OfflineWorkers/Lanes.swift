import Dispatch
import Foundation
import Synchronization

/// Threads of their own for work that blocks (pipes, `waitpid`), so that Swift's cooperative threads never wait for a
/// program. Each thread keeps a state from job to job; jobs start in the order in which they came.
final class Lanes<State>: Sendable {
    private typealias Job = @Sendable (inout State) -> Void

    /// What owner and threads share. The threads don't hold the owner, so that its end is theirs.
    private final class Queue: Sendable {
        let jobs = Mutex<(waiting: [Job], started: Int, idle: Int, isClosed: Bool)>(([], 0, 0, false))
        let arrivals = DispatchSemaphore(value: 0)
    }

    private let queue = Queue()
    private let name: String
    private let count: Int
    private let makeState: @Sendable () -> State

    /// `count` threads at most; none before the first job.
    init(name: String, count: Int, makeState: @escaping @Sendable () -> State) {
        self.name = name
        self.count = count
        self.makeState = makeState
    }

    deinit {
        let started = queue.jobs.withLock { jobs in
            jobs.isClosed = true
            return jobs.started
        }
        for _ in 0..<started { queue.arrivals.signal() }
    }

    /// Runs `body` on one of the threads and hands on what it returns or throws. A job whose task was cancelled before
    /// its turn came throws `CancellationError`; one that has begun runs to its end.
    func run<Value: Sendable>(_ body: @escaping @Sendable (inout State) throws -> Value) async throws -> Value {
        let isCancelled = Atomic(false)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                add { state in
                    if isCancelled.load(ordering: .relaxed) { return continuation.resume(throwing: CancellationError()) }
                    continuation.resume(with: Result { try body(&state) })
                }
            }
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
    }

    private func add(_ job: @escaping Job) {
        let needsThread = queue.jobs.withLock { jobs in
            jobs.waiting.append(job)
            guard jobs.started < count, jobs.waiting.count > jobs.idle else { return false }
            jobs.started += 1
            return true
        }
        if needsThread { startThread() }
        queue.arrivals.signal()
    }

    private func startThread() {
        let thread = Thread { [queue, makeState] in
            var state = makeState()
            while let job = Self.next(of: queue) { job(&state) }
        }
        thread.name = name
        thread.start()
    }

    private static func next(of queue: Queue) -> Job? {
        queue.jobs.withLock { $0.idle += 1 }
        queue.arrivals.wait()
        return queue.jobs.withLock { jobs in
            jobs.idle -= 1
            return jobs.waiting.isEmpty ? nil : jobs.waiting.removeFirst()
        }
    }
}
