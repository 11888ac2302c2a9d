import Foundation
public import Routing
import Tensors

/// The policy gradient on a softmax head: ∇ = E[(r − b) ∇ log π(worker | state)], b the mean reward of the other episodes
/// (Williams, "Simple statistical gradient-following algorithms", 1992), with Adam's steps (Kingma, Ba, 2015).
///
/// Each rate of a small grid is tried on an eighth of the budget; the one that validation prefers goes on alone.
public struct Reinforce: HeadOptimizer {
    /// Step sizes, in units of the start head's root mean square; absolute for a head of zeros.
    public static let rates = [0.01, 0.03, 0.1]
    /// Episodes of one gradient: those of one generation of TRINITY's search, 32 candidates with 16 episodes each.
    public static let batch = 512
    private static let pilotShare = 8

    public init() {}

    public func optimize(_ start: RoutingHead, on play: inout RecordedPlay, budget: Int, seed: UInt64) -> OptimizedHead {
        let schedule = EpisodeSchedule(
            seed: seed, tasks: play.train.outcomes.tasks, episodes: min(Self.batch, max(1, budget / 32)))
        let scale = start.rootMeanSquare > 0 ? start.rootMeanSquare : 1
        let steps = budget / schedule.episodesPerGeneration, pilot = steps / Self.pilotShare
        var ascents = Self.rates.map { rate in
            Ascent(start, rate: rate * scale, note: "rate \(rate.short)", on: play)
        }
        for index in ascents.indices {
            for _ in 0..<pilot { ascents[index].step(schedule, on: &play) }
        }
        var best = ascents[0]
        for ascent in ascents.dropFirst() where ascent.result.validationReward > best.result.validationReward { best = ascent }
        for _ in 0..<max(0, steps - pilot * Self.rates.count) { best.step(schedule, on: &play) }
        return best.result
    }
}

/// One run of the gradient at one rate.
private struct Ascent {
    var result: OptimizedHead
    private var weights: [Double]
    /// Adam's means of the gradient and of its square.
    private var first: [Double], second: [Double]
    private var steps = 0
    private let rate: Double

    init(_ start: RoutingHead, rate: Double, note: String, on play: RecordedPlay) {
        result = OptimizedHead(start: start, on: play)
        result.note = note
        weights = start.weight.scalars.map(Double.init)
        first = [Double](repeating: 0, count: weights.count)
        second = first
        self.rate = rate
    }

    mutating func step(_ schedule: EpisodeSchedule, on play: inout RecordedPlay) {
        let gradient = gradient(schedule.episodes(of: steps), on: &play)
        steps += 1
        let unbias = (1 - pow(0.9, Double(steps)), 1 - pow(0.999, Double(steps)))
        for index in weights.indices {
            first[index] = 0.9 * first[index] + 0.1 * gradient[index]
            second[index] = 0.999 * second[index] + 0.001 * gradient[index] * gradient[index]
            weights[index] += rate * (first[index] / unbias.0) / ((second[index] / unbias.1).squareRoot() + 1e-8)
        }
        result.offer(weights, on: play)
    }

    /// The mean over episodes of (r − b)(e_worker − π) xᵀ.
    private func gradient(_ episodes: [Episode], on play: inout RecordedPlay) -> [Double] {
        let outcomes = play.train.outcomes, workers = outcomes.workers.count, tasks = episodes.map(\.task)
        let states = play.train.states.rows(at: tasks)
        let head = Tensor(shape: [workers, states.columns], scalars: weights.map { Float($0) })
        let plays = play.plays(of: head, count: 1, episodes: episodes, action: .sample)[0]
        let scores = states.timesTransposed(head, threads: play.threads)
        let total = plays.reduce(0) { $0 + $1.reward }, count = Double(plays.count)
        var residual = Matrix(rows: plays.count, columns: workers)
        for (row, episode) in plays.enumerated() {
            let cells = tasks[row] * workers..<(tasks[row] + 1) * workers
            let policy = softmax(scores[row: row].map(Double.init), allowed: cells.map { outcomes.samples[$0] > 0 })
            let advantage = count > 1 ? episode.reward - (total - episode.reward) / (count - 1) : episode.reward
            for worker in 0..<workers {
                residual[row, worker] = advantage * ((worker == episode.worker ? 1 : 0) - policy[worker]) / count
            }
        }
        return residual.transposedTimes(Matrix(states), threads: play.threads).scalars
    }
}
