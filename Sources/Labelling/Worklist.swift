import Chat
import Ledger

/// What is left of some cells, by what the ledger has: nothing, a reply without a grade, or everything.
struct Worklist: Sendable {
    /// A reply that is kept and not graded.
    struct Kept: Sendable {
        var cell: LabelPlan.Cell
        var call: Int64
    }

    /// The calls of one provider, in their order, with the concurrency that it bears.
    struct Queue: Sendable {
        var cells: [LabelPlan.Cell]
        var limiter: Limiter
    }

    /// Cells with nothing left to do.
    private(set) var finished = 0
    private(set) var toGrade: [Kept] = []
    private(set) var queues: [Queue] = []

    private enum Left { case nothing, grading(call: Int64), asking }

    init(_ cells: [LabelPlan.Cell], plan: LabelPlan, ledger: RunLedger) async throws {
        let left = try await Self.left(of: cells, plan: plan, ledger: ledger)
        var byProvider: [String: [LabelPlan.Cell]] = [:], providers: [Provider] = []
        for (cell, left) in zip(cells, left) {
            switch left {
            case .nothing: finished += 1
            case .grading(let call): toGrade.append(Kept(cell: cell, call: call))
            case .asking:
                let provider = plan.workers[cell.worker].provider
                if byProvider[provider.name] == nil { providers.append(provider) }
                byProvider[provider.name, default: []].append(cell)
            }
        }
        queues = providers.map { Queue(cells: byProvider[$0.name] ?? [], limiter: Limiter(ConcurrencyLimit(of: $0))) }
    }

    /// What is left of each cell. The ledger is read in pieces: a night's calls are many, and of each only this stays.
    private static func left(of cells: [LabelPlan.Cell], plan: LabelPlan, ledger: RunLedger) async throws -> [Left] {
        var left = [Left](repeating: .asking, count: cells.count)
        let byPiece = Dictionary(grouping: cells.indices) { cells[$0].task / LabelPlan.piece }
        for (piece, tasks) in plan.pieces.enumerated() {
            guard let indices = byPiece[piece] else { continue }
            let (calls, grades) = try await plan.kept(on: tasks, in: ledger.reader)
            for index in indices {
                let cell = cells[index]
                guard let call = calls[plan.key(of: cell)] else { continue }
                let grade = grades[plan.gradeKey(of: cell, call: call.id)]
                switch call.state {
                case .failed: left[index] = .nothing
                case .done:
                    left[index] = LabelMatrix.status(of: call, grade: grade) == nil ? .grading(call: call.id) : .nothing
                case .ready, .leased: break
                }
            }
        }
        return left
    }
}
