public import Backbones
public import Chat
public import Evolution
import Files
public import Foundation
public import Routing

/// Everything that a run depends on.
public struct Recipe: Sendable, Equatable {
    /// What the run and its router are called.
    public var name: String
    /// Every random choice follows from this.
    public var seed: UInt64
    /// A Hugging Face model directory.
    public var model: URL
    public var source: Source
    public var embed: EmbedSettings
    public var sft: SFTSettings
    public var evolve: EvolveSettings
    public var evaluate: EvaluateSettings
}

/// Where success rates come from.
public enum Source: Sendable, Equatable {
    /// A folder of recorded outcomes, and the split of it that the run uses.
    case recorded(folder: URL, split: String)
    /// Workers that are asked, and graded, by the run itself.
    case live(LiveSettings)
}

extension Recipe {
    /// The split that the run uses; a live run's parts are its files of tasks.
    public var split: String { if case .recorded(_, let split) = source { split } else { "tasks" } }

    /// Where success rates come from, for people.
    var sourceLine: String {
        switch source {
        case .recorded(let folder, let split): "split \(split) of \(folder.path)"
        case .live(let live): "live tasks of \(live.train.file.path), \(live.validation.file.path), \(live.test.file.path)"
        }
    }
}

/// Who is asked what, how often.
public struct LiveSettings: Sendable, Equatable {
    /// The workers.
    public enum PoolPlace: Sendable, Equatable {
        /// The embedded pool of real programs.
        case offline
        case file(URL)
    }

    /// A file of tasks, and how many of its rows are used, spread evenly; `nil` for all.
    public struct TaskPart: Sendable, Equatable {
        public var file: URL
        public var rows: Int?
    }

    public var pool: PoolPlace
    public var train: TaskPart, validation: TaskPart, test: TaskPart
    /// Samples of a worker on a task; a deterministic worker is asked once.
    public var repeats = 4
    /// What labelling may cost in all, in the pool's currency.
    public var budget: Money?
}

/// How a text becomes a hidden state; what is `nil` is taken from the model directory.
public struct EmbedSettings: Sendable, Equatable {
    /// What of a task the backbone reads.
    public enum Prompt: String, Sendable, CaseIterable { case lastUser = "last_user" }
    /// The arithmetic of the forward pass.
    public enum Precision: String, Sendable, CaseIterable { case f32 }

    public var prompt = Prompt.lastUser
    public var readout: Readout?
    /// The levels of the model that are read. `nil`: its words, its middle and its end where all tokens are read, as
    /// `Experiments/04-better-head` found best, and else its end.
    public var layers: Levels?
    public var normalize: Bool?
    public var precision = Precision.f32
    public var maxTokens: Int?

    /// Everything as the model directory says.
    public init() {}
}

/// The SFT of the head; what is `nil` is a grid that validation decides.
public struct SFTSettings: Sendable, Equatable {
    /// How strength is pooled over tasks.
    public enum Method: String, Sendable, CaseIterable {
        /// A first estimate by the domains of train, which the head corrects (``FeatureMap``).
        case pooled
        /// The state alone.
        case plain
    }

    public var method = Method.pooled
    public var temperatures: [Double]?
    public var ridges: [Double]?
    /// κ of ``OutcomeTable/taskWeights(kappa:)``.
    public var kappa = 0.0

    /// The reference's grids, tasks unweighted.
    public init() {}

    /// The same as options of the trainer.
    public var options: TrainingOptions {
        TrainingOptions(
            temperatures: temperatures ?? TrainingOptions.defaultTemperatures,
            ridges: ridges ?? TrainingOptions.defaultRidges,
            pooledTemperatures: temperatures ?? TrainingOptions.defaultPooledTemperatures,
            pooledRidges: ridges ?? TrainingOptions.defaultPooledRidges, kappa: kappa)
    }
}

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

/// The verdict.
public struct EvaluateSettings: Sendable, Equatable {
    /// Replicates of the paired bootstrap.
    public var bootstrap = 10_000

    /// 10,000 replicates.
    public init() {}
}

// MARK: Reading

extension Recipe {
    /// Reads a recipe file. `overrides` are dotted keys with the text that a flag gave.
    ///
    /// Throws ``InputError`` naming file and line, or the flag.
    public init(reading file: URL, overrides: [(key: String, value: String)] = []) throws {
        var reader = try RecipeReader(reading: file, overrides: overrides)
        if let version = try reader.placed("version"), version.text != "1" {
            throw InputError(version.place, "version: this baton reads version 1, got \"\(version.text)\"")
        }
        let folder = file.deletingLastPathComponent()
        name = try reader.string("name") ?? file.deletingPathExtension().lastPathComponent
        seed = try reader.seed("seed", or: 0)
        try Self.check(name: name, at: file.path)
        source = try Source(from: &reader, file: file)
        model = resolve(try reader.placed("model") ?? ("Models/all-MiniLM-L6-v2", file.path), against: folder)
        embed = try EmbedSettings(from: &reader)
        sft = try SFTSettings(from: &reader)
        evolve = try EvolveSettings(from: &reader, defaults: EvolveSettings())
        evaluate = try EvaluateSettings(from: &reader)
        try reader.finish()
        if case .recorded = source, evolve.environment == .question, let given = try reader.placed("evolve.environment") {
            throw InputError(
                given.place, "evolve.environment: question asks workers: name a pool and tasks instead of outcomes")
        }
        guard (evolve.sigmas ?? [0]).count == 1 else {
            throw InputError(file.path, "evolve.sigma: a run takes one step size; `baton study` compares several")
        }
    }
}

