import Dispatch
import Glibc
import Synchronization

extension Threads {
    /// Runs stages one after the other: `body(stage, piece, worker)` once for each of the `pieces[stage]` pieces; a
    /// stage begins when the one before is done. `worker` is below `count` and tells apart what runs at the same time.
    ///
    /// The threads are woken once, not once a stage: between stages they spin, for a pass has dozens of stages of some
    /// ten microseconds. Pieces are handed out in order by one counter, so a thread only ever waits for pieces that
    /// another is working on, never for a thread that has not begun.
    public func run(stages pieces: [Int], _ body: @Sendable (_ stage: Int, _ piece: Int, _ worker: Int) -> Void) {
        let width = min(count, pieces.max() ?? 0)
        guard width > 1 else {
            for (stage, count) in pieces.enumerated() {
                for piece in 0..<count { body(stage, piece, 0) }
            }
            return
        }
        let progress = Progress()
        DispatchQueue.concurrentPerform(iterations: width) { worker in
            var stage = 0, first = 0
            while true {
                let ticket = progress.handedOut.add(1, ordering: .relaxed).oldValue
                while stage < pieces.count, ticket >= first + pieces[stage] {
                    first += pieces[stage]
                    stage += 1
                }
                guard stage < pieces.count else { return }
                progress.wait(for: first)
                body(stage, ticket - first, worker)
                progress.done.add(1, ordering: .acquiringAndReleasing)
            }
        }
    }
}

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Progress: Sendable {
    let handedOut = Atomic<Int>(0)
    let done = Atomic<Int>(0)

    /// Returns when `pieces` pieces are done.
    func wait(for pieces: Int) {
        var spins = 0
        while done.load(ordering: .acquiring) < pieces {
            spins += 1
            // The other thread may have lost its core.
            if spins > 2000 { sched_yield() }
        }
    }
}
