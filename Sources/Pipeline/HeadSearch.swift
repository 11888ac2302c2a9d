public import Evolution
import Files
import Foundation
public import Routing
public import Tensors

/// What one generation showed. Rewards are those of the mean of the distribution, not of its luckiest candidate.
public struct GenerationRecord: Codable, Sendable, Equatable {
    /// 0 is the start.
    public var generation: Int
    /// Mean reward on train, under the action that is searched for.
    public var train: Double
    /// Mean reward on validation, of the best scored worker.
    public var validation: Double
    /// Step size after the generation.
    public var sigma: Double
    /// Best fitness among the candidates: shown, never exported, since it is chosen by its luck.
    public var bestCandidate: Double
}

// A mean that couldn't be evaluated, because too many calls failed, is null: JSON has no NaN.
extension GenerationRecord {
    private enum CodingKeys: CodingKey { case generation, train, validation, sigma, bestCandidate }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        generation = try container.decode(Int.self, forKey: .generation)
        train = try container.decode(Double?.self, forKey: .train) ?? .nan
        validation = try container.decode(Double.self, forKey: .validation)
        sigma = try container.decode(Double.self, forKey: .sigma)
        bestCandidate = try container.decode(Double?.self, forKey: .bestCandidate) ?? .nan
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(generation, forKey: .generation)
        try container.encode(train.isNaN ? nil : train, forKey: .train)
        try container.encode(validation, forKey: .validation)
        try container.encode(sigma, forKey: .sigma)
        try container.encode(bestCandidate.isNaN ? nil : bestCandidate, forKey: .bestCandidate)
    }
}

/// Evolution of a routing head against recorded outcomes. The value is the whole state of the search.
public struct HeadSearch: Sendable, Equatable {
    /// The head that validation prefers, and where it came from.
    public struct Kept: Sendable, Equatable {
        public var head: RoutingHead
        public var generation: Int
        public var validationReward: Double
    }

    /// The distribution, over weights divided by `scale`.
    public var search: SepCMAES
    /// The start head's root mean square; 1 for a head of zeros.
    public let scale: Double
    public private(set) var kept: Kept
    public private(set) var history: [GenerationRecord]

    /// A search that starts at `head` with step size `sigma` in units of `scale`.
    ///
    /// Throws what the environment does.
    public init<Ground: HeadEnvironment>(
        from head: RoutingHead, sigma: Double, settings: EvolveSettings, seed: UInt64, on ground: Ground
    ) throws(Ground.Failure) {
        let rms = head.rootMeanSquare
        scale = rms > 0 ? rms : 1
        let divisor = scale
        search = SepCMAES(
            mean: head.weight.scalars.map { Double($0) / divisor }, stepSize: sigma, seed: seed,
            populationSize: settings.popsize, strategy: settings.strategy(dimension: head.weight.scalars.count))
        let validation = try ground.validationReward(of: head)
        kept = Kept(head: head, generation: 0, validationReward: validation)
        let train = try ground.rewards(of: head.weight, count: 1, generation: 0)[0]
        history = [GenerationRecord(generation: 0, train: train, validation: validation, sigma: sigma, bestCandidate: train)]
    }

    /// A search as a checkpoint held it.
    init(search: SepCMAES, scale: Double, kept: Kept, history: [GenerationRecord]) {
        self.search = search
        self.scale = scale
        self.kept = kept
        self.history = history
    }

    /// One generation: ask, evaluate all candidates on all tasks, tell, judge the mean.
    ///
    /// Throws what the environment does; the search is then as it was.
    public mutating func step<Ground: HeadEnvironment>(on ground: Ground) throws(Ground.Failure) {
        var search = search
        let population = search.ask(threads: ground.threads), generation = search.generation + 1
        let workers = kept.head.workers, width = kept.head.width
        let candidates = Tensor(
            shape: [population.count * workers.count, width],
            scalars: population.values.map { Float($0 * scale) })
        let fitness = try ground.rewards(of: candidates, count: population.count, generation: generation)
        search.tell(fitness, threads: ground.threads)
        let head = RoutingHead(
            workers: workers,
            weight: Tensor(shape: [workers.count, width], scalars: search.mean.map { Float($0 * scale) }))
        let record = GenerationRecord(
            generation: search.generation,
            train: try ground.rewards(of: head.weight, count: 1, generation: generation)[0],
            validation: try ground.validationReward(of: head),
            sigma: search.stepSize, bestCandidate: fitness.filter { !$0.isNaN }.max() ?? .nan)
        self.search = search
        history.append(record)
        if record.validation > kept.validationReward {
            kept = Kept(head: head, generation: record.generation, validationReward: record.validation)
        }
    }

    /// Searches with each of the settings' step sizes; the one of best validation reward, the earlier on a tie.
    /// Cut short where `monitor` stops, whose owner then throws the result away.
    public static func best(
        from head: RoutingHead, settings: EvolveSettings, train: TaskSet, validation: TaskSet, seed: UInt64, threads: Threads,
        monitor: Monitor = .silent
    ) -> HeadSearch {
        let ground = ExactReplay(train: train, validation: validation, action: settings.resolvedStudyAction, threads: threads)
        let searches = settings.resolvedStudySigmas.enumerated().map { index, sigma in
            var search = HeadSearch(from: head, sigma: sigma, settings: settings, seed: seed &+ UInt64(index), on: ground)
            for _ in 0..<settings.generations where !monitor.stopping() { search.step(on: ground) }
            return search
        }
        var best = searches[0]
        for search in searches.dropFirst() where search.kept.validationReward > best.kept.validationReward { best = search }
        return best
    }
}

extension EvolveSettings {
    /// The engine's measured default, with the step control that a recipe names.
    func strategy(dimension: Int) -> Strategy {
        var strategy = Strategy.standard(dimension: dimension)
        switch stepControl {
        case .cumulative: strategy.stepControl = .cumulative
        case .twoPoint: strategy.stepControl = .twoPoint
        case nil: break
        }
        return strategy
    }

    /// Throws ``InputError`` where a generation of heads of `weights` weights would not fit into a gibibyte.
    func check(weights: Int) throws {
        let most = (1 << 30) / (8 * max(1, weights))
        guard let popsize, popsize > most else { return }
        throw InputError("evolve.popsize", "\(popsize) candidates of \(weights) weights are too many; take at most \(most)")
    }

    /// A study follows the reference, which searches for argmax from the SFT head. From zero every argmax is a tie,
    /// so the sampled policy is what shows a slope.
    var resolvedStudyAction: Action { action ?? (start == .sft ? .argmax : .sample) }

    /// A run samples unless told otherwise: its reward changes smoothly with the head.
    var resolvedRunAction: Action { action ?? .sample }

    var resolvedStudySigmas: [Double] { sigmas ?? (start == .sft ? [0.03, 0.1, 0.3] : [1.0]) }

    var resolvedRunSigma: Double { sigmas?.first ?? (start == .sft ? 0.03 : 1.0) }
}