extension Recipe {
    /// Throws ``InputError`` where a run of that name could have no folder.
    static func check(name: String, at place: String) throws {
        guard !name.isEmpty, ![".", ".."].contains(name), !name.contains("/"), !name.contains("\0") else {
            throw InputError(place, "name: \"\(name)\" cannot name a folder")
        }
    }
}

extension Source {
    init(from reader: inout RecipeReader, file: URL) throws {
        let folder = file.deletingLastPathComponent()
        let outcomes = try reader.placed("outcomes"), split = try reader.placed("split"), pool = try reader.placed("pool")
        if let outcomes {
            if let pool { throw InputError(pool.place, "pool: a recipe names recorded outcomes or a pool, not both") }
            self = .recorded(folder: resolve(outcomes, against: folder), split: split?.text ?? "0")
            return
        }
        guard let pool else {
            throw InputError(
                file.path,
                "key outcomes is missing (a folder with tasks.jsonl, workers.csv and splits.json), and so is pool (workers to ask)"
            )
        }
        if let split { throw InputError(split.place, "split: belongs to recorded outcomes; tasks name a file for each part") }
        func part(_ name: String) throws -> LiveSettings.TaskPart {
            guard let path = try reader.placed("tasks.\(name)") else {
                throw InputError(file.path, "key tasks.\(name) is missing; name a file of tasks, one JSON object a line")
            }
            let rows = try reader.count("tasks.\(name)_rows")
            return LiveSettings.TaskPart(file: resolve(path, against: folder), rows: rows)
        }
        self = .live(
            LiveSettings(
                pool: pool.text == "offline" ? .offline : .file(resolve(pool, against: folder)), train: try part("train"),
                validation: try part("validation"), test: try part("test"),
                repeats: try reader.integer("label.repeats", in: 1...10_000, or: 4), budget: try reader.budget("label.budget")))
    }
}

extension EmbedSettings {
    /// The settings that flags gave for texts by themselves; the rest, the last layer among it, as the model directory
    /// says. Throws ``InputError`` naming the flag.
    public init(overrides: [(key: String, value: String)]) throws {
        var reader = RecipeReader(overrides: overrides)
        try self.init(from: &reader)
        try reader.finish()
        layers = layers ?? .last
    }

    init(from reader: inout RecipeReader) throws {
        prompt = try reader.choice("embed.prompt") ?? .lastUser
        readout = try reader.automaticChoice("embed.readout")
        layers = try reader.listed("embed.layers").flatMap { try Levels(parsing: $0.text, at: $0.place) }
        normalize = try reader.automaticChoice("embed.normalize").map { (flag: Flag) in flag == .true }
        precision = try reader.choice("embed.precision") ?? .f32
        maxTokens = try reader.automaticInteger("embed.max_tokens", in: 1...Int(Int32.max))
    }

    private enum Flag: String, CaseIterable { case `true`, `false` }
}

extension Levels {
    /// `last`, `spread`, or numbers by commas, with or without brackets; `auto` is nil. Throws ``InputError``.
    init?(parsing text: String, at place: String) throws {
        let named: [String: Levels] = ["last": .last, "spread": .spread]
        if text == "auto" { return nil }
        if let levels = named[text] {
            self = levels
            return
        }
        let parts = text.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).split(separator: ",")
        let numbers = parts.compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        guard !numbers.isEmpty, numbers.count == parts.count, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw InputError(
                place, "embed.layers: expected auto, last, spread, or ascending numbers by commas, got \"\(text)\"")
        }
        self = .numbers(numbers)
    }

    /// Numbers as a file of states has them; what needs a model to be told is nil.
    var stated: String? {
        if case .numbers(let numbers) = self { numbers.map(String.init).joined(separator: ",") } else { nil }
    }

    /// As a recipe has it.
    var text: String {
        switch self {
        case .last: "last"
        case .spread: "spread"
        case .numbers(let numbers): "\"\(numbers.map(String.init).joined(separator: ","))\""
        }
    }
}

extension SFTSettings {
    init(from reader: inout RecipeReader) throws {
        method = try reader.choice("sft.method") ?? .pooled
        temperatures = try reader.numbers("sft.temperature", above: 0)
        ridges = try reader.numbers("sft.ridge", above: 0, inclusive: true)
        kappa = try reader.number("sft.kappa", atLeast: 0) ?? 0
    }
}

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

extension EvaluateSettings {
    init(from reader: inout RecipeReader) throws {
        bootstrap = try reader.integer("evaluate.bootstrap", in: 100...10_000_000, or: 10_000)
    }
}

/// A path of a recipe: against `folder`, the recipe's, where something stands there, else against the current one. What
/// was given as a flag was typed in the current folder.
func resolve(_ path: (text: String, place: String), against folder: URL) -> URL {
    let here = URL(fileURLWithPath: path.text).standardizedFileURL
    let beside = URL(fileURLWithPath: path.text, relativeTo: folder).standardizedFileURL
    let manager = FileManager.default
    if path.place.hasPrefix("--") {
        return manager.fileExists(atPath: beside.path) && !manager.fileExists(atPath: here.path) ? beside : here
    }
    return manager.fileExists(atPath: here.path) && !manager.fileExists(atPath: beside.path) ? here : beside
}
