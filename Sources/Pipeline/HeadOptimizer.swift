import Evolution
public import Routing
import Tensors

/// One way to improve a head by playing episodes.
public protocol HeadOptimizer: Sendable {
    /// Plays at most `budget` episodes, and gives the head that validation prefers: `start` itself unless another one is
    /// ahead of it there by more than three standard errors. The same seed gives the same head for any number of threads.
    func optimize(_ start: RoutingHead, on play: inout RecordedPlay, budget: Int, seed: UInt64) -> OptimizedHead
}

/// What an optimiser found.
public struct OptimizedHead: Sendable, Equatable {
    /// The head that validation prefers.
    public private(set) var head: RoutingHead
    /// Its mean reward there.
    public private(set) var validationReward: Double
    /// What validation chose besides, for people.
    public var note = ""

    /// What the start earned on each task of validation; nil where it could not be judged.
    private let startRewards: [Double?]

    /// Nothing but the start.
    init(start: RoutingHead, on play: RecordedPlay) {
        head = start
        let rewards = play.validationRewards(of: start)
        validationReward = HeadSearch.mean(rewards)
        startRewards = rewards.map { $0.isNaN ? nil : $0 }
    }

    /// Judges `weights` on validation and keeps them by the rule of a search (``HeadSearch/Kept``).
    mutating func offer(_ weights: [Double], on play: RecordedPlay) {
        let weight = Tensor(shape: [head.workers.count, head.width], scalars: weights.map { Float($0) })
        let candidate = RoutingHead(workers: head.workers, weight: weight)
        let rewards = play.validationRewards(of: candidate), reward = HeadSearch.mean(rewards)
        if reward > validationReward, isAhead(rewards, of: startRewards.map { $0 ?? .nan }) {
            (head, validationReward) = (candidate, reward)
        }
    }
}

/// The papers' comparison of optimisers: what each does, and from where.
public enum OptimizerMethod: String, Sendable, CaseIterable {
    case randomSearch = "random_search"
    case reinforce
    case isotropicES = "isotropic_es"
    case sepCMAES = "sep_cma_es"
    case sft
    case sftReinforce = "sft_reinforce"
    case sftIsotropicES = "sft_isotropic_es"
    case sftSepCMAES = "sft_sep_cma_es"

    /// Whether it begins at the SFT head rather than at a head of zeros.
    public var startsFromSFT: Bool { [.sft, .sftReinforce, .sftIsotropicES, .sftSepCMAES].contains(self) }

    /// The optimiser; `nil` for SFT itself, which plays no episode.
    func optimizer(_ settings: EvolveSettings) -> (any HeadOptimizer)? {
        switch self {
        case .sft: nil
        case .randomSearch: RandomSearch()
        case .reinforce, .sftReinforce: Reinforce()
        case .isotropicES, .sftIsotropicES: EvolutionStrategy(settings, covariance: .isotropic)
        case .sepCMAES, .sftSepCMAES: EvolutionStrategy(settings, covariance: .separable)
        }
    }
}
