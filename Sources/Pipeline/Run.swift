public import Foundation
import Routing
public import Tensors

/// One run: a recipe, its folder, and the stages between them.
public struct Run: Sendable {
    public let recipe: Recipe
    public let directory: RunDirectory
    let threads: Threads
    let monitor: Monitor

    /// The run of a recipe file, or of a run folder, which holds its resolved recipe. `folder` is where a recipe's run is
    /// kept, else `runs/NAME`.
    ///
    /// Throws ``InputError`` about the recipe.
    public init(
        opening path: String, folder: String?, overrides: [(key: String, value: String)], threads: Threads, monitor: Monitor
    ) throws {
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw InputError(path, "no such recipe or run folder")
        }
        if isFolder.boolValue {
            directory = RunDirectory(url)
            guard directory.exists(directory.recipe) else {
                throw InputError(path, "holds no recipe.yaml; give a recipe, or the folder of a run")
            }
            recipe = try Recipe(reading: directory.recipe, overrides: overrides)
        } else {
            recipe = try Recipe(reading: url, overrides: overrides)
            directory = RunDirectory(URL(fileURLWithPath: folder ?? "runs/\(recipe.name)"))
        }
        self.threads = threads
        self.monitor = monitor
    }

    /// All stages in order up to `last`, finished ones skipped.
    public func run(to last: Stage = .export) throws {
        for stage in Stage.allCases {
            try run(stage)
            if stage == last { return }
        }
    }

    /// One stage, which is skipped where its result stands already for the same inputs.
    public func run(_ stage: Stage) throws {
        try keepRecipe()
        switch stage {
        case .embed: try EmbedStage(run: self).perform()
        case .sft: try SFTStage(run: self).perform()
        case .evolve: try EvolveStage(run: self).perform()
        case .evaluate: try EvaluateStage(run: self).perform()
        case .export: try ExportStage(run: self).perform(to: directory.router)
        }
    }

    /// Exports to another folder than the run's own.
    public func export(to folder: URL) throws {
        try keepRecipe()
        try ExportStage(run: self).perform(to: folder)
    }

    private func keepRecipe() throws {
        let text = Data(recipe.yaml(relativeTo: directory.url).utf8)
        if directory.exists(directory.recipe), try readFile(directory.recipe) == text { return }
        try Durable.replace(directory.recipe, by: text)
    }

    /// The recorded outcomes and the split of the recipe.
    func outcomes() throws -> (folder: OutcomeFolder, split: OutcomeFolder.Split) {
        let folder = try OutcomeFolder(reading: recipe.outcomes)
        guard let split = folder.splits[recipe.split] else {
            throw InputError(
                recipe.outcomes.appendingPathComponent("splits.json").path,
                "no split \"\(recipe.split)\"; there are \(folder.splitNames.joined(separator: ", "))")
        }
        return (folder, split)
    }

    /// The recorded outcomes with their states, which the embed stage must have made.
    func recorded() throws -> (data: RecordedStates, split: OutcomeFolder.Split, states: States) {
        try directory.require(directory.states, from: .embed)
        let (folder, split) = try outcomes()
        let states = try States(reading: directory.states)
        guard states.ids == folder.ids else {
            throw InputError(
                directory.states.path, "was made for other tasks than \(recipe.outcomes.path) holds; run `baton embed` again")
        }
        return (RecordedStates(folder: folder, states: states.values), split, states)
    }
}

/// Hidden states of all tasks: `states.h5`.
struct EmbedStage {
    let run: Run

    func perform() throws {
        let folder = try OutcomeFolder(reading: run.recipe.outcomes)
        let embedding = try Embedding(model: run.recipe.model, settings: run.recipe.embed)
        let file = run.directory.states
        if try run.directory.key(of: file) == embedding.key(ids: folder.ids, texts: folder.prompts) {
            run.monitor.note("embed: finished already")
            return
        }
        let states = try embedding.states(ids: folder.ids, texts: folder.prompts, threads: run.threads, monitor: run.monitor)
        try states.write(to: file)
        run.monitor.note("embed: \(states.ids.count) states of width \(states.values.columns) in \(file.path)")
    }
}

/// The head fitted by KL: `checkpoints/sft.h5`.
struct SFTStage {
    let run: Run

    /// Digest of all that the head depends on.
    func key(states: States, data: RecordedStates, split: OutcomeFolder.Split) -> String {
        let sft = run.recipe.sft, outcomes = data.folder.outcomes
        var parts = ["sft", states.key, "\(sft.temperatures ?? [])", "\(sft.ridges ?? [])", "\(sft.kappa)"]
        parts.append(contentsOf: outcomes.workers)
        parts.append(outcomes.samples.map(String.init).joined(separator: ","))
        parts.append(outcomes.rates.scalars.map { "\($0)" }.joined(separator: ","))
        parts.append("\(split.train);\(split.validation);\(split.test)")
        return StageKey(parts).hex
    }

    func perform() throws {
        let (data, split, states) = try run.recorded()
        let key = key(states: states, data: data, split: split)
        if try run.directory.key(of: run.directory.sft) == key {
            run.monitor.note("sft: finished already")
            return
        }
        let trained = HeadTrainer(options: run.recipe.sft.options, threads: run.threads)
            .fit(train: data.set(data.usable(split.train)), validation: data.set(data.usable(split.validation)))
        try SFTCheckpoint(trained: trained, key: key).write(to: run.directory.sft)
        run.monitor.note(
            "sft: validation reward \(trained.validationReward.fixed(4)) at τ \(trained.temperature.short), "
                + "λ \(trained.ridge.short), gradient norm \(trained.gradientNorm.scientific) after \(trained.iterations) steps"
        )
    }
}

extension Double {
    /// With `digits` decimals.
    func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// With two significant digits and an exponent.
    var scientific: String { String(format: "%.1e", self) }
}
