import Chat
import Files
import Foundation
import Labelling
import Ledger
import Routing
import Synchronization
import Tasks

/// Cells of a search that are asked as they are met: what the ledger has is taken from there, the rest is called, graded
/// and kept. A class because it owns the ledger, and the pool once a call is needed.
final class LivePlay: Sendable {
    private struct State {
        var open: PoolAccess.Open?
        var labeller: Labeller?
        /// What heard cells were worth.
        var known: [SampleCell: Double] = [:]
        var reused = 0, called = 0, failed = 0
    }

    private let run: Run
    private let live: LiveSettings
    private let plan: LabelPlan
    private let ledger: RunLedger
    private let shouldStop: @Sendable () -> Bool
    private let state: Mutex<State>

    init(run: Run, plan: LabelPlan, shouldStop: @escaping @Sendable () -> Bool) throws {
        guard case .live(let live) = run.recipe.source else { preconditionFailure("live play needs a pool") }
        self.run = run
        self.live = live
        self.plan = plan
        self.shouldStop = shouldStop
        ledger = try RunLedger(opening: run.directory.ledger, budget: run.recipe.evolve.budget)
        state = Mutex(State(known: try run.matrix(plan, live).scores))
    }

    /// What these cells were worth, failed ones left out.
    ///
    /// Throws ``LimitReached`` where the budget or the hours end, ``Interrupted`` after a signal, ``JobError`` where no
    /// worker answers. What was answered until then is kept.
    func scores(of cells: Set<SampleCell>) throws -> [SampleCell: Double] {
        let missing = state.withLock { state in cells.filter { state.known[$0] == nil } }
        let failure = missing.isEmpty ? nil : try ask(missing), reused = cells.count - missing.count
        state.withLock { $0.reused += reused }
        try count(reused, as: .searchReused)
        let known = state.withLock { $0.known }
        var scores: [SampleCell: Double] = [:]
        for cell in cells { scores[cell] = known[cell] }
        // Where some are heard, the search goes on without the others; where everybody was asked and none is, it would go on
        // blindly. A head that names nobody but a worker that is down is a bad head.
        let asked = Set(cells.map(\.worker))
        if scores.isEmpty, asked.count == plan.workers.count, let failure {
            throw JobError("evolve", "no worker answers: \(failure); the same command goes on")
        }
        return scores
    }

    /// Asks for cells; the last failure, where there was one.
    private func ask(_ cells: Set<SampleCell>) throws -> String? {
        let labeller = try labeller()
        let ordered = cells.map { LabelPlan.Cell(task: $0.task, worker: $0.worker, repeatIndex: $0.repeatIndex) }.sorted {
            ($0.repeatIndex, $0.task, $0.worker) < ($1.repeatIndex, $1.task, $1.worker)
        }
        let report = try Blocking.wait { try await labeller.run(ordered) }
        state.withLock {
            $0.called += report.called
            $0.failed += report.failed
        }
        try count(report.called, as: .searchCalls)
        switch report.end {
        case .budget:
            throw LimitReached(
                "evolve.budget", "reached with \(report.spending.spent) spent; raise it, and the same command goes on")
        case .stopped:
            try run.monitor.checkpoint("in the middle of a generation, whose answers are kept")
            throw LimitReached(
                "evolve.hours", "over in the middle of a generation, whose answers are kept; the same command goes on")
        case .finished: break
        }
        let known = try run.matrix(plan, live).scores
        state.withLock { $0.known = known }
        return report.lastFailure
    }

    /// Made when the first call is needed: a search whose answers are all in the ledger starts no worker.
    private func labeller() throws -> Labeller {
        if let labeller = state.withLock({ $0.labeller }) { return labeller }
        let graders = try plan.graders()
        let access = run.access, pool = live.pool, monitor = run.monitor
        let open = try Blocking.wait { try await access.open(pool) }
        let labeller = Labeller(
            plan: plan, ledger: ledger, callers: open.callers, graders: graders, shouldStop: shouldStop,
            note: { monitor.note("evolve: \($0)") })
        state.withLock {
            $0.open = open
            $0.labeller = labeller
        }
        return labeller
    }

    /// Calls made and not made, for people.
    var line: String {
        let (called, reused, failed) = state.withLock { ($0.called, $0.reused, $0.failed) }
        return "\(called) calls made, \(reused) answers reused, \(failed) failed, \(ledger.spending.spent) spent in all"
    }

    private func count(_ number: Int, as counter: LedgerCounter) throws {
        guard number > 0 else { return }
        let ledger = ledger
        try Blocking.wait { try await ledger.add([counter: number]) }
    }

    /// Ends workers and ledger.
    func close() {
        let open = state.withLock { $0.open }, ledger = ledger
        _ = try? Blocking.wait {
            await open?.close()
            await ledger.close()
        }
    }
}
