public import Routing
import Tensors

/// Heads drawn from a box around the start, each judged by a few episodes; the best measured one is kept.
///
/// All meet the same episodes, and act as they would serve: among weights as small as these a softmax would be so even
/// that the draw of the worker, not the head, decided the reward.
public struct RandomSearch: HeadOptimizer {
    /// Half the width of the box, and episodes that judge one head: TRINITY's, arXiv 2512.04695, table 4.
    public static let halfWidth = 0.5
    public static let replications = 32

    /// Heads that one product scores.
    private static let batch = 64

    public init() {}

    public func optimize(_ start: RoutingHead, on play: inout RecordedPlay, budget: Int, seed: UInt64) -> OptimizedHead {
        var result = OptimizedHead(start: start, on: play)
        let schedule = EpisodeSchedule(seed: seed, tasks: play.train.outcomes.tasks, episodes: Self.replications)
        let episodes = schedule.episodes(of: 0), candidates = budget / episodes.count
        var best: (weights: [Double], reward: Double)?
        for first in stride(from: 0, to: candidates, by: Self.batch) {
            let drawn = (first..<min(first + Self.batch, candidates)).map { Self.draw($0, around: start, seed: seed) }
            let heads = Tensor(
                shape: [drawn.count * start.workers.count, start.width], scalars: drawn.joined().map { Float($0) })
            let rewards = play.rewards(of: heads, count: drawn.count, episodes: episodes, action: .argmax)
            for (weights, reward) in zip(drawn, rewards) where reward > best?.reward ?? -.infinity {
                best = (weights, reward)
            }
        }
        if let best { result.offer(best.weights, on: play) }
        return result
    }

    /// w ~ U[start − halfWidth, start + halfWidth).
    private static func draw(_ candidate: Int, around start: RoutingHead, seed: UInt64) -> [Double] {
        var stream = Philox(seed: seed).stream(row: UInt32(truncatingIfNeeded: candidate), generation: 0, purpose: .candidates)
        return start.weight.scalars.map {
            Double($0) + (Double(stream.next() >> 11) * 0x1p-53 - 0.5) * 2 * halfWidth
        }
    }
}
