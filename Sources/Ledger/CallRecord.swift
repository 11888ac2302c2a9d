public import Chat

/// A call as the ledger knows it, without its reply.
public struct CallRecord: Sendable, Identifiable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        /// Waits to be asked, for the first time or again.
        case ready
        /// Under way.
        case leased
        /// Answered.
        case done
        /// Failed for good.
        case failed
    }

    /// Where an outcome comes from.
    public enum Source: String, Sendable, CaseIterable {
        case asked, imported
    }

    /// Why the last attempt gave no answer.
    public struct Failure: Sendable, Hashable {
        /// A raw value of ``Chat/CallFailure/Kind``.
        public var kind: String
        public var message: String

        public init(kind: String, message: String) {
            self.kind = kind
            self.message = message
        }
    }

    public var id: Int64
    public var key: CallKey
    public var state: State
    public var source: Source
    /// How often it was leased; 0 where imported.
    public var attempts: Int
    /// These are there where it is `done`; usage and latency are not where it was imported.
    public var ending: Ending?, usage: Usage?, latency: Duration?
    public var revision: String?
    /// What the answer cost.
    public var cost: Money
    /// What attempts without an answer may have cost.
    public var unsettled: Money
    /// Not there once it is `done`.
    public var failure: Failure?
}

/// What a ledger counts beside its rows.
public enum LedgerCounter: String, Sendable, CaseIterable {
    /// Calls that live searches made, those that were tried again included.
    case searchCalls = "search calls"
    /// Samples that candidates of live searches asked for, those that differ counted once a generation, and that the ledger
    /// had already.
    case searchReused = "search reused"
}

/// What a grader said of a call's reply.
public struct Grade: Sendable, Hashable {
    /// Under what a grade is kept: another grader, version or task gives another grade.
    public struct Key: Sendable, Hashable {
        public var call: Int64
        /// SHA-256 of the task's grading identity, in hexadecimal digits.
        public var task: String
        public var grader: String
        public var version: Int

        public init(call: Int64, task: String, grader: String, version: Int) {
            self.call = call
            self.task = task
            self.grader = grader
            self.version = version
        }
    }

    public var key: Key
    /// `graded`, `wrong_format`: the graders' words.
    public var status: String
    /// Between 0 (wrong) and 1 (right).
    public var value: Double
    /// One line on why.
    public var reason: String

    public init(_ key: Key, status: String, value: Double, reason: String) {
        self.key = key
        self.status = status
        self.value = value
        self.reason = reason
    }
}

/// Where the money is. The three amounts together count against a budget.
public struct Spending: Sendable, Hashable {
    /// What answers cost.
    public var spent = Money.zero
    /// Held for calls under way.
    public var reserved = Money.zero
    /// Perhaps paid, nobody knows: reservations of processes that died, and what failed attempts may have cost.
    public var unsettled = Money.zero
    /// Calls made, each attempt counted.
    public var attempts = 0

    public init() {}

    /// All that may have been spent.
    public var committed: Money { spent + reserved + unsettled }

    /// Whether `reservation` fits into what is left of `budget`, to the nano-unit.
    func leavesRoom(for reservation: Money, in budget: Money?) -> Bool {
        guard let budget else { return true }
        return committed <= budget && reservation <= budget - committed
    }
}
