public import Evolution
public import Routing
import Tensors

/// Evolution with drawn rewards at an equal budget: generations of candidates that all meet the same episodes. The mean is
/// judged on validation after each.
public struct EvolutionStrategy: HeadOptimizer {
    /// TRINITY's: λ candidates with 16 episodes each for 60 generations. A larger budget buys more episodes of a candidate,
    /// not more generations.
    public static let generations = 60

    private let settings: EvolveSettings
    private let covariance: Strategy.Covariance

    /// λ, σ (the first of several), action, the engine's choices but its step control, and least episodes of a candidate are
    /// those of `settings`: 32, 1 for a head of zeros and
    /// 0.3 for another (in units of its root mean square), sample and 16, unless given. Validation of both sets of real models
    /// prefers 0.3 to 0.1 and to 1.
    public init(_ settings: EvolveSettings, covariance: Strategy.Covariance) {
        self.settings = settings
        self.covariance = covariance
    }

    /// The engine's own for drawn rewards; without a shape the plain evolution strategy: the better half, by logarithmic
    /// weights at fixed rates.
    private func strategy(dimension: Int) -> Strategy {
        guard covariance == .separable else {
            return Strategy(stepControl: .cumulative, weights: .positive, covariance: covariance)
        }
        var drawn = settings
        (drawn.draws, drawn.stepControl) = (.sampled, nil)
        return drawn.strategy(dimension: dimension)
    }

    public func optimize(_ start: RoutingHead, on play: inout RecordedPlay, budget: Int, seed: UInt64) -> OptimizedHead {
        var result = OptimizedHead(start: start, on: play)
        let rms = start.rootMeanSquare, scale = rms > 0 ? rms : 1, size = settings.popsize ?? 32
        let strategy = strategy(dimension: start.weight.scalars.count)
        var search = SepCMAES(
            mean: start.weight.scalars.map { Double($0) / scale }, stepSize: settings.sigmas?.first ?? (rms > 0 ? 0.3 : 1),
            seed: seed, populationSize: size, strategy: strategy)
        let schedule = EpisodeSchedule(
            seed: seed, tasks: play.train.outcomes.tasks,
            episodes: max(settings.replications, budget / (size * Self.generations)))
        let cost = size * schedule.episodesPerGeneration
        for generation in 0..<budget / cost {
            let population = search.ask(threads: play.threads)
            let heads = Tensor(
                shape: [size * start.workers.count, start.width], scalars: population.values.map { Float($0 * scale) })
            let episodes = schedule.episodes(of: generation)
            search.tell(
                play.rewards(of: heads, count: size, episodes: episodes, action: settings.action ?? .sample),
                threads: play.threads)
            result.offer(search.mean.map { $0 * scale }, on: play)
        }
        return result
    }
}
