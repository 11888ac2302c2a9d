public import Evolution
import Files
import Foundation
public import Routing
import Statistics
public import Tensors

/// Evolution of a routing head against recorded outcomes. The value is the whole state of the search.
public struct HeadSearch: Sendable, Equatable {
    /// The head that validation prefers, and where it came from. A generation replaces it where it earns more, and more than
    /// the start by at least three standard errors of the difference, paired by task: of many generations some are lucky on
    /// few tasks.
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
    /// What the start earned on each task of validation; nil where it could not be judged.
    let startRewards: [Double?]

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
        let rewards = try ground.validationRewards(of: head), validation = Self.mean(rewards)
        startRewards = rewards.map { $0.isNaN ? nil : $0 }
        kept = Kept(head: head, generation: 0, validationReward: validation)
        let train = try ground.evaluations(of: head.weight, count: 1, generation: 0)
        history = [
            GenerationRecord(
                generation: 0, train: train.rewards[0], validation: validation, sigma: sigma, axisRatio: search.axisRatio,
                evaluations: train.counts, kept: 0, bestCandidate: train.rewards[0])
        ]
    }

    /// A search as a checkpoint held it.
    init(search: SepCMAES, scale: Double, kept: Kept, history: [GenerationRecord], startRewards: [Double?]) {
        self.search = search
        self.scale = scale
        self.kept = kept
        self.history = history
        self.startRewards = startRewards
    }

    /// One generation: ask, evaluate all candidates on all tasks, tell; the mean is judged on validation where `isJudged`.
    ///
    /// Throws what the environment does; the search is then as it was.
    public mutating func step<Ground: HeadEnvironment>(on ground: Ground, isJudged: Bool = true) throws(Ground.Failure) {
        var search = search
        let population = search.ask(threads: ground.threads), generation = search.generation + 1
        let workers = kept.head.workers, width = kept.head.width, before = meanHead
        let candidates = Tensor(
            shape: [population.count * workers.count, width],
            scalars: population.values.map { Float($0 * scale) })
        let played = try ground.evaluations(of: candidates, count: population.count, generation: generation)
        search.tell(played.rewards, of: population, threads: ground.threads)
        let head = Self.head(search.mean, scale: scale, like: kept.head)
        // A mean that did not move is not evaluated again where nothing is drawn.
        let last = Ground.isRepeatable && head == before ? history.last : nil
        let train: Evaluations
        if let last {
            train = Evaluations(
                rewards: [last.train], counts: EvaluationCounts(reused: played.counts.total / population.count))
        } else {
            train = try ground.evaluations(of: head.weight, count: 1, generation: generation)
        }
        var validation = Double.nan, isBetter = false
        if isJudged {
            if let last, last.isJudged {
                validation = last.validation
            } else {
                let rewards = try ground.validationRewards(of: head)
                validation = Self.mean(rewards)
                isBetter = validation > kept.validationReward && isAhead(rewards, of: startRewards.map { $0 ?? .nan })
            }
        }
        self.search = search
        if isBetter { kept = Kept(head: head, generation: search.generation, validationReward: validation) }
        history.append(
            GenerationRecord(
                generation: search.generation, train: train.rewards[0], validation: validation, sigma: search.stepSize,
                axisRatio: search.axisRatio, evaluations: played.counts + train.counts,
                kept: kept.generation, bestCandidate: played.rewards.filter { !$0.isNaN }.max() ?? .nan))
    }

    /// The mean over the tasks that have a reward; 0 without any.
    static func mean(_ rewards: [Double]) -> Double {
        let heard = rewards.filter { !$0.isNaN }
        return heard.isEmpty ? 0 : heard.reduce(0, +) / Double(heard.count)
    }

    /// The mean of the distribution as a head.
    public var meanHead: RoutingHead { Self.head(search.mean, scale: scale, like: kept.head) }

    private static func head(_ mean: [Double], scale: Double, like head: RoutingHead) -> RoutingHead {
        RoutingHead(
            workers: head.workers, weight: Tensor(shape: head.weight.shape, scalars: mean.map { Float($0 * scale) }))
    }

    /// Searches with each of the settings' step sizes; the one of best validation reward, the earlier on a tie.
    /// Cut short where `monitor` stops, whose owner then throws the result away.
    public static func best(
        from head: RoutingHead, settings: EvolveSettings, train: TaskSet, validation: TaskSet, seed: UInt64, threads: Threads,
        monitor: Monitor = .silent
    ) -> HeadSearch {
        let ground = ExactReplay(train: train, validation: validation, action: settings.resolvedStudyAction, threads: threads)
        let aim = SearchAim(settings)
        let searches = settings.resolvedStudySigmas.enumerated().map { index, sigma in
            var search = HeadSearch(from: head, sigma: sigma, settings: settings, seed: seed &+ UInt64(index), on: ground)
            while !aim.isReached(by: search), !monitor.stopping() {
                search.step(on: ground, isJudged: settings.judges(search.search.generation + 1))
            }
            return search
        }
        var best = searches[0]
        for search in searches.dropFirst() where search.kept.validationReward > best.kept.validationReward { best = search }
        return best
    }
}

/// Whether `rewards` are above `others` by more than three standard errors of their mean difference, task by task; NaN where a
/// task has none.
func isAhead(_ rewards: [Double], of others: [Double]) -> Bool {
    let gains = zip(rewards, others).map { $0 - $1 }.filter { !$0.isNaN }
    return !gains.isEmpty && gains.reduce(0, +) / Double(gains.count) > 3 * standardError(of: gains)
}

extension EvolveSettings {
    /// Whether the mean of `generation` is judged on validation. How far the search is to go has no part in it: a search that
    /// is extended is then the one that went through.
    func judges(_ generation: Int) -> Bool { generation % validateEvery == 0 }

    /// The engine's measured default for rewards that are expectations or draws, with the choices that a recipe names.
    func strategy(dimension: Int) -> Strategy {
        var strategy = draws == .sampled ? Strategy.noisy : .standard(dimension: dimension)
        switch stepControl {
        case .cumulative: strategy.stepControl = .cumulative
        case .twoPoint: strategy.stepControl = .twoPoint
        case nil: break
        }
        strategy.weights = weights ?? strategy.weights
        strategy.sampling = sampling ?? strategy.sampling
        strategy.learning = learning ?? strategy.learning
        strategy.meanRate = meanRate ?? strategy.meanRate
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
