public import Chat
import Files
import Foundation
import GRDB

/// How a worker did on a task, as it was recorded elsewhere: so many successes of so many samples.
public struct ImportedOutcome: Sendable, Hashable {
    /// The grader under whose name imported grades stand.
    public static let grader = "recorded"

    /// The worker's name there.
    public var worker: String
    public var task: LedgerTask
    /// What the task asks. Tasks that ask the same need requests that differ, say in a field of metadata.
    public var request: ChatRequest
    /// Between 0 and `samples`; fractional where the source grades so.
    public var successes: Double
    public var samples: Int

    /// `task` is the task's id there, `digest` that of its grading identity.
    public init(worker: String, task: String, digest: String, request: ChatRequest, successes: Double, samples: Int) {
        precondition(samples >= 1 && successes >= 0 && successes <= Double(samples), "\(successes) successes of \(samples)")
        self.worker = worker
        self.task = LedgerTask(id: task, digest: digest, request: request.digest)
        self.request = request
        self.successes = successes
        self.samples = samples
    }

    /// Who is meant by a name without provider or model.
    public static func worker(named name: String) -> LedgerWorker {
        let identity = JSON.object(["imported": .string(name)]).canonicalBytes
        return LedgerWorker(
            fingerprint: SHA256.hex(of: identity), name: name, identity: String(decoding: identity, as: UTF8.self))
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
    /// The number of calls that are new.
    func importOutcomes(_ outcomes: [ImportedOutcome], at place: String) throws -> Int {
        var known: [String: Int64] = [:]
        for name in Set(outcomes.map(\.worker)).sorted() {
            let worker = ImportedOutcome.worker(named: name)
            try register([worker], [], [])
            known[name] = try self.worker(worker.fingerprint)
        }
        var added = 0
        for outcome in outcomes {
            guard let worker = known[outcome.worker] else { continue }
            try register([], [outcome.request], [outcome.task])
            added += try importOutcome(outcome, worker: worker, request: try request(outcome.task.request), at: place)
        }
        return added
    }

    private func importOutcome(_ outcome: ImportedOutcome, worker: Int64, request: Int64, at place: String) throws -> Int {
        let there = try db.cachedStatement(
            sql: """
                SELECT grades.value FROM calls LEFT JOIN grades
                ON grades.call = calls.id AND grades.task = ? AND grades.grader = ? AND grades.version = 1
                WHERE worker = ? AND request = ? ORDER BY repeat
                """)
        let values = outcome.values
        let found = try Row.fetchAll(there, arguments: [outcome.task.digest, ImportedOutcome.grader, worker, request])
        guard found.isEmpty else {
            guard found.map({ $0[0] as Double? }) == values else {
                throw InputError(
                    place,
                    "has another outcome of worker \"\(outcome.worker)\" on task \"\(outcome.task.id)\" or on one that asks the same; import into another run"
                )
            }
            return 0
        }
        for (index, value) in values.enumerated() {
            try db.cachedStatement(
                sql: """
                    INSERT INTO calls (worker, request, repeat, state, source, ending)
                    VALUES (?, ?, ?, 'done', 'imported', 'complete')
                    """
            ).execute(arguments: [worker, request, index])
            let key = Grade.Key(
                call: db.lastInsertedRowID, task: outcome.task.digest, grader: ImportedOutcome.grader, version: 1)
            try record([Grade(key, status: "graded", value: value, reason: "recorded elsewhere")])
        }
        return values.count
    }
}
