import Chat
import Files
public import Foundation
import GRDB

/// A ledger to be read, also while another process writes it. A class because it owns a connection.
public final class LedgerReader: Sendable {
    private let url: URL
    private let queue: DatabaseQueue

    /// Opens the ledger at `url`. A finished one may lie on a medium that can't be written.
    ///
    /// Throws ``Files/InputError`` where there is none, or it is damaged, of a later format, or no ledger.
    public init(reading url: URL) throws {
        try Format.checkKind(of: url)
        self.url = url
        queue = try Format.translating(url) {
            let queue = try Self.open(url)
            try queue.read { try Format.checkMarks(of: $0, at: url) }
            return queue
        }
    }

    /// What `body` makes of the ledger at `url`, which is let go of in any case.
    public static func read<Value: Sendable>(
        _ url: URL, _ body: (LedgerReader) async throws -> Value
    ) async throws -> Value {
        let reader = try LedgerReader(reading: url)
        return try await closing(by: reader.close) { try await body(reader) }
    }

    /// Readers of a WAL database take part in its shared memory, a file beside it. Where that cannot be made, a ledger that
    /// was closed is read as a file that doesn't change.
    private static func open(_ url: URL) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.label = "ledger, reading"
        let folder = url.deletingLastPathComponent().path
        if access(url.path, W_OK) == 0, access(folder, W_OK) == 0 {
            // Not `readonly`: who only reads cannot tidy up on closing, and would leave two files beside the ledger.
            return try DatabaseQueue(path: url.path, configuration: configuration)
        }
        configuration.readonly = true
        if access(url.path + "-wal", F_OK) == 0 { return try DatabaseQueue(path: url.path, configuration: configuration) }
        let allowed = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "?#%"))
        let path = url.path.addingPercentEncoding(withAllowedCharacters: allowed) ?? url.path
        return try DatabaseQueue(path: "file:\(path)?immutable=1", configuration: configuration)
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await queue.read(body) } catch let error as DatabaseError { throw error.oneLine(at: url) }
    }

    /// All calls of the workers with these fingerprints on the requests with these digests, of all where `nil`; without
    /// replies.
    public func calls(of workers: [String]? = nil, asking requests: [String]? = nil) async throws -> [CallKey: CallRecord] {
        try await read { db in
            // Each digest is held once, however many calls have it.
            let digests = try Self.requests(db, among: requests)
            var calls: [CallKey: CallRecord] = [:]
            for (worker, fingerprint) in try Self.workers(db, among: workers) {
                try Self.rows(db, CallRecord.selection, of: worker, asking: requests.map { _ in digests }).forEach { row in
                    let key = CallKey(worker: fingerprint, request: digests[row[2]] ?? "", repeatIndex: row[3])
                    calls[key] = try CallRecord(row, of: key)
                }
            }
            return calls
        }
    }

    /// All grades of these workers' calls on these requests, of all where `nil`.
    public func grades(of workers: [String]? = nil, asking requests: [String]? = nil) async throws -> [Grade.Key: Grade] {
        let selection = """
            SELECT call, task, grader, version, status, value, reason FROM calls JOIN grades ON grades.call = calls.id
            """
        return try await read { db in
            let asked = try requests.map { try Self.requests(db, among: $0) }
            var grades: [Grade.Key: Grade] = [:], tasks: [String: String] = [:]
            for (worker, _) in try Self.workers(db, among: workers) {
                try Self.rows(db, selection, of: worker, asking: asked).forEach { row in
                    let digest: String = row[1], task = tasks[digest] ?? digest
                    tasks[task] = task
                    let key = Grade.Key(call: row[0], task: task, grader: row[2], version: row[3])
                    grades[key] = Grade(key, status: row[4], value: row[5], reason: row[6])
                }
            }
            return grades
        }
    }

    /// The rows of `selection` for the calls of a worker: all, or those on `requests`.
    private static func rows(
        _ db: Database, _ selection: String, of worker: Int64, asking requests: [Int64: String]?
    ) throws -> RowCursor {
        guard let requests else { return try Row.fetchCursor(db, sql: selection + " WHERE worker = ?", arguments: [worker]) }
        return try Row.fetchCursor(
            db, sql: selection + " WHERE worker = ? AND request IN (SELECT value FROM json_each(?))",
            arguments: [worker, JSON.array(requests.keys.map { JSON(Int($0)) }).text])
    }

    private static func requests(_ db: Database, among digests: [String]?) throws -> [Int64: String] {
        let query = "SELECT id, digest FROM requests"
        guard let digests else { return try texts(db, query) }
        let list = JSON.array(digests.map { .string($0) }).text
        return try texts(db, query + " WHERE digest IN (SELECT value FROM json_each(?))", [list])
    }

    private static func workers(_ db: Database, among fingerprints: [String]?) throws -> [Int64: String] {
        let wanted = fingerprints.map(Set.init)
        return try texts(db, "SELECT id, fingerprint FROM workers").filter { wanted?.contains($0.value) ?? true }
    }

    private static func texts(_ db: Database, _ query: String, _ arguments: StatementArguments = []) throws -> [Int64: String] {
        var texts: [Int64: String] = [:]
        try Row.fetchCursor(db, sql: query, arguments: arguments).forEach { texts[$0[0]] = $0[1] }
        return texts
    }

    /// The raw JSON of a call's reply; `nil` where there is none.
    public func reply(of call: Int64) async throws -> [UInt8]? {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT json FROM replies WHERE call = ?")
            return try Data.fetchOne(statement, arguments: [call]).map { Array($0) }
        }
    }

    /// All workers that were registered, by name.
    public func workers() async throws -> [LedgerWorker] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT fingerprint, name, identity FROM workers ORDER BY name, fingerprint").map {
                LedgerWorker(fingerprint: $0[0], name: $0[1], identity: $0[2])
            }
        }
    }

    /// All tasks that were registered, by id.
    public func tasks() async throws -> [LedgerTask] {
        let selection = """
            SELECT tasks.name, tasks.digest, requests.digest FROM tasks JOIN requests ON requests.id = tasks.request
            ORDER BY tasks.name, tasks.digest, requests.digest
            """
        return try await read { db in
            try Row.fetchAll(db, sql: selection).map { LedgerTask(id: $0[0], digest: $0[1], request: $0[2]) }
        }
    }

    /// Where the money is, as of the last commit of whoever writes.
    public func spending() async throws -> Spending { try await read { try Spending.sum(in: $0) } }

    /// How many calls of a source there are in each state.
    public func callCounts(_ source: CallRecord.Source) async throws -> [CallRecord.State: Int] {
        try await read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT state, count(*) FROM calls WHERE source = ? GROUP BY state", arguments: [source.rawValue])
            return Dictionary(uniqueKeysWithValues: try rows.map { (try CallRecord.state($0[0]), $0[1] as Int) })
        }
    }

    /// What was counted; 0 where nothing was.
    public func count(of counter: LedgerCounter) async throws -> Int {
        try await read {
            try Int.fetchOne($0, sql: "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?", arguments: [counter.rawValue])
                ?? 0
        }
    }

    /// Lets go of the file.
    public func close() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [queue] in
                try? queue.close()
                continuation.resume()
            }
        }
    }
}

extension Spending {
    /// The sums over all calls. In two halves, because SQLite's sum of 64-bit numbers is an error where it overflows, and
    /// ours stops at the largest amount.
    static func sum(in db: Database) throws -> Spending {
        func halves(_ column: String) -> String {
            "coalesce(sum(\(column) >> 31), 0), coalesce(sum(\(column) & 0x7fffffff), 0)"
        }
        let columns = ["cost", "reservation", "unsettled"].map(halves).joined(separator: ", ")
        var sums = Spending()
        guard let row = try Row.fetchOne(db, sql: "SELECT \(columns), coalesce(sum(attempt), 0) FROM calls") else {
            return sums
        }
        func money(_ index: Int) -> Money {
            let (high, overflow) = (row[index] as Int64).multipliedReportingOverflow(by: 1 << 31)
            return Money(nanos: overflow ? .max : high) + Money(nanos: row[index + 1])
        }
        (sums.spent, sums.reserved, sums.unsettled, sums.attempts) = (money(0), money(2), money(4), row[6])
        return sums
    }
}
