import ArgumentParser
import Foundation
import Pipeline
import Tensors

/// Flags of every command that does work.
struct CommonOptions: ParsableArguments {
    @Flag(help: "Say nothing but results and errors.")
    var quiet = false

    @Flag(help: "Print JSON, one object a line, on stdout.")
    var json = false

    @Option(help: ArgumentHelp("Threads to use; the numbers do not depend on it.", valueName: "n"))
    var threads: Int?

    var workforce: Threads { threads.map { Threads($0) } ?? .available }

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads: expected 1 to 1024, got \(threads)") }
    }
}

/// Any recipe key as a dotted flag.
struct RecipeKeys: ParsableArguments {
    @Option(name: .customLong("seed"), help: "Every random choice follows from it.") var seed: String?
    @OptionGroup(title: "Embed") var embed: EmbedKeys
    @OptionGroup(title: "SFT") var sft: SFTKeys
    @OptionGroup(title: "Evolve") var evolve: EvolveKeys
    @OptionGroup(title: "Evaluate") var evaluate: EvaluateKeys

    /// Keys that were given, with their text.
    var overrides: [(key: String, value: String)] {
        let own: [(String, String?)] = [("seed", seed)]
        let all = own + embed.pairs + sft.pairs + evolve.pairs + evaluate.pairs
        return all.compactMap { key, value in value.map { (key: key, value: $0) } }
    }
}

struct EmbedKeys: ParsableArguments {
    @Option(
        name: .customLong("embed.prompt"),
        help: "auto, last_user, transcript (all turns as they are) or chat (all turns in the model's template)")
    var prompt: String?
    @Option(name: .customLong("embed.system"), help: "none, or an instruction before the turns of a chat or transcript.")
    var system: String?
    @Option(name: .customLong("embed.readout"), help: "auto, penultimate, last, cls or mean") var readout: String?
    @Option(
        name: .customLong("embed.layers"),
        help: "auto, last, spread (embeddings, middle, last), or numbers by commas; 0 is the embeddings")
    var layers: String?
    @Option(name: .customLong("embed.normalize"), help: "auto, true or false") var normalize: String?
    @Option(name: .customLong("embed.precision"), help: "f32, bf16, f16 or int8") var precision: String?
    @Option(name: .customLong("embed.max_tokens"), help: "auto, or where texts are cut") var maxTokens: String?
    @Option(name: .customLong("embed.cut"), help: "head, tail or middle: the part of a too long text that is left out")
    var cut: String?

    var pairs: [(String, String?)] {
        [
            ("embed.prompt", prompt), ("embed.system", system), ("embed.readout", readout), ("embed.layers", layers),
            ("embed.normalize", normalize), ("embed.precision", precision), ("embed.max_tokens", maxTokens),
            ("embed.cut", cut),
        ]
    }
}

struct SFTKeys: ParsableArguments {
    @Option(
        name: .customLong("sft.method"),
        help: "pooled (a first estimate by the domains of train, which the head corrects) or plain")
    var method: String?
    @Option(name: .customLong("sft.temperature"), help: "auto, or temperatures τ to choose from, by commas")
    var temperature: String?
    @Option(name: .customLong("sft.ridge"), help: "auto, or ridges λ to choose from, by commas") var ridge: String?
    @Option(name: .customLong("sft.kappa"), help: "A cell of n samples is trusted n / (n + κ).") var kappa: String?

    var pairs: [(String, String?)] {
        [("sft.method", method), ("sft.temperature", temperature), ("sft.ridge", ridge), ("sft.kappa", kappa)]
    }
}

