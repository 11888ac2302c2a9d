import Chat
import Foundation
import GRDB

/// The ledger within one transaction: rows, and the sums of money that go with them. Lives on the writer's queue only.
struct Book {
    let db: Database
    let budget: Money?
    /// As it will be once this transaction is committed.
    var spending: Spending

    // MARK: Who and what

    func register(_ workers: [LedgerWorker], _ requests: [ChatRequest], _ tasks: [LedgerTask]) throws {
        let worker = try db.cachedStatement(
            sql: """
                INSERT INTO workers (fingerprint, name, identity) VALUES (?, ?, ?)
                ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name WHERE name <> excluded.name
                """)
        for entry in workers { try worker.execute(arguments: [entry.fingerprint, entry.name, entry.identity]) }
        let request = try db.cachedStatement(sql: "INSERT INTO requests (digest, json) VALUES (?, ?) ON CONFLICT DO NOTHING")
        for entry in requests {
            let json = String(decoding: entry.unaddressed.canonicalBytes, as: UTF8.self)
            try request.execute(arguments: [entry.digest, json])
        }
        let task = try db.cachedStatement(
            sql: "INSERT INTO tasks (request, digest, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        for entry in tasks {
            try task.execute(arguments: [try self.request(entry.request), entry.digest, entry.id])
        }
    }

    func worker(_ fingerprint: String) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT id FROM workers WHERE fingerprint = ?")
        guard let id = try Int64.fetchOne(statement, arguments: [fingerprint]) else {
            preconditionFailure("worker \(fingerprint) was not registered")
        }
        return id
    }

    func request(_ digest: String) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT id FROM requests WHERE digest = ?")
        guard let id = try Int64.fetchOne(statement, arguments: [digest]) else {
            preconditionFailure("request \(digest) was not registered")
        }
        return id
    }

    // MARK: Calls

    mutating func claim(_ claim: Claim) throws -> ClaimResult {
        let worker = try worker(claim.key.worker), request = try request(claim.key.request)
        let found = try db.cachedStatement(
            sql: "SELECT id, state, attempt FROM calls WHERE worker = ? AND request = ? AND repeat = ?")
        let row = try Row.fetchOne(found, arguments: [worker, request, claim.key.repeatIndex])
        let state = try row.map { try CallRecord.state($0["state"]) }
        switch state {
        case .leased: return .underWay
        case .done: return .done(try record(of: claim.key, row?["id"] ?? 0))
        case .failed where !claim.retriesFailed: return .done(try record(of: claim.key, row?["id"] ?? 0))
        case .failed, .ready, nil: break
        }
        guard spending.leavesRoom(for: claim.reservation, in: budget) else { return .overBudget }
        let call: Int64, attempt: Int
        if let row {
            (call, attempt) = (row["id"], row["attempt"] + 1)
            try db.cachedStatement(
                sql: "UPDATE calls SET state = 'leased', attempt = ?, reservation = ?, asked_at = ? WHERE id = ?"
            ).execute(arguments: [attempt, claim.reservation.nanos, now, call])
        } else {
            try db.cachedStatement(
                sql: """
                    INSERT INTO calls (worker, request, repeat, state, attempt, reservation, asked_at)
                    VALUES (?, ?, ?, 'leased', 1, ?, ?)
                    """
            ).execute(arguments: [worker, request, claim.key.repeatIndex, claim.reservation.nanos, now])
            (call, attempt) = (db.lastInsertedRowID, 1)
        }
        spending.reserved += claim.reservation
        spending.attempts += 1
        return .leased(Lease(call: call, attempt: attempt, reservation: claim.reservation))
    }

    /// `false` where the lease is no longer the last one: then nothing is written.
    mutating func settle(_ lease: Lease, _ outcome: CallOutcome) throws -> Bool {
        let found = try db.cachedStatement(
            sql: "SELECT state, attempt, reservation, unsettled FROM calls WHERE id = ?")
        guard let row = try Row.fetchOne(found, arguments: [lease.call]), row["state"] == CallRecord.State.leased.rawValue,
            row["attempt"] == lease.attempt
        else { return false }
        spending.reserved = spending.reserved - Money(nanos: row["reservation"])
        switch outcome {
        case .replied(let reply, let usage, let cost, let latency, let revision, let ending):
            precondition(cost >= .zero, "a cost is not negative, got \(cost)")
            spending.spent += cost
            try db.cachedStatement(
                sql: """
                    UPDATE calls SET state = 'done', reservation = 0, cost = ?, ending = ?, prompt_tokens = ?, cached_tokens = ?,
                    completion_tokens = ?, tokens_estimated = ?, latency_us = ?, revision = ?, failure_kind = NULL,
                    failure = NULL, settled_at = ? WHERE id = ?
                    """
            ).execute(arguments: [
                cost.nanos, ending.rawValue, usage.promptTokens, usage.cachedTokens, usage.completionTokens,
                usage.isEstimated, latency.microseconds, revision, now, lease.call,
            ])
            try db.cachedStatement(sql: "INSERT INTO replies (call, json) VALUES (?, ?)").execute(
                arguments: [lease.call, Data(reply)])
        case .failed(let kind, let message, let isFinal, let cost):
            precondition(cost >= .zero, "a cost is not negative, got \(cost)")
            let unsettled = Money(nanos: row["unsettled"]) + cost
            spending.unsettled += cost
            try db.cachedStatement(
                sql: """
                    UPDATE calls SET state = ?, reservation = 0, unsettled = ?, failure_kind = ?, failure = ?, settled_at = ?
                    WHERE id = ?
                    """
            ).execute(arguments: [
                (isFinal ? CallRecord.State.failed : .ready).rawValue, unsettled.nanos, kind, message, now, lease.call,
            ])
        }
        return true
    }

    private func record(of key: CallKey, _ call: Int64) throws -> CallRecord {
        let statement = try db.cachedStatement(sql: CallRecord.selection + " WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [call]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a call that is only in the index")
        }
        return try CallRecord(row, of: key)
    }

    /// Makes the calls ready again that a process left under way when it died. Whether those were paid nobody knows.
    ///
    /// `true` where there were any.
    mutating func recoverLeases() throws -> Bool {
        let left = try Row.fetchAll(db, sql: "SELECT id, reservation, unsettled FROM calls WHERE state = 'leased'")
        for row in left {
            let reservation = Money(nanos: row["reservation"]), unsettled = Money(nanos: row["unsettled"]) + reservation
            try db.cachedStatement(sql: "UPDATE calls SET state = 'ready', reservation = 0, unsettled = ? WHERE id = ?")
                .execute(arguments: [unsettled.nanos, row["id"] as Int64])
            spending.reserved = spending.reserved - reservation
            spending.unsettled += reservation
        }
        return !left.isEmpty
    }

    // MARK: Counts

    func add(_ count: Int, to counter: LedgerCounter) throws {
        try db.cachedStatement(
            sql: "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + excluded.value"
        ).execute(arguments: [counter.rawValue, String(count)])
    }

    // MARK: Grades

    func record(_ grades: [Grade]) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO grades (call, task, grader, version, status, value, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET status = excluded.status, value = excluded.value, reason = excluded.reason
                """)
        for grade in grades {
            try statement.execute(arguments: [
                grade.key.call, grade.key.task, grade.key.grader, grade.key.version, grade.status, grade.value, grade.reason,
            ])
        }
    }

    /// For people; no label depends on it. Milliseconds since 1970.
    private var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

extension Duration {
    /// Whole microseconds.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
