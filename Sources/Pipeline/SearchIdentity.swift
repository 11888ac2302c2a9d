import Backbones
import Evolution
import Files
import Foundation
import Routing
import Tensors
import Tokenizers

/// Everything that a search depends on, its length and its limits aside: what makes two searches the same one.
public struct SearchIdentity: Sendable, Equatable {
    /// Recipe keys with the values that the search was made with.
    public var settings: [String: String]
    /// Digests of what is no setting, by the names of ``causes``.
    public var data: [String: String]

    /// A digest of both. The number is the search's algorithm's.
    public var key: String {
        func lines(_ values: [String: String]) -> [String] { values.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] } }
        return StageKey(["evolve 4"] + lines(settings) + ["data"] + lines(data)).hex
    }

    /// What a digest stands for, the cause before what follows from it.
    private static let causes = [
        ("data.outcomes", "the outcomes changed"), ("data.workers", "the workers, or what they are asked, changed"),
        ("data.split", "the tasks of train or validation changed"), ("data.states", "the hidden states changed"),
        ("data.start", "the SFT head changed"),
    ]

    /// What `current` has otherwise, for people: `evolve.sigma was 0.03 and is 0.1`.
    func changes(to current: SearchIdentity) -> String {
        let settings = Self.changes(from: settings, to: current.settings)
        if !settings.isEmpty { return settings }
        return Self.causes.first { data[$0.0] != current.data[$0.0] }?.1 ?? "it was made by another version of baton"
    }

    /// The settings of `current` that are otherwise in `old`; empty where none is. What only one of them has follows from
    /// another setting.
    static func changes(from old: [String: String], to current: [String: String]) -> String {
        let differing = Set(old.keys).union(current.keys).sorted().filter { old[$0] != current[$0] }
        let shared = differing.filter { old[$0] != nil && current[$0] != nil }
        return (shared.isEmpty ? differing : shared)
            .map { "\($0) was \(old[$0] ?? "not there") and is \(current[$0] ?? "not there")" }.joined(separator: ", ")
    }
}

extension Recipe {
    /// The keys of the search itself, as they decide it. A key that a search depends on belongs here, and nowhere else.
    var searchSettings: [String: String] {
        var settings = [
            "seed": "\(seed)", "evolve.draws": evolve.draws.rawValue, "evolve.start": evolve.start.rawValue,
            "evolve.action": evolve.resolvedRunAction.rawValue, "evolve.sigma": evolve.resolvedRunSigma.short,
            "evolve.popsize": evolve.popsize.map(String.init) ?? "auto",
            "evolve.step_control": evolve.stepControl?.rawValue ?? "auto", "evolve.validate_every": "\(evolve.validateEvery)",
        ]
        settings["evolve.weights"] = evolve.weights?.rawValue ?? "auto"
        settings["evolve.sampling"] = evolve.sampling?.rawValue ?? "auto"
        settings["evolve.learning"] = evolve.learning?.rawValue ?? "auto"
        settings["evolve.mean_rate"] = evolve.meanRate?.short ?? "auto"
        if evolve.draws == .sampled {
            settings["evolve.batch"] = evolve.batch.map(String.init) ?? "all"
            settings["evolve.replications"] = "\(evolve.replications)"
        } else {
            func list(_ values: [Double]?) -> String { values?.map(\.short).joined(separator: ", ") ?? "auto" }
            settings["sft.method"] = sft.method.rawValue
            settings["sft.temperature"] = list(sft.temperatures)
            settings["sft.ridge"] = list(sft.ridges)
            settings["sft.kappa"] = sft.kappa.short
        }
        return settings
    }

    /// What the recipe itself says of hidden states, and the levels that follow from it; the rest that it leaves to the model
    /// is not here.
    var statedEmbedding: [String: String] {
        let all: [String: String?] = [
            "model": model.lastPathComponent, "embed.prompt": embed.prompt?.rawValue,
            "embed.readout": embed.readout?.rawValue, "embed.normalize": embed.normalize.map { "\($0)" },
            "embed.layers": embed.levelNumbers(of: model)?.map(String.init).joined(separator: ","),
            "embed.precision": embed.precision.rawValue,
            "embed.max_tokens": embed.maxTokens.map { "\($0)" }, "embed.system": embed.system,
            "embed.cut": embed.cut == .tail ? nil : embed.cut.rawValue,
        ]
        return all.compactMapValues { $0 }
    }
}

extension States.Provenance {
    /// As recipe keys. Those that came later are there where they say something, so that older searches go on.
    var settings: [String: String] {
        var settings = [
            "model": model, "embed.prompt": prompt, "embed.readout": readout, "embed.normalize": "\(normalize)",
            "embed.layers": layers.map(String.init).joined(separator: ","), "embed.precision": precision,
            "embed.max_tokens": "\(maxTokens)",
        ]
        settings["embed.system"] = system
        if cut != Truncation.tail.rawValue { settings["embed.cut"] = cut }
        return settings
    }
}

extension Run {
    /// What the search of these inputs is.
    func searchIdentity(_ inputs: RunInputs) throws -> SearchIdentity {
        if recipe.evolve.draws == .sampled { return try SampledGround(recorded: self, inputs: inputs).identity }
        let table = inputs.data.outcomes.table
        return searchIdentity(
            states: inputs.states, split: inputs.split,
            data: [
                "data.outcomes": StageKey(table.workers + ["\(table.samples)", "\(table.successes)"]).hex,
                "data.start": sftKey(inputs),
            ])
    }

    /// What a search of the recipe is on these states and this split; `data` are more digests.
    func searchIdentity(states: States, split: Outcomes.Split, data: [String: String]) -> SearchIdentity {
        SearchIdentity(
            settings: recipe.searchSettings.merging(states.provenance.settings) { $1 },
            data: data.merging([
                "data.states": states.key, "data.split": StageKey(["\(split.train)", "\(split.validation)"]).hex,
            ]) { $1 })
    }
}
