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
    private let split: String

    /// Reads a folder of outcomes; `split` is the one of it that a new run takes.
    ///
    /// Throws ``InputError`` naming the file and the line of the first thing that is wrong.
    public init(reading folder: URL, split: String) throws {
        outcomes = try Outcomes(reading: folder)
        self.split = split
    }

    /// Into the run in `folder`, which is made where it isn't there yet: a pool of recorded workers, a file of tasks a part,
    /// and a recipe, written last. `name` and `model` are those of a new run.
    ///
    /// Throws ``InputError`` where the run is of another kind, or has other tasks, workers or outcomes of the same names.
    public func perform(into folder: URL, name: String?, model: URL, access: PoolAccess) throws -> Report {
        let directory = RunDirectory(folder), isNew = !directory.exists(directory.recipe)
        let run = try isNew ? nil : Recipe(reading: directory.recipe)
        let new = try run == nil ? NewRun(of: outcomes, split: split, in: directory, name: name, model: model) : nil
        guard case .live(let live)? = (run ?? new?.recipe)?.source else {
            throw InputError(
                directory.recipe.path, "reads its outcomes from a folder and keeps no ledger; import into another run")
        }
        let pool = try new?.pool ?? access.describe(live.pool)
        let tasks = try new?.problems ?? RunTasks(reading: live).problems
        let (known, elsewhere) = try rows(pool: pool, tasks: tasks, at: directory.recipe.path)
        try new?.check()

        try Durable.makeFolder(directory.url)
        let lock = FolderLock(directory.url)
        try lock.acquire()
        guard directory.exists(directory.recipe) != isNew else {
            throw JobError(directory.url.path, "another baton made this run meanwhile; give the same command again")
        }
        try new?.writeFiles()
        let added = try keep(known, in: directory.ledger)
        try new?.writeRecipe()
        return withExtendedLifetime(lock) {
            Report(
                run: folder.path, tasks: Set(known.map(\.task.id)).count, workers: outcomes.table.workers.count,
                samples: known.reduce(0) { $0 + $1.samples }, new: added, elsewhere: elsewhere)
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
}
