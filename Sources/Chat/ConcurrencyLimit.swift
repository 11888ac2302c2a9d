/// How many calls may be under way at once, as found out from how they went: a value that decides.
///
/// Slow start, then additive increase and multiplicative decrease, as TCP does it (RFC 5681), with 429 as the loss. Other
/// failures say nothing about how much a provider bears, so they change nothing.
public struct ConcurrencyLimit: Sendable, Hashable {
    /// Calls that begin between two cuts belong to one epoch: a 429 of an older one was earned under a limit that was cut since.
    public typealias Epoch = Int

    public let maximum: Int
    public private(set) var epoch: Epoch = 0
    private var width: Double
    private var successes = 0
    private var isStarting = true

    public init(start: Int = 16, maximum: Int = 256) {
        precondition(start >= 1 && maximum >= start, "need 1 ≤ start ≤ maximum, got \(start) and \(maximum)")
        self.maximum = maximum
        width = Double(start)
    }

    /// Found out, but never above what the pool says of `provider`.
    public init(of provider: Provider) {
        let unbounded = ConcurrencyLimit()
        let maximum = min(provider.maximumConcurrency ?? unbounded.maximum, unbounded.maximum)
        self.init(start: min(unbounded.current, maximum), maximum: maximum)
    }

    /// Calls that may be under way now, at least 1.
    public var current: Int { Int(width) }

    /// A call that began in `epoch` went well. `wasFull`: as many as allowed were under way; otherwise more would not have
    /// been asked for, and nothing is learnt.
    public mutating func succeed(epoch: Epoch, wasFull: Bool) {
        guard epoch == self.epoch, wasFull else { return }
        successes += 1
        // Until the first 429 the width doubles with each window of successes, then it grows by one.
        guard isStarting || successes >= current else { return }
        successes = 0
        width = min(Double(maximum), width + 1)
    }

    /// A call that began in `epoch` was refused for its rate. Returns whether the limit was cut: once an epoch.
    @discardableResult
    public mutating func refuse(epoch: Epoch) -> Bool {
        guard epoch == self.epoch else { return false }
        self.epoch += 1
        isStarting = false
        successes = 0
        width = max(1, width * 0.8)
        return true
    }
}
