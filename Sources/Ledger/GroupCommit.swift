import Chat
import Files
import Foundation
import GRDB
import Synchronization

/// The one writer of a ledger: whatever waits becomes one transaction with one flush, and only then does anybody go on. A
/// class because all who write share it.
///
/// While one transaction is being flushed the next one gathers, so no timer is needed: an operation is durable one or two
/// flushes after it was asked for. The work is done on the database's own queue, never on Swift's cooperative threads.
final class GroupCommit: Sendable {
    private struct State {
        var waiting: [any Operation] = []
        var isWriting = false
        var isClosed = false
        var commits = 0
        var spending: Spending
    }

    let url: URL
    let budget: Money?
    private let queue: DatabaseQueue
    private let state: Mutex<State>

    init(_ queue: DatabaseQueue, at url: URL, spending: Spending, budget: Money?) {
        self.url = url
        self.budget = budget
        self.queue = queue
        state = Mutex(State(spending: spending))
    }

    /// As of the last commit.
    var spending: Spending { state.withLock { $0.spending } }

    /// How many transactions were committed.
    var commits: Int { state.withLock { $0.commits } }

    /// Does `body` within the next transaction. When this returns, what it wrote is durable.
    ///
    /// Throws what `body` throws, which undoes what this operation wrote and no other's, and ``JobError`` where the
    /// transaction could not be brought to disk.
    func perform<Value: Sendable>(_ body: @escaping @Sendable (inout Book) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let operation = PendingOperation(body, continuation)
            let (isClosed, mustStart) = state.withLock { state in
                guard !state.isClosed else { return (true, false) }
                state.waiting.append(operation)
                defer { state.isWriting = true }
                return (false, !state.isWriting)
            }
            if isClosed { return operation.end(with: JobError(url.path, "the ledger is closed; give the same command again")) }
            if mustStart { queue.asyncWriteWithoutTransaction { self.writeAll($0) } }
        }
    }

    /// Ends after everything that waits; later operations are refused.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            // Closing flushes, and waits for the queue.
            DispatchQueue.global().async {
                try? self.queue.close()
                continuation.resume()
            }
        }
    }

    private func writeAll(_ db: Database) {
        while true {
            let batch = state.withLock { state in
                let batch = state.waiting
                state.waiting = []
                state.isWriting = !batch.isEmpty
                return batch
            }
            guard !batch.isEmpty else { return }
            write(batch, to: db)
        }
    }

    private func write(_ batch: [any Operation], to db: Database) {
        do {
            var book = Book(db: db, budget: budget, spending: spending)
            try db.beginTransaction(.immediate)
            for operation in batch { try operation.run(in: &book) }
            try Durable.effect { try db.commit() }
            state.withLock { state in
                state.spending = book.spending
                state.commits += 1
            }
            for operation in batch { operation.end(with: nil) }
        } catch {
            if db.isInsideTransaction { try? db.rollback() }
            // A disk fails all alike; any other error is one operation's, and the others must not suffer from it.
            let isOfOne = (error as? DatabaseError).map { $0.resultCode == .SQLITE_CONSTRAINT } ?? true
            if batch.count > 1, isOfOne {
                for operation in batch { write([operation], to: db) }
            } else {
                let reason = (error as? DatabaseError)?.oneLine(at: url) ?? error
                for operation in batch { operation.end(with: reason) }
            }
        }
    }
}

/// What waits for the writer: operations of any result.
private protocol Operation: Sendable {
    func run(in book: inout Book) throws
    /// Lets the one who waits go on: with the result, or with `error`.
    func end(with error: (any Error)?)
}

/// One operation and who waits for it. A class because its result stands between running and committing.
private final class PendingOperation<Value: Sendable>: Operation {
    private let body: @Sendable (inout Book) throws -> Value
    private let continuation: CheckedContinuation<Value, any Error>
    private let value = Mutex<Value?>(nil)

    init(_ body: @escaping @Sendable (inout Book) throws -> Value, _ continuation: CheckedContinuation<Value, any Error>) {
        self.body = body
        self.continuation = continuation
    }

    func run(in book: inout Book) throws {
        let result = try body(&book)
        value.withLock { $0 = result }
    }

    func end(with error: (any Error)?) {
        if let error { return continuation.resume(throwing: error) }
        guard let result = value.withLock({ $0 }) else { preconditionFailure("an operation was committed that did not run") }
        continuation.resume(returning: result)
    }
}
