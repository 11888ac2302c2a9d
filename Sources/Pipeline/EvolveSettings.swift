public import Chat
public import Evolution
import Files
public import Routing

/// The search that follows SFT.
public struct EvolveSettings: Sendable, Equatable {
    /// Where rewards come from.
    public enum Environment: String, Sendable, CaseIterable {
        /// Recorded outcomes.
        case replay
        /// Workers that are asked: what the ledger has is not asked again.
        case question
    }
    /// Whether rewards are expectations or draws.
    public enum Draws: String, Sendable, CaseIterable { case exact, sampled }
    /// Where the mean of the distribution begins.
    public enum Start: String, Sendable, CaseIterable { case sft, zero }
    /// How σ is adapted.
    public enum StepControl: String, Sendable, CaseIterable {
        case cumulative
        case twoPoint = "two_point"
    }

    /// Whether a search that can get no further ends before its last generation: by the engine's reasons (``StopRules``).
    public enum Stop: String, Sendable, CaseIterable { case auto, none }

    public var environment = Environment.replay
    public var draws = Draws.exact
    public var start = Start.sft
    /// `nil`: argmax from an SFT head in a study (as the reference), else sample.
    public var action: Action?
    /// In units of the start head's root mean square, absolute for a zero head. Several: validation decides.
    public var sigmas: [Double]?
    /// `nil`: ⌊4 + 3 ln n⌋ for n weights.
    public var popsize: Int?
    public var generations = 60
    /// The mean is judged on validation every so many generations, and at no other.
    public var validateEvery = 1
    /// The search is done once a mean earns so much on validation; `nil`: never.
    public var target: Double?
    public var stop = Stop.none
    /// `nil`: by the number of weights.
    public var stepControl: StepControl?
    /// The engine's other choices; `nil`: as rewards are exact or drawn (``Strategy``).
    public var weights: Strategy.Weights?
    public var sampling: Strategy.Sampling?
    public var learning: Strategy.Learning?
    /// c_m.
    public var meanRate: Double?
    /// Tasks that a generation plays; `nil` for all. Only where rewards are drawn.
    public var batch: Int?
    /// Episodes of a task in a generation. Only where rewards are drawn.
    public var replications = 16
    /// When a command ends the search, in hours; `nil`: never.
    public var hours: Double?
    /// What the run's ledger may come to, labels included, before the search ends; `nil`: no cap.
    public var budget: Money?

    /// A run's defaults.
    public init() {}

    /// The reference's search, which a study compares by.
    public static var reference: EvolveSettings {
        var settings = EvolveSettings()
        settings.popsize = 32
        settings.generations = 250
        settings.stepControl = .cumulative
        return settings
    }
}

// MARK: Reading

extension EvolveSettings {
    /// Beyond it candidates share nothing with their start, and their scores overflow.
    private static let largestSigma = 1e3

    init(from reader: inout RecipeReader, defaults: EvolveSettings) throws {
        environment = try reader.choice("evolve.environment") ?? defaults.environment
        let given = try reader.placed("evolve.draws")
        draws = try reader.choice("evolve.draws") ?? (environment == .question ? .sampled : defaults.draws)
        if environment == .question, draws == .exact, let given {
            // A run's resolved recipe names the draws of its environment; a flag that changes that one changes both.
            let isFlagged = try reader.placed("evolve.environment")?.place.hasPrefix("--") ?? false
            guard isFlagged, !given.place.hasPrefix("--") else {
                throw InputError(given.place, "evolve.draws: live play draws; take sampled, or environment: replay")
            }
            draws = .sampled
        }
        batch =
            try reader.placed("evolve.batch")?.text == "all"
            ? nil : try reader.automaticInteger("evolve.batch", in: 1...1_000_000) ?? defaults.batch
        replications = try reader.integer("evolve.replications", in: 1...10_000, or: defaults.replications)
        hours = try reader.number("evolve.hours", above: 0, atMost: 1e6) ?? defaults.hours
        budget = try reader.budget("evolve.budget") ?? defaults.budget
        target = try reader.number("evolve.target", in: 0...1) ?? defaults.target
        stop = try reader.choice("evolve.stop") ?? defaults.stop
        start = try reader.choice("evolve.start") ?? defaults.start
        action = try reader.automaticChoice("evolve.action") ?? defaults.action
        sigmas = try reader.numbers("evolve.sigma", above: 0, atMost: Self.largestSigma) ?? defaults.sigmas
        popsize = try reader.automaticInteger("evolve.popsize", in: 4...1_000_000) ?? defaults.popsize
        generations = try reader.integer("evolve.generations", in: 0...1_000_000, or: defaults.generations)
        // A search whose mean is never judged could only keep its start.
        validateEvery = try reader.integer(
            "evolve.validate_every", in: 1...(generations == 0 ? 1_000_000 : generations), or: defaults.validateEvery)
        stepControl = try reader.automaticChoice("evolve.step_control") ?? defaults.stepControl
        weights = try reader.automaticChoice("evolve.weights") ?? defaults.weights
        sampling = try reader.automaticChoice("evolve.sampling") ?? defaults.sampling
        learning = try reader.automaticChoice("evolve.learning") ?? defaults.learning
        meanRate = try reader.share("evolve.mean_rate") ?? defaults.meanRate
    }
}
