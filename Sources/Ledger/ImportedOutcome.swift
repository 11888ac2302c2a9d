public import Chat
import Files
import Foundation
import GRDB

/// How a worker did on a task, as it was recorded elsewhere: so many successes of so many samples.
public struct ImportedOutcome: Sendable, Hashable {
    /// The grader under whose name imported grades stand.
    public static let grader = "recorded"
    /// The version under which they stand.
    public static let graderVersion = 1

    /// Who answered.
    public var worker: LedgerWorker
    public var task: LedgerTask
    /// What the task asks. Tasks that ask the same share their calls; the grades tell them apart.
    public var request: ChatRequest
    /// Between 0 and `samples`; fractional where the source grades so.
    public var successes: Double
    public var samples: Int

    /// `task` is the task's id there, `digest` says which: tasks that ask the same have different ones.
    public init(worker: LedgerWorker, task: String, digest: String, request: ChatRequest, successes: Double, samples: Int) {
        precondition(samples >= 1 && successes >= 0 && successes <= Double(samples), "\(successes) successes of \(samples)")
        self.worker = worker
        self.task = LedgerTask(id: task, digest: digest, request: request.digest)
        self.request = request
        self.successes = successes
        self.samples = samples
    }

    /// One value a sample: ones, then zeros, where successes are whole; else the mean for each.
    var values: [Double] {
        guard successes == successes.rounded() else {
            return Array(repeating: successes / Double(samples), count: samples)
        }
        return (0..<samples).map { Double($0) < successes ? 1 : 0 }
    }
}

extension Book {
    /// The number of samples that are new.
    func importOutcomes(_ outcomes: [ImportedOutcome], at place: String) throws -> Int {
        var workers: [LedgerWorker: Int64] = [:], requests: [String: Int64] = [:], tasks: Set<LedgerTask> = []
        var added = 0
        for outcome in outcomes {
            if workers[outcome.worker] == nil {
                try register([outcome.worker], [], [])
                workers[outcome.worker] = try worker(outcome.worker.fingerprint)
            }
            if tasks.insert(outcome.task).inserted {
                try register([], [outcome.request], [outcome.task])
                requests[outcome.task.request] = try request(outcome.task.request)
            }
            guard let worker = workers[outcome.worker], let request = requests[outcome.task.request] else { continue }
            added += try importOutcome(outcome, worker: worker, request: request, at: place)
        }
        return added
    }

    private func importOutcome(_ outcome: ImportedOutcome, worker: Int64, request: Int64, at place: String) throws -> Int {
        let values = outcome.values, found = try importedValues(outcome, worker: worker, request: request)
        guard found.isEmpty else {
            guard found == values else {
                throw InputError(
                    place,
                    "has another outcome of worker \"\(outcome.worker.name)\" on task \"\(outcome.task.id)\"; import into another run"
                )
            }
            return 0
        }
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO calls (worker, request, repeat, state, source, ending)
                VALUES (?, ?, ?, 'done', 'imported', 'complete') ON CONFLICT DO NOTHING
                """)
        let find = try db.cachedStatement(
            sql: "SELECT id FROM calls WHERE worker = ? AND request = ? AND repeat = ? AND source = 'imported'")
        for (index, value) in values.enumerated() {
            try insert.execute(arguments: [worker, request, index])
            guard let call = try Int64.fetchOne(find, arguments: [worker, request, index]) else {
                throw InputError(place, "worker \"\(outcome.worker.name)\" was asked task \"\(outcome.task.id)\" itself")
            }
            let key = Grade.Key(
                call: call, task: outcome.task.digest, grader: ImportedOutcome.grader,
                version: ImportedOutcome.graderVersion)
            try record([Grade(key, status: "graded", value: value, reason: "recorded elsewhere")])
        }
        return values.count
    }

    /// What the samples were worth that are there already, in their order.
    private func importedValues(_ outcome: ImportedOutcome, worker: Int64, request: Int64) throws -> [Double] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT grades.value FROM calls JOIN grades ON grades.call = calls.id
                WHERE calls.worker = ? AND calls.request = ? AND grades.task = ? AND grades.grader = ? AND grades.version = ?
                ORDER BY calls.repeat
                """)
        return try Double.fetchAll(
            statement,
            arguments: [worker, request, outcome.task.digest, ImportedOutcome.grader, ImportedOutcome.graderVersion])
    }
}
