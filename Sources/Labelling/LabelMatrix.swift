public import Chat
public import Foundation
public import Ledger
import Tasks

/// The labels of a plan as the ledger has them: one row a cell that was asked, in the order of tasks, workers, samples,
/// whatever the order in which they came.
public struct LabelMatrix: Sendable {
    /// What became of one cell.
    public enum Status: String, Sendable, CaseIterable {
        case graded
        case wrongFormat = "wrong_format"
        case refused, truncated
        /// The worker wasn't heard: an infrastructure failure, and no wrong answer.
        case failed
        /// Not asked: the budget doesn't reach.
        case skippedBudget = "skipped_budget"

        /// Whether the cell counts as a sample.
        public var isHeard: Bool { self != .failed && self != .skippedBudget }
    }

    /// One cell.
    public struct Row: Sendable {
        public var cell: LabelPlan.Cell
        public var task: String, worker: String
        public var status: Status
        /// Between 0 and 1; only where the answer was graded.
        public var score: Double?
        /// The newest state of its call; `nil` where there is none.
        public var call: CallRecord?
    }

    public private(set) var rows: [Row]
    /// Cells of the plan that were not asked yet, or not graded.
    public private(set) var pending: [LabelPlan.Cell]
    /// `[tasks × workers]`: sums of scores, and samples that they are sums of.
    public private(set) var successes: [Double], samples: [Int]
    /// Money of the whole ledger.
    public let spending: Spending

    /// The labels of `plan` in the ledger at `file`, also while another process writes it.
    ///
    /// Throws ``Files/InputError`` where there is no ledger, or a damaged one.
    public init(reading file: URL, plan: LabelPlan, budget: Money?) async throws {
        self = try await LedgerReader.read(file) { reader in
            let spending = try await reader.spending()
            var matrix = LabelMatrix(plan: plan, tasks: 0..<0, calls: [:], grades: [:], spending: spending, budget: budget)
            // All calls at once would take several times the memory of the rows that become of them.
            for tasks in plan.pieces {
                let kept = try await plan.kept(on: tasks, in: reader)
                matrix.append(
                    LabelMatrix(
                        plan: plan, tasks: tasks, calls: kept.calls, grades: kept.grades, spending: spending, budget: budget))
            }
            return matrix
        }
    }

    /// The labels of `tasks` that these calls and grades make; counts begin with the first of them.
    private init(
        plan: LabelPlan, tasks: Range<Int>, calls: [CallKey: CallRecord], grades: [Grade.Key: Grade], spending: Spending,
        budget: Money?
    ) {
        var rows: [Row] = [], pending: [LabelPlan.Cell] = []
        var successes = [Double](repeating: 0, count: tasks.count * plan.workers.count)
        var samples = [Int](repeating: 0, count: successes.count)
        let left = budget.map { $0 - spending.committed }
        for (task, problem) in zip(tasks, plan.tasks[tasks]) {
            for (worker, spec) in plan.workers.enumerated() {
                for sample in 0..<(spec.isRecorded ? .max : plan.repeats(of: worker)) {
                    let cell = LabelPlan.Cell(task: task, worker: worker, repeatIndex: sample), call = calls[plan.key(of: cell)]
                    let grade = call.flatMap { grades[plan.gradeKey(of: cell, call: $0.id)] }
                    // There are as many recorded samples as there are.
                    if spec.isRecorded, grade == nil { break }
                    let isUnaffordable = call == nil && left.map { plan.ceiling(of: cell) > $0 } == true
                    guard let status = Self.status(of: call, grade: grade) ?? (isUnaffordable ? .skippedBudget : nil) else {
                        pending.append(cell)
                        continue
                    }
                    let score = status == .graded ? grade?.value : nil
                    rows.append(Row(cell: cell, task: problem.id, worker: spec.name, status: status, score: score, call: call))
                    guard status.isHeard else { continue }
                    let count = (task - tasks.lowerBound) * plan.workers.count + worker
                    samples[count] += 1
                    successes[count] += score ?? 0
                }
            }
        }
        self.rows = rows
        self.pending = pending
        self.successes = successes
        self.samples = samples
        self.spending = spending
    }

    /// Adds the labels of the tasks that follow.
    private mutating func append(_ next: LabelMatrix) {
        rows += next.rows
        pending += next.pending
        successes += next.successes
        samples += next.samples
    }

    /// `nil` where the call has not ended, or its reply was not graded yet.
    static func status(of call: CallRecord?, grade: Grade?) -> Status? {
        switch call?.state {
        case .done:
            switch call?.ending {
            case .refused: return .refused
            case .truncated: return .truncated
            default: return grade.flatMap { Status(rawValue: $0.status) }
            }
        // A failure that is not for good is asked again, but until then it is shown.
        case .failed: return .failed
        case .ready where (call?.attempts ?? 0) > 0: return .failed
        default: return nil
        }
    }

    /// Cells that the next command asks: those never asked, and those whose calls failed without being refused for good.
    public var unfinished: [LabelPlan.Cell] {
        pending + rows.filter { $0.status == .skippedBudget || ($0.status == .failed && $0.call?.state != .failed) }.map(\.cell)
    }

    /// Rows of that status.
    public func count(_ status: Status) -> Int { rows.lazy.filter { $0.status == status }.count }
}

extension LabelPlan {
    /// Tasks whose calls are in memory together.
    static let piece = 512

    /// All tasks in their order, at most ``piece`` at a time.
    var pieces: [Range<Int>] {
        stride(from: 0, to: tasks.count, by: Self.piece).map { $0..<min($0 + Self.piece, tasks.count) }
    }

    /// What a ledger has of all workers on `tasks`.
    func kept(
        on tasks: Range<Int>, in ledger: LedgerReader
    ) async throws -> (calls: [CallKey: CallRecord], grades: [Grade.Key: Grade]) {
        let requests = Array(requestDigests[tasks])
        let calls = try await ledger.calls(of: workerDigests, asking: requests)
        return (calls, try await ledger.grades(of: workerDigests, asking: requests))
    }

    /// The grade of `cell`, whose call is `call`, by this version of its task's grader.
    func gradeKey(of cell: Cell, call: Int64) -> Grade.Key {
        let task = tasks[cell.task]
        guard !workers[cell.worker].isRecorded else {
            return Grade.Key(
                call: call, task: recordedDigests[cell.task], grader: ImportedOutcome.grader,
                version: ImportedOutcome.graderVersion)
        }
        return Grade.Key(
            call: call, task: gradingDigests[cell.task], grader: task.grader, version: graderVersions[cell.task])
    }
}
