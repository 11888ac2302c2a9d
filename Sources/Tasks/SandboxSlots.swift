import Foundation
import Synchronization

/// Threads for what blocks until a program has ended: as many as there are cores, none while there is nothing to do. A class
/// because all sandboxes of the process share it.
final class SandboxSlots: Sendable {
    typealias Job = @Sendable (_ slot: Int) -> Void

    static let shared = SandboxSlots(count: ProcessInfo.processInfo.activeProcessorCount)

    private struct State {
        var free: [Int]
        var waiting: [Job] = [], next = 0
    }

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(free: Array(0..<count))) }

    /// Runs `job` on a thread of its own as soon as a slot is free; first come, first served.
    func submit(_ job: @escaping Job) {
        let slot = state.withLock { state -> Int? in
            if let slot = state.free.popLast() { return slot }
            state.waiting.append(job)
            return nil
        }
        guard let slot else { return }
        // The sandbox dies with the thread that started it, so this one stays until the program has ended.
        Thread.detachNewThread { [self] in
            var job: Job? = job
            while let current = job {
                current(slot)
                job = next(after: slot)
            }
        }
    }

    /// The job that has waited longest; where there is none, `slot` is free.
    private func next(after slot: Int) -> Job? {
        state.withLock { state in
            guard state.next < state.waiting.count else {
                state.waiting = []
                state.next = 0
                state.free.append(slot)
                return nil
            }
            state.next += 1
            return state.waiting[state.next - 1]
        }
    }
}
