import Files
public import Foundation
import Routing
public import Tensors

/// One run: a recipe, its folder, and the stages between them.
public struct Run: Sendable {
    public let recipe: Recipe
    public let directory: RunDirectory
    let threads: Threads
    let monitor: Monitor
    let access: PoolAccess
    /// Whether a search that stands already is thrown away.
    let restartsSearch: Bool
    private let lock: FolderLock

    /// The run of a recipe file, or of a run folder, which holds its resolved recipe. `folder` is where a recipe's run is
    /// kept, else `runs/NAME`. With `restartsSearch` the evolve stage begins at its start, whatever stands already.
    ///
    /// Throws ``InputError`` about the recipe.
    public init(
        opening path: String, folder: String?, overrides: [(key: String, value: String)], threads: Threads, monitor: Monitor,
        access: PoolAccess = .none, restartsSearch: Bool = false
    ) throws {
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw InputError(path, "no such recipe or run folder")
        }
        if isFolder.boolValue {
            guard folder == nil else { throw InputError("--run", "\(path) is a run already; give its recipe to start another") }
            directory = RunDirectory(url)
            guard directory.exists(directory.recipe) else {
                throw InputError(path, "holds no recipe.yaml; give a recipe, or the folder of a run")
            }
            recipe = try Recipe(reading: directory.recipe, overrides: overrides)
        } else {
            recipe = try Recipe(reading: url, overrides: overrides)
            directory = RunDirectory(URL(fileURLWithPath: folder ?? "runs/\(recipe.name)"))
        }
        lock = FolderLock(directory.url)
        self.threads = threads
        self.monitor = monitor
        self.access = access
        self.restartsSearch = restartsSearch
    }

    /// The stages that there are for this recipe, in their order: recorded outcomes need no labelling.
    public var stages: [Stage] {
        if case .recorded = recipe.source { return Stage.allCases.filter { $0 != .label } }
        return Stage.allCases
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
    ///
    /// Throws ``InputError`` about what the stage reads, before anything is written.
    public func run(_ stage: Stage) throws -> StageReport {
        try report(stage) {
            switch stage {
            case .label: try LabelStage(run: self).perform()
            case .embed: try EmbedStage(run: self).perform()
            case .sft: try SFTStage(run: self).perform()
            case .evolve: try EvolveStage(run: self).perform()
            case .evaluate: try EvaluateStage(run: self).perform()
            case .export: try ExportStage(run: self).perform(to: directory.router)
            }
        }
    }

    /// Exports to another folder than the run's own.
    public func export(to folder: URL) throws -> StageReport {
        try report(.export) { try ExportStage(run: self).perform(to: folder) }
    }

    /// Throws ``InputError`` where a search is half finished and the recipe has other settings than it was made with: to be
    /// asked before a command of several stages, whose first ones would do again what the search stands on.
    public func checkSearch() throws { try SearchFolder(run: self).checkSettings() }

    private func report(_ stage: Stage, _ perform: () throws -> String?) throws -> StageReport {
        if directory.exists(directory.url) { try lock.acquire() }
        let detail = try perform()
        try prepareFolder()
        return StageReport(stage: stage, skipped: detail == nil, detail: detail ?? "finished already")
    }

    /// Makes the folder this process's, with the resolved recipe in it. A stage calls it when all that it reads has been
    /// checked: bad input leaves no folder behind.
    func prepareFolder() throws {
        try Durable.makeFolder(directory.url)
        try lock.acquire()
        let text = Data(recipe.yaml(relativeTo: directory.url).utf8)
        if directory.exists(directory.recipe), try readFile(directory.recipe) == text { return }
        try Durable.replace(directory.recipe, by: text)
    }
}

// MARK: What stages hand on

/// What every stage behind embedding reads.
struct RunInputs {
    var data: RecordedStates
    var split: Outcomes.Split
    var states: States
    /// What drawn rewards of a live run are drawn from; `nil` where outcomes are recorded, or rewards are expectations, for
    /// which the counts will do.
    var labels: RunLabels?

