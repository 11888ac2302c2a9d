import Chat
import Files
public import Foundation
import Labelling
import Ledger
import Routing
import Tasks

/// Outcomes that were recorded elsewhere, brought into a run: its ledger has them as it has labels of its own, and workers
/// that can be asked may be added beside them.
public struct OutcomesImport {
    /// What came of an import.
    public struct Report: Codable, Sendable, Equatable {
        public var run: String
        public var tasks: Int, workers: Int
        /// Samples that the run has of them, those among them that it had not, and those of tasks that it doesn't have.
        public var samples: Int, new: Int, elsewhere: Int
    }

    private let outcomes: Outcomes
    private let split: Outcomes.Split

    /// Reads a folder of outcomes; `split` is the one of it that a new run takes.
    ///
    /// Throws ``InputError`` naming the file and the line of the first thing that is wrong.
    public init(reading folder: URL, split: String) throws {
        outcomes = try Outcomes(reading: folder)
        self.split = try outcomes.split(named: split)
    }

    /// Into the run in `folder`, which is made where it isn't there yet: a pool of recorded workers, a file of tasks a part,
    /// and a recipe, written last.
    ///
    /// Throws ``InputError`` where the run is of another kind, or has other tasks, workers or outcomes of the same names.
    public func perform(into folder: URL, name: String?, model: URL, access: PoolAccess) throws -> Report {
        let directory = RunDirectory(folder)
        let isNew = !directory.exists(directory.recipe)
        let recipe = try isNew ? newRecipe(in: directory, name: name, model: model) : Recipe(reading: directory.recipe)
        guard case .live(let live) = recipe.source else {
            throw InputError(
                directory.recipe.path, "reads its outcomes from a folder and keeps no ledger; import into another run")
        }
        let pool = try isNew ? self.pool : access.describe(live.pool)
        let tasks = try isNew ? parts.flatMap { try problems($0.rows) } : RunTasks(reading: live).problems
        let (known, elsewhere) = try rows(pool: pool, tasks: tasks, at: directory.recipe.path)

        try Durable.makeFolder(directory.url)
        let lock = FolderLock(directory.url)
        try lock.acquire()
        if isNew { try write(live) }
        let new = try keep(known, in: directory.ledger)
        if isNew { try Durable.replace(directory.recipe, by: Data(recipe.yaml(relativeTo: directory.url).utf8)) }
        return withExtendedLifetime(lock) {
            Report(
                run: folder.path, tasks: Set(known.map(\.task.id)).count, workers: outcomes.table.workers.count,
                samples: known.reduce(0) { $0 + $1.samples }, new: new, elsewhere: elsewhere)
        }
    }

    private func keep(_ known: [ImportedOutcome], in file: URL) throws -> Int {
        let ledger = try RunLedger(opening: file)
        return try Blocking.wait { try await ledger.closed { try await ledger.importOutcomes(known) } }
    }

    // MARK: Outcomes as rows of a ledger

    /// The outcomes of tasks that the run has, and how many samples are of others.
    private func rows(pool: Pool, tasks: [Problem], at place: String) throws -> (known: [ImportedOutcome], elsewhere: Int) {
        let workers = try outcomes.table.workers.map { name in
            guard let spec = pool[name], spec.isRecorded else {
                throw InputError(
                    place, "its pool has no recorded worker \"\(name)\"; add one, with a provider whose api is recorded")
            }
            return LedgerWorker(spec)
        }
        let problems = Dictionary(uniqueKeysWithValues: tasks.map { ($0.id, $0) })
        var known: [ImportedOutcome] = [], elsewhere = 0
        for (row, id) in outcomes.ids.enumerated() {
            let cells = workers.indices.map { row * workers.count + $0 }
            guard let problem = problems[id] else {
                elsewhere += cells.reduce(0) { $0 + outcomes.table.samples[$1] }
                continue
            }
            let request = problem.request, digest = LabelPlan.recordedDigest(of: id)
            guard request.lastUserText == outcomes.prompts[row] else {
                throw InputError(place, "its task \"\(id)\" asks something else than the one in \(outcomes.url.path)")
            }
            for (worker, cell) in zip(workers, cells) where outcomes.table.samples[cell] > 0 {
                known.append(
                    ImportedOutcome(
                        worker: worker, task: id, digest: digest, request: request,
                        successes: outcomes.table.successes[cell], samples: outcomes.table.samples[cell]))
            }
        }
        guard !known.isEmpty else {
            throw InputError(place, "has none of the tasks of \(outcomes.url.path); outcomes belong to a run by their ids")
        }
        return (known, elsewhere)
    }

    // MARK: A new run

    private var parts: [(name: String, rows: [Int])] {
        [("train", split.train), ("validation", split.validation), ("test", split.test)]
    }

    private func newRecipe(in directory: RunDirectory, name: String?, model: URL) throws -> Recipe {
        func part(_ name: String) -> LiveSettings.TaskPart {
            LiveSettings.TaskPart(file: directory.url.appendingPathComponent("tasks/\(name).jsonl"))
        }
        let live = LiveSettings(
            pool: .file(directory.url.appendingPathComponent("pool.yaml")), train: part("train"),
            validation: part("validation"),
            test: part("test"), repeats: max(1, outcomes.table.samples.max() ?? 1))
        let name = name ?? directory.url.lastPathComponent
        try Recipe.check(name: name, at: "--name")
        return Recipe(
            name: name, seed: 0, model: model, source: .live(live), embed: EmbedSettings(), sft: SFTSettings(),
            evolve: EvolveSettings(), evaluate: EvaluateSettings())
    }

    private var pool: Pool {
        let table = outcomes.table, provider = Provider(name: "recorded", api: .recorded, baseURL: "")
        let most = table.samples.max() ?? 1
        return Pool(
            workers: table.workers.enumerated().map { column, name in
                // One sample where others have several: there was nothing to repeat.
                let own = (0..<table.tasks).map { table.samples[$0 * table.workers.count + column] }.max() ?? 0
                return WorkerSpec(
                    name: name, provider: provider, model: name, price: .unknown,
                    isDeterministic: outcomes.deterministicWorkers.contains(name) || (own == 1 && most > 1))
            })
    }

    private func write(_ live: LiveSettings) throws {
        guard case .file(let file) = live.pool else { return }
        try Durable.makeFolder(live.train.file.deletingLastPathComponent())
        for (part, target) in zip(parts, [live.train, live.validation, live.test]) {
            let lines = try problems(part.rows).map { problem in
                let row: JSONObject = [
                    "id": .string(problem.id), "domain": .string(problem.domain),
                    "messages": .array(problem.messages.map { .object($0.json) }), "target": .string(problem.target),
                    "grader": .string(problem.grader),
                ]
                return JSON.object(row).text + "\n"
            }
            try Durable.replace(target.file, by: Data(lines.joined().utf8))
        }
        try Durable.replace(file, by: Data(pool.poolFile.utf8))
    }

    private func problems(_ rows: [Int]) throws -> [Problem] {
        try rows.map { row in
            guard !outcomes.prompts[row].allSatisfy(\.isWhitespace) else {
                throw InputError(outcomes.url.path, "task \"\(outcomes.ids[row])\" asks nothing; a run needs a prompt")
            }
            let domain = outcomes.domains[row]
            return Problem(
                id: outcomes.ids[row], domain: domain.allSatisfy(\.isWhitespace) ? "all" : domain,
                messages: [Message(role: "user", text: outcomes.prompts[row])], target: "recorded",
                grader: RecordedGrader.name)
        }
    }
}
