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

    init(_ cells: [LabelPlan.Cell], plan: LabelPlan, ledger: RunLedger) async throws {
        let calls = try await ledger.calls(of: plan.workerDigests), grades = try await ledger.grades(of: plan.workerDigests)
        var byProvider: [String: [LabelPlan.Cell]] = [:], providers: [Provider] = []
        for cell in cells {
            let call = calls[plan.key(of: cell)]
            switch call?.state {
            case .failed:
                finished += 1
            case .done:
                let grade = call.flatMap { grades[plan.gradeKey(of: cell, call: $0.id)] }
                if LabelMatrix.status(of: call, grade: grade) == nil, let call {
                    toGrade.append(Kept(cell: cell, call: call.id))
                } else {
                    finished += 1
                }
            default:
                let provider = plan.workers[cell.worker].provider
                if byProvider[provider.name] == nil { providers.append(provider) }
                byProvider[provider.name, default: []].append(cell)
            }
        }
        queues = providers.map { Queue(cells: byProvider[$0.name] ?? [], limiter: Limiter(ConcurrencyLimit(of: $0))) }
    }
}
