import Foundation
public import Tensors

/// How a policy acts on its scores.
public enum Action: String, Codable, Sendable, CaseIterable {
    /// A worker drawn from the softmax; its reward is the exact expectation.
    case sample
    /// The worker of highest score.
    case argmax
}

/// Mean reward of many heads at once over recorded outcomes: one matrix product, candidates × tasks.
public struct ReplayReward: Sendable {
    /// Tasks that one piece of work scores. Fixed, so that sums are formed in the same order by any number of threads.
    private static let blockSize = 256

    private struct Block: Sendable {
        let states: Tensor
        /// Rates `[tasks × workers]`, NaN where not tried.
        let rates: [Float]
    }

    private let blocks: [Block]
    private let workers: Int
    private let tasks: Int
    private let action: Action

    /// Rewards over the tasks of `set` where any worker was tried.
    public init(_ set: TaskSet, action: Action) {
        let width = set.outcomes.workers.count
        let usable = (0..<set.outcomes.tasks).filter { task in
            (0..<width).contains { !set.outcomes.rates[task, $0].isNaN }
        }
        blocks = stride(from: 0, to: usable.count, by: Self.blockSize).map { first in
            let indices = Array(usable[first..<min(first + Self.blockSize, usable.count)])
            return Block(
                states: set.states.rows(at: indices),
                rates: indices.flatMap { task in (0..<width).map { Float(set.outcomes.rates[task, $0]) } })
        }
        workers = width
        tasks = usable.count
        self.action = action
    }

    /// Mean reward of each of `count` heads; `heads` holds one after the other, `[count × workers × width]`.
    public func rewards(of heads: Tensor, count: Int, threads: Threads) -> [Double] {
        let partial = threads.map(blocks.count) { index in
            let block = blocks[index]
            return sums(of: block.states.timesTransposed(heads), rates: block.rates, candidates: count)
        }
        var totals = [Double](repeating: 0, count: count)
        for sums in partial {
            for candidate in 0..<count { totals[candidate] += sums[candidate] }
        }
        return totals.map { tasks > 0 ? $0 / Double(tasks) : 0 }
    }

    private func sums(of scores: Tensor, rates: [Float], candidates: Int) -> [Double] {
        var sums = [Double](repeating: 0, count: candidates)
        for task in 0..<scores.rows {
            for candidate in 0..<candidates {
                let first = (task * candidates + candidate) * workers
                let reward =
                    action == .argmax
                    ? greedy(scores.scalars, first, rates, task * workers)
                    : expected(scores.scalars, first, rates, task * workers)
                sums[candidate] += Double(reward)
            }
        }
        return sums
    }

    /// Reward of the highest score among tried workers; the mean of them on a tie.
    @inline(__always)
    private func greedy(_ scores: [Float], _ first: Int, _ rates: [Float], _ row: Int) -> Float {
        var best = -Float.infinity, sum: Float = 0, count: Float = 0
        for worker in 0..<workers {
            let rate = rates[row + worker], score = scores[first + worker]
            guard !rate.isNaN, score >= best else { continue }
            if score > best { (best, sum, count) = (score, 0, 0) }
            sum += rate
            count += 1
        }
        return count > 0 ? sum / count : 0
    }

    /// Expected reward under the softmax over the tried workers.
    @inline(__always)
    private func expected(_ scores: [Float], _ first: Int, _ rates: [Float], _ row: Int) -> Float {
        var peak = -Float.infinity
        for worker in 0..<workers where !rates[row + worker].isNaN { peak = max(peak, scores[first + worker]) }
        var sum: Float = 0, reward: Float = 0
        for worker in 0..<workers where !rates[row + worker].isNaN {
            let weight = exp(scores[first + worker] - peak)
            sum += weight
            reward += weight * rates[row + worker]
        }
        return sum > 0 ? reward / sum : 0
    }
}