struct EvolveKeys: ParsableArguments {
    @Option(name: .customLong("evolve.environment"), help: "replay or question") var environment: String?
    @Option(name: .customLong("evolve.draws"), help: "exact or sampled") var draws: String?
    @Option(name: .customLong("evolve.start"), help: "sft or zero") var start: String?
    @Option(name: .customLong("evolve.action"), help: "auto, sample or argmax") var action: String?
    @Option(name: .customLong("evolve.sigma"), help: "Step size, in units of the start head's root mean square.")
    var sigma: String?
    @Option(name: .customLong("evolve.popsize"), help: "auto, or candidates a generation") var popsize: String?
    @Option(name: [.customLong("evolve.generations"), .customLong("generations")], help: "How long to search.")
    var generations: String?
    @Option(
        name: .customLong("evolve.validate_every"),
        help: "The mean is judged on validation every so many generations.")
    var validateEvery: String?
    @Option(
        name: [.customLong("evolve.target"), .customLong("target")],
        help: "The search is done once the mean earns so much on validation, 0 to 1; none for never.")
    var target: String?
    @Option(name: .customLong("evolve.stop"), help: "none, or auto: the search ends where it can get no further.")
    var stop: String?
    @Option(name: .customLong("evolve.step_control"), help: "auto, cumulative or two_point") var stepControl: String?
    @Option(name: .customLong("evolve.weights"), help: "auto, positive, active or linear: what a rank is worth.")
    var weights: String?
    @Option(name: .customLong("evolve.sampling"), help: "auto, independent or mirrored") var sampling: String?
    @Option(name: .customLong("evolve.learning"), help: "auto, fixed, or adaptive: rates that follow the noise.")
    var learning: String?
    @Option(name: .customLong("evolve.mean_rate"), help: "auto, or the share of its step that the mean goes.")
    var meanRate: String?
    @Option(name: .customLong("evolve.batch"), help: "all, or tasks that a generation plays where rewards are drawn.")
    var batch: String?
    @Option(name: .customLong("evolve.replications"), help: "Episodes of a task in a generation where rewards are drawn.")
    var replications: String?
    @Option(name: [.customLong("evolve.hours"), .customLong("hours")], help: "When to stop, with status 3.") var hours: String?
    @Option(name: .customLong("evolve.budget"), help: "What the run's ledger may come to, with status 3 beyond.")
    var budget: String?

    var pairs: [(String, String?)] {
        [
            ("evolve.environment", environment), ("evolve.draws", draws), ("evolve.start", start),
            ("evolve.action", action), ("evolve.sigma", sigma), ("evolve.popsize", popsize),
            ("evolve.generations", generations), ("evolve.validate_every", validateEvery), ("evolve.target", target),
            ("evolve.stop", stop),
            ("evolve.step_control", stepControl), ("evolve.weights", weights),
            ("evolve.sampling", sampling), ("evolve.learning", learning), ("evolve.mean_rate", meanRate),
            ("evolve.batch", batch),
            ("evolve.replications", replications), ("evolve.hours", hours), ("evolve.budget", budget),
        ]
    }
}

struct EvaluateKeys: ParsableArguments {
    @Option(name: .customLong("evaluate.bootstrap"), help: "Replicates of the paired bootstrap.") var bootstrap: String?

    var pairs: [(String, String?)] { [("evaluate.bootstrap", bootstrap)] }
}

/// Keys that name what a run is made of: they belong to a recipe, a study has flags of its own.
struct SourceKeys: ParsableArguments {
    @Option(help: "What the run and its router are called.") var name: String?
    @Option(help: "A Hugging Face model directory.") var model: String?
    @Option(help: "A folder of recorded outcomes.") var outcomes: String?
    @Option(help: "The split of it that the run uses.") var split: String?
    @Option(help: "A pool file, or offline.") var pool: String?
    @Option(name: .customLong("tasks.train"), help: "A file of tasks.") var train: String?
    @Option(name: .customLong("tasks.train_rows"), help: "all, or so many of them.") var trainRows: String?
    @Option(name: .customLong("tasks.validation"), help: "A file of tasks.") var validation: String?
    @Option(name: .customLong("tasks.validation_rows"), help: "all, or so many of them.") var validationRows: String?
    @Option(name: .customLong("tasks.test"), help: "A file of tasks.") var test: String?
    @Option(name: .customLong("tasks.test_rows"), help: "all, or so many of them.") var testRows: String?
    @Option(name: .customLong("label.repeats"), help: "Samples of a worker on a task.") var repeats: String?
    @Option(
        name: [.customLong("label.budget"), .customLong("budget")],
        help: "What labelling may cost, in the pool's currency; none for no cap.")
    var budget: String?

    var overrides: [(key: String, value: String)] {
        let pairs: [(String, String?)] = [
            ("name", name), ("model", model), ("outcomes", outcomes), ("split", split), ("pool", pool), ("tasks.train", train),
            ("tasks.train_rows", trainRows), ("tasks.validation", validation), ("tasks.validation_rows", validationRows),
            ("tasks.test", test), ("tasks.test_rows", testRows), ("label.repeats", repeats), ("label.budget", budget),
        ]
        return pairs.compactMap { key, value in value.map { (key: key, value: $0) } }
    }
}
