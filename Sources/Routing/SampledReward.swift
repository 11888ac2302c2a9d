import Foundation
public import Tensors

/// One sample of one worker on one task, as an episode meets it.
public struct SampleCell: Sendable, Hashable {
    public var task: Int, worker: Int, repeatIndex: Int

    public init(task: Int, worker: Int, repeatIndex: Int) {
        self.task = task
        self.worker = worker
        self.repeatIndex = repeatIndex
    }
}

/// Rewards of heads in single episodes: each head names a worker, and the reward is what that one sample was worth. The
/// samples come from wherever the caller has them, recorded or asked for; the arithmetic is the same.
public struct SampledReward: Sendable {
    /// A candidate more of whose episodes than this failed was not evaluated.
    public static let mostFailures = 0.5

    /// States of the tasks, `[tasks, width]`.
    let states: Tensor
    /// Samples that there are of each worker on each task, `[tasks × workers]`; a worker without any is not taken there.
    let samples: [Int]
    let workers: Int
    let action: Action

    /// On task t of `states`, `[tasks, width]`, there are `samples[t · workers + w]` of worker w.
    public init(states: Tensor, samples: [Int], workers: Int, action: Action) {
        precondition(samples.count == states.rows * workers, "samples are not one a cell")
        self.states = states
        self.samples = samples
        self.workers = workers
        self.action = action
    }

    /// Of each worker there is what was recorded.
    public init(_ set: TaskSet, action: Action) {
        self.init(
            states: set.states, samples: set.outcomes.samples, workers: set.outcomes.workers.count, action: action)
    }

    /// The cell that each of `count` heads meets in each episode, `[heads][episodes]`; `heads` holds one after the other,
    /// `[count × workers × width]`.
    public func cells(of heads: Tensor, count: Int, episodes: [Episode], threads: Threads) -> [[SampleCell]] {
        let tasks = Set(episodes.map(\.task)).sorted()
        let position = Dictionary(uniqueKeysWithValues: zip(tasks, tasks.indices))
        let scores = states.rows(at: tasks).timesTransposed(heads, threads: threads)
        return threads.map(count) { head in
            var distributions: [Int: [Double]] = [:]
            return episodes.map { episode in
                let row = position[episode.task] ?? 0
                let first = (row * count + head) * workers, cell = episode.task * workers
                let weights =
                    distributions[row]
                    ?? distribution(
                        (first..<first + workers).map { Double(scores.scalars[$0]) },
                        allowed: samples[cell..<cell + workers].map { $0 > 0 })
                distributions[row] = weights
                let worker = Self.draw(weights, at: episode.uniform)
                return SampleCell(
                    task: episode.task, worker: worker, repeatIndex: episode.repeatIndex(of: samples[cell + worker]))
            }
        }
    }

    /// What the action makes of the scores of workers that may be taken: the softmax, or equal shares of the highest.
    private func distribution(_ scores: [Double], allowed: [Bool]) -> [Double] {
        guard action == .argmax else { return softmax(scores, allowed: allowed) }
        let peak = zip(scores, allowed).filter(\.1).map(\.0).max() ?? 0
        let isHighest = zip(scores, allowed).map { $1 && $0 == peak }, ties = isHighest.count { $0 }
        return isHighest.map { $0 ? 1 / Double(ties) : 0 }
    }

    /// The index at which the sum of weights passes `uniform`.
    private static func draw(_ weights: [Double], at uniform: Double) -> Int {
        var sum = 0.0
        for (index, weight) in weights.enumerated() {
            sum += weight
            if uniform < sum { return index }
        }
        // Rounding left the sum just below one.
        return weights.lastIndex { $0 > 0 } ?? 0
    }

    /// The mean over the cells that have a score, NaN where too many have none: a failed call is no zero.
    public static func mean(of cells: [SampleCell], scores: [SampleCell: Double]) -> Double {
        let heard = cells.compactMap { scores[$0] }
        guard !heard.isEmpty, Double(cells.count - heard.count) <= mostFailures * Double(cells.count) else { return .nan }
        return heard.reduce(0, +) / Double(heard.count)
    }
}
