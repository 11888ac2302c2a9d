import Files
import Foundation
import GRDB

/// What makes a SQLite file a ledger: its marks, its tables, how it is opened.
enum Format {
    /// "BTNL".
    static let application: Int32 = 0x4254_4E4C
    /// Of the tables; a file of a later one is refused.
    static let version = 1

    static let schema = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('format', '\(version)'), ('money', 'nano-units of the pool''s currency');

        CREATE TABLE workers (
            id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL, identity TEXT NOT NULL
        ) STRICT;
        CREATE TABLE requests (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, json TEXT NOT NULL) STRICT;
        CREATE TABLE tasks (
            request INTEGER NOT NULL REFERENCES requests, digest TEXT NOT NULL, name TEXT NOT NULL,
            PRIMARY KEY (request, digest, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE calls (
            id INTEGER PRIMARY KEY,
            worker INTEGER NOT NULL REFERENCES workers, request INTEGER NOT NULL REFERENCES requests,
            repeat INTEGER NOT NULL CHECK (repeat >= 0),
            state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'failed')),
            source TEXT NOT NULL DEFAULT 'asked' CHECK (source IN ('asked', 'imported')),
            attempt INTEGER NOT NULL DEFAULT 0,
            reservation INTEGER NOT NULL DEFAULT 0 CHECK (reservation >= 0 AND (reservation = 0 OR state = 'leased')),
            cost INTEGER NOT NULL DEFAULT 0 CHECK (cost >= 0),
            unsettled INTEGER NOT NULL DEFAULT 0 CHECK (unsettled >= 0),
            ending TEXT CHECK (ending IS NULL OR state = 'done'),
            prompt_tokens INTEGER, cached_tokens INTEGER, completion_tokens INTEGER, tokens_estimated INTEGER,
            latency_us INTEGER, revision TEXT,
            failure_kind TEXT, failure TEXT,
            asked_at INTEGER, settled_at INTEGER,
            UNIQUE (worker, request, repeat)
        ) STRICT;
        CREATE INDEX calls_of_request ON calls (request);
        CREATE INDEX calls_under_way ON calls (id) WHERE state = 'leased';
        CREATE TABLE replies (call INTEGER PRIMARY KEY REFERENCES calls, json BLOB NOT NULL) STRICT;
        CREATE TABLE grades (
            call INTEGER NOT NULL REFERENCES calls, task TEXT NOT NULL, grader TEXT NOT NULL, version INTEGER NOT NULL,
            status TEXT NOT NULL, value REAL NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (call, task, grader, version)
        ) STRICT, WITHOUT ROWID;

        CREATE VIEW labels AS
            SELECT DISTINCT tasks.name AS task, workers.name AS worker, calls.repeat AS repeat, calls.state AS state, calls.ending AS ending,
                grades.status AS status, grades.value AS value, grades.grader AS grader, grades.version AS version,
                calls.attempt AS attempts, calls.cost / 1e9 AS cost, calls.latency_us / 1e6 AS seconds, calls.revision AS revision,
                requests.digest AS request, calls.id AS call
            FROM calls
            JOIN workers ON workers.id = calls.worker
            JOIN requests ON requests.id = calls.request
            LEFT JOIN grades ON grades.call = calls.id
            LEFT JOIN tasks ON tasks.request = calls.request AND (grades.task IS NULL OR grades.task = tasks.digest)
            ORDER BY task, request, worker, repeat;
        """

    /// Puts an empty ledger at `url`, whole or not at all.
    static func create(at url: URL) throws {
        // The log of a ledger that was removed would be played into the new one.
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: url.path + suffix) {
            try Durable.remove(URL(fileURLWithPath: url.path + suffix))
        }
        try Durable.replace(url) { place in
            try translating(url) {
                let queue = try DatabaseQueue(path: place.path)
                try queue.writeWithoutTransaction { db in
                    // Nobody needs this file before it is brought to disk and renamed.
                    try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA application_id = \(application);")
                    try db.execute(sql: "PRAGMA user_version = \(version);")
                    try db.inTransaction(.immediate) {
                        try db.execute(sql: schema)
                        return .commit
                    }
                    try db.execute(sql: "PRAGMA journal_mode = WAL")
                }
                try queue.close()
            }
        }
    }

    /// Refuses what is no regular file, or doesn't begin as SQLite's do: the library would take an empty file for an empty
    /// database, and report the others late.
    static func checkKind(of url: URL) throws {
        var status = stat()
        guard stat(url.path, &status) == 0 else { throw InputError(url.path, "no such file; there is no ledger yet") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw InputError(url.path, "is not a regular file, so not a ledger") }
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: url) } catch {
            throw InputError(url.path, "cannot be opened; is it readable?")
        }
        defer { try? handle.close() }
        guard let head = try? handle.read(upToCount: 18), head.starts(with: "SQLite format 3\0".utf8) else {
            throw InputError(url.path, "is not a ledger; give another file, or remove it to begin anew")
        }
        // SQLite rounds the size up to whole pages. Only a log may hold what a page that was cut is to be.
        let pageSize = head.count == 18 ? Int(head[16]) << 8 | Int(head[17]) : 0
        let isWhole = pageSize >= 512 && Int(status.st_size) % pageSize == 0
        guard isWhole || size(ofFile: url.path + "-wal") > 0 else {
            throw InputError(url.path, "is damaged (it was cut); put a copy back, or remove it to begin anew")
        }
    }

    private static func size(ofFile path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Refuses other programs' databases and later formats.
    static func checkMarks(of db: Database, at url: URL) throws {
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == application else {
            throw InputError(url.path, "is a database, but not a ledger; give another file, or remove it to begin anew")
        }
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw InputError(
                url.path, "is a ledger of format \(found), and this baton reads up to \(version); take a newer baton")
        }
        guard found == version, try db.tableExists("calls"), try db.tableExists("grades") else {
            throw InputError(url.path, "is a ledger of an unknown format \(found); put a copy back, or remove it to begin anew")
        }
    }

    /// Does `body`, and says in one line what SQLite found wrong with the file at `url`.
    static func translating<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as DatabaseError { throw error.oneLine(at: url) }
    }
}

extension DatabaseError {
    /// What a user can mend is an ``InputError``, what the machine must a ``JobError``. Without SQL and its arguments.
    func oneLine(at url: URL) -> any Error {
        let reason = message ?? "code \(extendedResultCode.rawValue)"
        return switch resultCode {
        case .SQLITE_NOTADB:
            InputError(url.path, "is not a ledger (\(reason)); give another file, or remove it to begin anew")
        case .SQLITE_CORRUPT:
            InputError(url.path, "is damaged (\(reason)); put a copy back, or remove it to begin anew")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            InputError(url.path, "cannot be written (\(reason)); see to its permissions, and its folder's")
        case .SQLITE_CONSTRAINT:
            JobError(url.path, "refuses a row that contradicts the others (\(reason))")
        default:
            JobError(url.path, "cannot be written (\(reason)); see that the disk has room, then give the same command again")
        }
    }
}
