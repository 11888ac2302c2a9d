public import Chat

/// How far labelling is.
public struct LabelProgress: Sendable {
    public var done: Int, total: Int, failed: Int
    public var spent: Money
    /// Time left at the pace so far; `nil` before there is one.
    public var left: Duration?

    /// One line for people.
    public var line: String {
        var line = failed > 0 ? "\(failed) failed, " : ""
        line += "\(spent) spent"
        if let left { line += ", \(Self.text(left)) left" }
        return line
    }

    private static func text(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        if seconds >= 3600 { return "\(seconds / 3600) h \(seconds % 3600 / 60) min" }
        return seconds >= 60 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds) s"
    }
}

/// What the calls in flight count together.
struct LabelCounts: Sendable {
    var total = 0, done = 0, called = 0, failed = 0
    var spent = Money.zero
    var started = ContinuousClock.now
    /// Cells that were done when the command began.
    private var doneAtStart = 0
    var isOverBudget = false, wasStopped = false
    var lastFailure: String?
    var failuresInARow: [String: Int] = [:]
    var down: Set<String> = []
    private var waiting: [LabelPlan.Cell] = []

    init() {}

    /// Puts a cell off whose call another cell has under way.
    mutating func wait(_ cell: LabelPlan.Cell) { waiting.append(cell) }

    /// The cells put off, for another round.
    mutating func takeWaiting() -> [LabelPlan.Cell] {
        defer { waiting = [] }
        return waiting
    }

    init(total: Int, done: Int, spent: Money, started: ContinuousClock.Instant) {
        self.total = total
        self.done = done
        self.spent = spent
        self.started = started
        doneAtStart = done
    }

    var progress: LabelProgress {
        let made = done - doneAtStart
        var left: Duration?
        if made >= 20 { left = (ContinuousClock.now - started) * (Double(total - done) / Double(made)) }
        return LabelProgress(done: done, total: total, failed: failed, spent: spent, left: left)
    }
}