    var train: TaskSet { data.set(split.train) }
    var validation: TaskSet { data.set(split.validation) }
}

extension Run {
    /// The recorded outcomes with their states, which the embed stage must have made.
    func inputs() throws -> RunInputs {
        try directory.require(directory.states, from: .embed)
        let (outcomes, labels) = try outcomesAndLabels()
        let split = try outcomes.split(named: recipe.split)
        let states = try States(reading: directory.states)
        guard states.ids == outcomes.ids else {
            throw InputError(
                directory.states.path,
                "was made for other tasks than the recipe's; run `baton embed \(directory.url.path)` again")
        }
        return RunInputs(
            data: RecordedStates(outcomes: outcomes, states: states.values), split: split, states: states,
            labels: recipe.evolve.draws == .sampled ? labels : nil)
    }

    /// Digest of all that the SFT of these inputs depends on. The number behind the stage's name is its algorithm's.
    func sftKey(_ inputs: RunInputs) -> String {
        let outcomes = inputs.data.outcomes.table, sft = recipe.sft
        var parts = [
            "sft 2 \(sft.method)", inputs.states.key, "\(sft.temperatures ?? [])", "\(sft.ridges ?? [])", "\(sft.kappa)",
        ]
        parts.append(contentsOf: outcomes.workers)
        parts.append(outcomes.samples.map(String.init).joined(separator: ","))
        parts.append(outcomes.successes.map { "\($0)" }.joined(separator: ","))
        parts.append("\(inputs.split.train);\(inputs.split.validation)")
        if sft.method == .pooled { parts.append(contentsOf: inputs.data.outcomes.domains) }
        return StageKey(parts).hex
    }

    /// The SFT of these very inputs. Throws ``InputError`` where the stage has not been done for them.
    func finishedSFT(_ inputs: RunInputs) throws -> SFTCheckpoint {
        try directory.require(directory.sft, from: .sft)
        let sft = try SFTCheckpoint(reading: directory.sft)
        guard sft.key == sftKey(inputs) else { throw stale(directory.sft, stage: .sft) }
        return sft
    }

    /// The newest search of these very inputs, not beyond the recipe's generations. Throws ``InputError`` where there is none.
    func finishedSearch(_ inputs: RunInputs) throws -> Checkpoint {
        guard let generation = directory.checkpointedGenerations.last(where: { $0 <= recipe.evolve.generations }) else {
            throw InputError(
                directory.checkpoints.path, "holds no checkpoint; run `baton evolve \(directory.url.path)` first")
        }
        let file = directory.checkpoint(generation: generation), checkpoint: Checkpoint
        do { checkpoint = try Checkpoint(reading: file) } catch let error as TornCheckpoint {
            throw InputError(
                file.path,
                "cannot be read (\(error)); run `baton evolve \(directory.url.path)`, which goes on from the one before")
        }
        guard try checkpoint.key == searchIdentity(inputs).key else { throw stale(file, stage: .evolve) }
        return checkpoint
    }

    /// What the search found.
    func policy(_ sft: SFTCheckpoint, _ checkpoint: Checkpoint) -> RoutingPolicy {
        recipe.evolve.policy(checkpoint.search.kept, start: sft.trained)
    }

    /// The key of a result that stands already, `nil` where there is none. A damaged one is not written over: who damaged
    /// it is worth knowing first.
    func standing(_ file: URL, key: () throws -> String) throws -> String? {
        guard directory.exists(file) else { return nil }
        do { return try key() } catch {
            throw InputError("\(error)", "remove \(file.lastPathComponent), and the same command makes it again")
        }
    }

    private func stale(_ file: URL, stage: Stage) -> InputError {
        InputError(
            file.path, "was made from another recipe or other data; run `baton \(stage.rawValue) \(directory.url.path)` first")
    }
}
