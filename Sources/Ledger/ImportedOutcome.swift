public import Chat
import Files
import Foundation
import GRDB

/// How a worker did on a task, as it was recorded elsewhere: so many successes of so many samples.
public struct ImportedOutcome: Sendable, Hashable {
    /// The grader under whose name imported grades stand.
    public static let grader = "recorded"

    /// Who answered; ``worker(named:)`` where only a name was recorded.
    public var worker: LedgerWorker
    public var task: LedgerTask
    /// What the task asks. Tasks that ask the same need requests that differ, say in a field of metadata.
    public var request: ChatRequest
    /// Between 0 and `samples`; fractional where the source grades so.
    public var successes: Double
    public var samples: Int

    /// `task` is the task's id there, `digest` that of its grading identity.
    public init(worker: LedgerWorker, task: String, digest: String, request: ChatRequest, successes: Double, samples: Int) {
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
                    "has another outcome of worker \"\(outcome.worker.name)\" on task \"\(outcome.task.id)\" or on one that asks the same; import into another run"
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
