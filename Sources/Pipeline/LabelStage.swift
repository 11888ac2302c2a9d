import Chat
import Files
import Foundation
public import Labelling
import Ledger
import Tasks

/// Every worker on every task, into the ledger.
struct LabelStage {
    let run: Run

    /// What was asked, for people; `nil` where nothing is left to ask. Throws ``InputError`` over recorded outcomes.
    func perform() throws -> String? {
        let live = try settings()
        let tasks = try RunTasks(reading: live), plan = try run.plan(live, tasks: tasks)
        if run.directory.exists(run.directory.ledger) {
            let matrix = try run.matrix(plan, live)
            if matrix.unfinished.isEmpty { return nil }
        } else if plan.workers.allSatisfy(\.isRecorded) {
            throw InputError(
                run.directory.ledger.path, "no such file, and nobody of the pool can be asked; import its outcomes again")
        }
        let graders = try plan.graders()
        try run.access.check(live.pool)
        try run.prepareFolder()
        let ledger = try RunLedger(opening: run.directory.ledger, budget: live.budget)
        let monitor = run.monitor, access = run.access
        let report = try Blocking.wait {
            try await ledger.closed {
                let open = try await access.open(live.pool)
                return try await open.closed {
                    try await Labeller(
                        plan: plan, ledger: ledger, callers: open.callers, graders: graders,
                        shouldStop: { monitor.stopping() },
                        progress: { monitor.progress("label", $0.done, of: $0.total, detail: $0.line) },
                        note: { monitor.note("label: \($0)") }
                    ).run(plan.cells)
                }
            }
        }
        return try conclude(report)
    }

    private func conclude(_ report: Labeller.Report) throws -> String {
        switch report.end {
        case .stopped: throw Interrupted("after \(report.line)")
        case .budget:
            throw LimitReached(
                "label.budget", "reached with \(report.remaining) cells to ask; raise it, and the same command goes on")
        case .finished: break
        }
        guard report.failed == 0 else {
            let names = report.down.isEmpty ? "" : " (\(report.down.sorted().joined(separator: ", ")))"
            throw JobError(
                run.directory.ledger.path,
                "\(report.failed) calls failed\(names): \(report.lastFailure ?? ""); what was answered is kept, "
                    + "and the same command asks only for the rest")
        }
        return report.line
    }

    /// Grades all kept replies again. Throws ``InputError`` where nothing was asked yet.
    func regrade() throws -> Regrading.Report {
        let live = try settings(), tasks = try RunTasks(reading: live), plan = try run.plan(live, tasks: tasks)
        try run.directory.require(run.directory.ledger, from: .label)
        let graders = try plan.graders()
        try run.prepareFolder()
        let ledger = try RunLedger(opening: run.directory.ledger), monitor = run.monitor
        let report = try Blocking.wait {
            try await ledger.closed {
                try await Regrading(plan: plan, ledger: ledger, graders: graders).run(
                    shouldStop: { monitor.stopping() }, progress: { monitor.progress("grade", $0, of: $1) })
            }
        }
        guard !report.wasStopped else { throw Interrupted("after \(report.line)") }
        return report
    }

    private func settings() throws -> LiveSettings {
        guard case .live(let live) = run.recipe.source else {
            throw InputError(run.directory.url.path, "has recorded outcomes: there is nothing to ask")
        }
        return live
    }

    /// What labelling would cost, with no call made.
    func dryRun() throws -> Run.LabelEstimate {
        let live = try settings()
        let plan = try run.plan(live, tasks: RunTasks(reading: live))
        _ = try plan.graders()
        var cells = plan.cells, spent = Money.zero
        if run.directory.exists(run.directory.ledger) {
            let matrix = try run.matrix(plan, live)
            cells = matrix.unfinished
            spent = matrix.spending.committed
        }
        let byWorker = Dictionary(grouping: cells, by: \.worker)
        let rows = plan.workers.enumerated().map { index, worker in
            let cells = byWorker[index] ?? []
            return Run.LabelEstimate.Row(
                worker: worker.name, calls: cells.count, atMost: cells.reduce(.zero) { $0 + plan.ceiling(of: $1) }.description)
        }
        let total = cells.reduce(Money.zero) { $0 + plan.ceiling(of: $1) }
        return Run.LabelEstimate(
            workers: rows, calls: cells.count, atMost: total.description, spent: spent.description,
            budget: live.budget?.description)
    }
}

extension Run {
    /// What labelling would ask, and the most that it can cost; amounts are decimals of the pool's currency.
    public struct LabelEstimate: Codable, Sendable, Equatable {
        public struct Row: Codable, Sendable, Equatable {
            public var worker: String
            public var calls: Int
            public var atMost: String

            private enum CodingKeys: String, CodingKey {
                case worker, calls
                case atMost = "at_most"
            }
        }

        public var workers: [Row]
        public var calls: Int
        public var atMost: String, spent: String
        public var budget: String?

        private enum CodingKeys: String, CodingKey {
            case workers, calls, spent, budget
            case atMost = "at_most"
        }
    }

    /// Grades every kept reply again, with no call made.
    ///
    /// Throws ``InputError`` where the run has recorded outcomes, or no ledger yet.
    public func regrade() throws -> Regrading.Report { try LabelStage(run: self).regrade() }

    /// The plan of the label stage, with no call made. Throws ``InputError`` as the stage does.
    public func labelEstimate() throws -> LabelEstimate { try LabelStage(run: self).dryRun() }
}
