public import Chat
import Files
import Foundation
public import Ledger
import Synchronization
public import Tasks

/// Asks, keeps and grades the cells of a plan: each call is claimed with its money before it is made, its reply is on disk
/// before it is graded, and what is on disk already is not asked again. A class because its counts are shared by the calls
/// in flight.
public final class Labeller: Sendable {
    let plan: LabelPlan
    let ledger: RunLedger
    let callers: [any Worker]
    let graders: [any Grader]
    let retries: RetryPolicy
    let shouldStop: @Sendable () -> Bool
    let progress: @Sendable (LabelProgress) -> Void
    let note: @Sendable (String) -> Void
    let counts: Mutex<LabelCounts>

    /// `callers` stand in the order of the plan's workers, `graders` in that of its tasks. `shouldStop` is asked before each
    /// call: what is in flight then is waited for.
    public init(
        plan: LabelPlan, ledger: RunLedger, callers: [any Worker], graders: [any Grader], retries: RetryPolicy = RetryPolicy(),
        shouldStop: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (LabelProgress) -> Void = { _ in }, note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        precondition(callers.count == plan.workers.count && graders.count == plan.tasks.count)
        self.plan = plan
        self.ledger = ledger
        self.callers = callers
        self.graders = graders
        self.retries = retries
        self.shouldStop = shouldStop
        self.progress = progress
        self.note = note
        counts = Mutex(LabelCounts())
    }

    /// What a command's worth of labelling came to.
    public struct Report: Sendable {
        public enum End: Sendable, Equatable { case finished, stopped, budget }

        public var end: End
        /// Calls made now, cells whose calls were found in the ledger, cells whose calls failed now.
        public var called: Int, reused: Int, failed: Int
        /// Cells that are still to be asked.
        public var remaining: Int
        /// Workers that were left out after failing again and again.
        public var down: Set<String>
        public var lastFailure: String?
        public var spending: Spending

        /// One line for people.
        public var line: String {
            "\(called) calls made, \(reused) cells found in the ledger, \(failed) failed, \(spending.spent) spent"
        }
    }

    /// Brings the labels of `cells` into the ledger.
    ///
    /// Throws ``Files/JobError`` where the ledger can't be written, and what a grader that can't work throws.
    public func run(_ cells: [LabelPlan.Cell]) async throws -> Report {
        try await register()
        var work = try await Worklist(cells, plan: plan, ledger: ledger)
        let reused = work.finished + work.toGrade.count, finished = work.finished, spent = ledger.spending.spent
        counts.withLock { $0 = LabelCounts(total: cells.count, done: finished, spent: spent, started: .now) }
        try await perform(work)
        // Tasks that ask the same share a call: those that met it under way find it now.
        while case let waiting = counts.withLock({ $0.takeWaiting() }), !waiting.isEmpty, !shouldEnd {
            work = try await Worklist(waiting, plan: plan, ledger: ledger)
            let finished = work.finished
            counts.withLock { $0.done += finished }
            try await perform(work)
        }
        let spending = ledger.spending
        return counts.withLock { counts in
            let end: Report.End = counts.isOverBudget ? .budget : counts.wasStopped ? .stopped : .finished
            return Report(
                end: end, called: counts.called, reused: reused, failed: counts.failed,
                remaining: cells.count - counts.done - counts.failed, down: counts.down, lastFailure: counts.lastFailure,
                spending: spending)
        }
    }

    private func register() async throws {
        let tasks = zip(plan.tasks, zip(plan.gradingDigests, plan.requestDigests)).map {
            LedgerTask(id: $0.id, digest: $1.0, request: $1.1)
        }
        try await ledger.register(
            workers: plan.workers.map(LedgerWorker.init(_:)), requests: plan.tasks.map(\.request), tasks: tasks)
    }

    private func perform(_ work: Worklist) async throws {
        // A provider that is slow, or down, must not hold up the others: each has its own queue.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.gradeAll(work.toGrade) }
            for queue in work.queues { group.addTask { try await self.drain(queue) } }
            try await group.waitForAll()
        }
    }

    /// Replies that were kept by an earlier command, killed before it graded them.
    private func gradeAll(_ kept: [Worklist.Kept]) async throws {
        try await forEach(kept, width: 16) { kept in try await self.gradeKept(kept.cell, call: kept.call) }
    }

    private func drain(_ queue: Worklist.Queue) async throws {
        try await forEach(queue.cells, width: 256) { cell in try await self.label(cell, limiter: queue.limiter) }
    }

    /// At most `width` of `items` at a time, begun in their order, until one of them throws.
    private func forEach<Item: Sendable>(
        _ items: [Item], width: Int, _ body: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() {
                if index >= width { try await group.next() }
                if shouldEnd { break }
                group.addTask { try await body(item) }
            }
            try await group.waitForAll()
        }
    }

    var shouldEnd: Bool {
        let asked = shouldStop()
        return counts.withLock { counts in
            if asked { counts.wasStopped = true }
            return asked || counts.isOverBudget
        }
    }

    /// Counts a cell that has come to its end, and says how far all are.
    func finished(failure: CallFailure?) {
        let spent = ledger.spending.spent
        let snapshot = counts.withLock { counts in
            if let failure {
                counts.failed += 1
                counts.lastFailure = failure.message
            } else {
                counts.done += 1
            }
            counts.spent = spent
            return counts.progress
        }
        progress(snapshot)
    }
}
