public import Chat

/// The wish to make a call, and what it may cost at most.
public struct Claim: Sendable, Hashable {
    public var key: CallKey
    public var reservation: Money
    /// Whether a call that failed for good is to be tried again.
    public var retriesFailed: Bool

    public init(_ key: CallKey, reservation: Money, retriesFailed: Bool = false) {
        precondition(reservation >= .zero, "a reservation is not negative, got \(reservation)")
        self.key = key
        self.reservation = reservation
        self.retriesFailed = retriesFailed
    }
}

/// What became of a claim.
public enum ClaimResult: Sendable {
    /// The call is the claimant's to make, and to settle.
    case leased(Lease)
    /// It was made before: `done`, or `failed` for good.
    case done(CallRecord)
    /// Another claim of this process has it under way.
    case underWay
    /// What is spent, reserved and unsettled leaves less than the reservation. Nothing was written.
    case overBudget
}

/// The right to make a call once. The attempt fences: a later lease of the same call makes this one void.
public struct Lease: Sendable, Hashable {
    public let call: Int64, attempt: Int
    public let reservation: Money
}

/// How a reply ended.
public enum Ending: String, Sendable, CaseIterable {
    case complete, refused, truncated
}

/// What came of a lease.
public enum CallOutcome: Sendable {
    /// An answer; `reply` is the raw JSON, `revision` what the provider says has answered.
    case replied(reply: [UInt8], usage: Usage, cost: Money, latency: Duration, revision: String?, ending: Ending)
    /// No answer, which is never a wrong one. `cost` is what it may have cost, between nothing and the reservation; it is
    /// held as unsettled. `isFinal`: it will not be tried again unless a claim asks for that.
    case failed(kind: String, message: String, isFinal: Bool, cost: Money)
}
