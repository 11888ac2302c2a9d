public import Chat
import Files
public import Foundation
import GRDB

/// Every reply, grade and cent of a run, once: one SQLite file that one process writes and any may read. A class because
/// it owns the connections.
///
/// Who writes holds the folder's ``Files/FolderLock``. All of it may be called from any task.
public final class RunLedger: Sendable {
    /// The same file, read beside the writer.
    public let reader: LedgerReader
    private let writer: GroupCommit

    /// Opens the ledger at `url` for writing, and makes it where there is none. Calls that a process left under way when it
    /// died are ready again; what they may have cost is unsettled from now on. `nil` is no budget.
    ///
    /// Throws ``Files/InputError`` where the file is no ledger, is damaged, is of a later format or can't be written;
    /// ``Files/JobError`` where the disk is full.
    public init(opening url: URL, budget: Money? = nil) throws {
        if !FileManager.default.fileExists(atPath: url.path) { try Format.create(at: url) }
        try Format.checkKind(of: url)
        guard access(url.path, W_OK) == 0, access(url.deletingLastPathComponent().path, W_OK) == 0 else {
            throw InputError(url.path, "cannot be written; see to its permissions, and its folder's")
        }
        let (queue, spending) = try Format.translating(url) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(10)
            configuration.label = "ledger"
            let queue = try DatabaseQueue(path: url.path, configuration: configuration)
            let spending = try queue.writeWithoutTransaction { db in try Self.prepare(db, at: url) }
            return (queue, spending)
        }
        writer = GroupCommit(queue, at: url, spending: spending, budget: budget)
        reader = try LedgerReader(reading: url)
    }

    /// Checks the file, and puts right what a dead process left.
    private static func prepare(_ db: Database, at url: URL) throws -> Spending {
        try Format.checkMarks(of: db, at: url)
        // A commit is durable when it returns.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
            throw InputError(url.path, "cannot be written beside readers; see that its folder is on a local disk")
        }
        var book = Book(db: db, budget: nil, spending: try Spending.sum(in: db))
        try db.beginTransaction(.immediate)
        do {
            if try book.recoverLeases() { try Durable.effect { try db.commit() } } else { try db.commit() }
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            throw error
        }
        return book.spending
    }

    /// What was spent, is reserved and is unsettled, as of the last commit.
    public var spending: Spending { writer.spending }

    public var budget: Money? { writer.budget }

    /// How many transactions this process has committed.
    public var commits: Int { writer.commits }

    /// Makes workers, requests and tasks known: claims name them by their digests. Known ones stay as they are, but for the
    /// worker's name. A task's request must be among `requests` or known.
    public func register(workers: [LedgerWorker], requests: [ChatRequest], tasks: [LedgerTask] = []) async throws {
        try await writer.perform { try $0.register(workers, requests, tasks) }
    }

    /// Leases calls, in the order of `claims`; a reservation counts against the budget for all that follow. Durable when it
    /// returns. Worker and request must be registered.
    public func claim(_ claims: [Claim]) async throws -> [ClaimResult] {
        try await writer.perform { book in try claims.map { try book.claim($0) } }
    }

    /// Keeps what came of a lease, with its money. Durable when it returns; `false` where a later attempt, or another
    /// process, has the call: then nothing was written.
    public func settle(_ lease: Lease, _ outcome: CallOutcome) async throws -> Bool {
        try await writer.perform { try $0.settle(lease, outcome) }
    }

    /// Keeps grades; one under the same key is replaced.
    ///
    /// Throws ``Files/JobError`` where a call isn't in the ledger.
    public func record(_ grades: [Grade]) async throws {
        try await writer.perform { try $0.record(grades) }
    }

    /// Counts what no row tells.
    public func add(_ counts: [LedgerCounter: Int]) async throws {
        try await writer.perform { book in for (counter, count) in counts { try book.add(count, to: counter) } }
    }

    /// Keeps outcomes that were recorded elsewhere: each becomes calls of source `imported`, without reply or cost, graded by
    /// ``ImportedOutcome/grader``. All or nothing; outcomes that are there already add nothing. Returns the number of new
    /// samples.
    ///
    /// Throws ``Files/InputError`` where an outcome contradicts one that is there.
    public func importOutcomes(_ outcomes: [ImportedOutcome]) async throws -> Int {
        let place = writer.url.path
        return try await writer.perform { try $0.importOutcomes(outcomes, at: place) }
    }

    /// Ends after everything that was asked for, and leaves one file.
    public func close() async {
        await reader.close()
        await writer.close()
    }

    /// What `body` gives; the ledger is closed in any case.
    public func closed<Value: Sendable>(after body: () async throws -> Value) async throws -> Value {
        try await closing(by: close, after: body)
    }
}

extension RunLedger {
    /// ``LedgerReader/calls(of:asking:)``
    public func calls(of workers: [String]? = nil, asking requests: [String]? = nil) async throws -> [CallKey: CallRecord] {
        try await reader.calls(of: workers, asking: requests)
    }

    /// ``LedgerReader/grades(of:asking:)``
    public func grades(of workers: [String]? = nil, asking requests: [String]? = nil) async throws -> [Grade.Key: Grade] {
        try await reader.grades(of: workers, asking: requests)
    }

    /// ``LedgerReader/reply(of:)``
    public func reply(of call: Int64) async throws -> [UInt8]? { try await reader.reply(of: call) }
}
