public import Tensors

/// How a policy acts on its scores.
public enum Action: String, Codable, Sendable, CaseIterable {
    /// A worker drawn from the softmax; its reward is the exact expectation.
    case sample
    /// The worker of highest score.
    case argmax
}

/// Mean reward of many heads at once over recorded outcomes: one matrix product, candidates × tasks.
///
/// A block of tasks at a time: its scores of all heads stay in the second-level cache, where a vector kernel turns them into
/// rewards, sixteen tasks at once. What that adds to the product alone is in `Experiments/Benchmarks`.
public struct ReplayReward: Sendable {
    /// Tasks that one piece of work scores. Fixed, so that sums are formed in the same order by any number of threads.
    private static let blockSize = 256

    /// States of the tasks where any worker was tried, `[tasks, width]`.
    private let states: Tensor
    /// For each block of tasks the rates `[workers, tasks]`, NaN where not tried.
    private let rates: [FloatRows]
    /// Owns what `rates` are windows of.
    private let memory: Workspace
    private let workers: Int
    private let rule: ChoiceRule

    /// Rewards over the tasks of `set` where any worker was tried.
    public init(_ set: TaskSet, action: Action) {
        let table = set.outcomes, width = table.workers.count
        let usable = (0..<table.tasks).filter { task in (0..<width).contains { !table.rates[task, $0].isNaN } }
        states = usable.count == table.tasks ? set.states : set.states.rows(at: usable)
        let blocks = Self.blocks(usable.count)
        let memory = Workspace()
        memory.reset(for: blocks.count * Workspace.room(rows: width, columns: Self.blockSize))
        rates = blocks.map { block in
            let rates = memory.rows(width, columns: block.count)
            rates.fill(
                with: Tensor(
                    shape: [width, block.count],
                    scalars: (0..<width).flatMap { worker in block.map { Float(table.rates[usable[$0], worker]) } }))
            return rates
        }
        self.memory = memory
        workers = width
        rule = action == .argmax ? .argmax : .softmax
    }

    /// Mean reward of each of `count` heads; `heads` holds one after the other, `[count × workers × width]`. NaN where scores
    /// overflow. The same bits for any number of threads, and on any of the `instructions` of one processor.
    public func rewards(
        of heads: Tensor, count: Int, threads: Threads, on instructions: InstructionSet = .best
    ) -> [Double] {
        precondition(heads.scalars.count == count * workers * states.columns, "\(heads.shape) is not \(count) heads")
        let rows = Tensor(shape: [count * workers, states.columns], scalars: heads.scalars)
        let blocks = Self.blocks(states.rows)
        let partial = threads.map(blocks.count) { index in
            let scratch = Workspace()
            scratch.reset(for: Workspace.room(rows: rows.rows, columns: blocks[index].count))
            let scores = scratch.rows(rows.rows, columns: blocks[index].count)
            scores.fill(with: rows, timesTransposed: states, rows: blocks[index])
            return scores.rewards(rule, values: rates[index], on: instructions)
        }
        var totals = [Double](repeating: 0, count: count)
        for sums in partial {
            for candidate in 0..<count { totals[candidate] += sums[candidate] }
        }
        return totals.map { states.rows > 0 ? $0 / Double(states.rows) : 0 }
    }

    private static func blocks(_ tasks: Int) -> [Range<Int>] {
        stride(from: 0, to: tasks, by: blockSize).map { $0..<min($0 + blockSize, tasks) }
    }
}
