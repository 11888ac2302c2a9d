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

    /// What a stage says when it is done.
    public struct StageReport: Codable, Sendable, Equatable {
        public var stage: Stage
        /// Its result stood already for the same inputs.
        public var skipped: Bool
        /// One line for people.
        public var detail: String
    }

    /// One stage, which is skipped where its result stands already for the same inputs.
    public func run(_ stage: Stage) throws -> StageReport {
        let detail =
            switch stage {
            case .embed: try EmbedStage(run: self).perform()
            case .sft: try SFTStage(run: self).perform()
            case .evolve: try EvolveStage(run: self).perform()
            case .evaluate: try EvaluateStage(run: self).perform()
            case .export: try ExportStage(run: self).perform(to: directory.router)
            }
        return StageReport(stage: stage, skipped: detail == nil, detail: detail ?? "finished already")
    }

    /// Exports to another folder than the run's own.
    public func export(to folder: URL) throws -> StageReport {
        let detail = try ExportStage(run: self).perform(to: folder)
        return StageReport(stage: .export, skipped: detail == nil, detail: detail ?? "finished already")
    }

    /// Writes the resolved recipe where it isn't yet. Each stage does once all that it reads was found to be good, so
    /// bad input leaves nothing behind.
    func keepRecipe() throws {
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
