public import Backbones
import Files
public import Foundation
public import Routing
public import Tensors
public import Tokenizers

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

/// How a text becomes a hidden state; what is `nil` is taken from the model directory.
public struct EmbedSettings: Sendable, Equatable {
    /// What of a task the backbone reads.
    public var prompt: Prompt?
    /// An instruction before each task, where the prompt is `chat` or `transcript`.
    public var system: String?
    /// The part of a too long text that is left out.
    public var cut = Truncation.tail
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

extension EmbedSettings {
    /// The settings that flags gave for texts by themselves, which go in as they are unless the flags name a prompt; the rest,
    /// the last layer among it, as the model directory says. Throws ``InputError`` naming the flag.
    public init(overrides: [(key: String, value: String)]) throws {
        var reader = RecipeReader(overrides: overrides)
        try self.init(from: &reader)
        try reader.finish()
        layers = layers ?? .last
        prompt = prompt ?? .lastUser
    }

    init(from reader: inout RecipeReader) throws {
        prompt = try reader.automaticChoice("embed.prompt")
        system = try reader.string("embed.system").flatMap { ["", "none"].contains($0) ? nil : $0 }
        cut = try reader.choice("embed.cut") ?? .tail
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

extension EvaluateSettings {
    init(from reader: inout RecipeReader) throws {
        bootstrap = try reader.integer("evaluate.bootstrap", in: 100...10_000_000, or: 10_000)
    }
}
