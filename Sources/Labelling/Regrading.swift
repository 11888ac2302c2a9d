import Chat
public import Ledger
public import Tasks

/// Grades replies that a ledger keeps once more, without a call: after a grader was mended, or targets were put right.
public struct Regrading: Sendable {
    /// What came of it.
    public struct Report: Sendable, Equatable {
        /// Replies that were graded, those among them that had no grade under the task's grader and target before, and those
        /// that have another status or value now.
        public var graded = 0, new = 0, changed = 0
        /// Whether it ended before all were graded.
        public var wasStopped = false
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

    /// Grades all replies to cells of the plan. Each grade is durable before the next ones are made; `shouldStop` is asked
    /// before each.
    ///
    /// Throws ``Files/JobError`` where the ledger can't be written, and what a grader that can't work throws.
    public func run(
        shouldStop: () -> Bool = { false }, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> Report {
        let calls = try await ledger.calls(of: plan.workerDigests), grades = try await ledger.grades(of: plan.workerDigests)
        let answered = plan.cells.compactMap { cell in
            calls[plan.key(of: cell)].flatMap { $0.state == .done ? (cell: cell, call: $0.id) : nil }
        }
        var report = Report(), done = 0
        // Graders that run programs take a while each; what waits for one transaction shares its flush.
        for chunk in stride(from: 0, to: answered.count, by: 64) {
            guard !shouldStop() else {
                report.wasStopped = true
                break
            }
            let cells = answered[chunk..<min(chunk + 64, answered.count)], (plan, ledger, graders) = (plan, ledger, graders)
            let new = try await withThrowingTaskGroup(of: Grade?.self) { group in
                for (cell, call) in cells {
                    group.addTask {
                        guard let reply = try await ledger.parsedReply(of: call) else { return nil }
                        return try await plan.grade(of: reply, to: cell, call: call, by: graders)
                    }
                }
                return try await group.reduce(into: [Grade]()) { if let grade = $1 { $0.append(grade) } }
            }
            for grade in new {
                report.graded += 1
                guard let old = grades[grade.key] else {
                    report.new += 1
                    continue
                }
                if (old.status, old.value) != (grade.status, grade.value) { report.changed += 1 }
            }
            try await ledger.record(new)
            done += cells.count
            progress(done, answered.count)
        }
        return report
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
