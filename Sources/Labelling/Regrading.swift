import Chat
public import Ledger
public import Tasks

/// Grades replies that a ledger keeps once more, without a call: after a grader was mended, or targets were put right.
public struct Regrading: Sendable {
    /// What came of it.
    public struct Report: Sendable, Equatable, Codable {
        /// Replies that were graded, those among them that had no grade under the task's grader and target before, and those
        /// that have another status or value now.
        public var graded = 0, new = 0, changed = 0
        /// Whether it ended before all were graded.
        public var wasStopped = false

        /// One line for people.
        public var line: String {
            "\(graded) replies graded again, \(changed) otherwise than before, \(new) for the first time"
        }

        private enum CodingKeys: String, CodingKey { case graded, new, changed }
    }

    private let plan: LabelPlan
    private let ledger: RunLedger
    private let graders: [any Grader]

    /// `graders` stand in the order of the plan's tasks.
    public init(plan: LabelPlan, ledger: RunLedger, graders: [any Grader]) {
        precondition(graders.count == plan.tasks.count)
        self.plan = plan
        self.ledger = ledger
        self.graders = graders
    }

    /// Graders that run programs take a while each; what waits for one transaction shares its flush.
    private static let batch = 64

    /// Grades all replies to cells of the plan, some at a time: those are durable before the next ones are graded, and
    /// `shouldStop` is asked. `progress` counts cells.
    ///
    /// Throws ``Files/JobError`` where the ledger can't be written, and what a grader that can't work throws.
    public func run(
        shouldStop: () -> Bool = { false }, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> Report {
        let cells = plan.cells, byPiece = Dictionary(grouping: cells) { $0.task / LabelPlan.piece }
        var report = Report(), done = 0
        for (piece, tasks) in plan.pieces.enumerated() {
            let own = byPiece[piece] ?? [], (calls, grades) = try await plan.kept(on: tasks, in: ledger.reader)
            for first in stride(from: 0, to: own.count, by: Self.batch) {
                guard !shouldStop() else {
                    report.wasStopped = true
                    return report
                }
                let batch = own[first..<min(first + Self.batch, own.count)]
                let new = try await self.grades(of: batch, calls: calls)
                for grade in new { report.count(grade, after: grades[grade.key]) }
                try await ledger.record(new)
                done += batch.count
                progress(done, cells.count)
            }
        }
        return report
    }

    /// What the graders say now of those cells that were answered.
    private func grades(of cells: ArraySlice<LabelPlan.Cell>, calls: [CallKey: CallRecord]) async throws -> [Grade] {
        let (plan, ledger, graders) = (plan, ledger, graders)
        return try await withThrowingTaskGroup(of: Grade?.self) { group in
            for cell in cells {
                guard let call = calls[plan.key(of: cell)], call.state == .done else { continue }
                group.addTask {
                    guard let reply = try await ledger.parsedReply(of: call.id) else { return nil }
                    return try await plan.grade(of: reply, to: cell, call: call.id, by: graders)
                }
            }
            return try await group.reduce(into: [Grade]()) { if let grade = $1 { $0.append(grade) } }
        }
    }
}

extension Regrading.Report {
    fileprivate mutating func count(_ grade: Grade, after old: Grade?) {
        graded += 1
        guard let old else { return new += 1 }
        if (old.status, old.value) != (grade.status, grade.value) { changed += 1 }
    }
}

extension LabelPlan {
    /// What the task's grader says of a reply to `cell`, kept as `call`; `nil` where it is a refusal or was cut short, which
    /// no grader is asked about.
    func grade(of reply: Reply, to cell: Cell, call: Int64, by graders: [any Grader]) async throws -> Grade? {
        guard !reply.isRefusal, !reply.isTruncated else { return nil }
        let score = try await graders[cell.task].grade(reply.text, for: tasks[cell.task])
        return Grade(
            gradeKey(of: cell, call: call), status: score.status.rawValue, value: score.value, reason: score.reason)
    }
}

extension RunLedger {
    /// The reply that is kept of a call; `nil` where there is none.
    func parsedReply(of call: Int64) async throws -> Reply? {
        guard let bytes = try await reply(of: call), case .object(let json)? = try? JSON(parsing: bytes) else { return nil }
        return try Reply(json: json)
    }
}
