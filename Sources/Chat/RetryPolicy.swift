/// Whether a call that failed is made again, and when: a value that decides, and waits for nothing.
public struct RetryPolicy: Sendable, Hashable {
    /// Calls in all, the first included.
    public var attempts: Int
    /// The wait before the second call is below this; each further one may be twice as long.
    public var base: Duration
    /// No wait that we choose is longer.
    public var longest: Duration
    /// A provider that asks for more is asked again after this.
    public var longestRetryAfter: Duration
    /// From the first call on; a call that would begin later is not made.
    public var total: Duration

    public init(
        attempts: Int = 6, base: Duration = .seconds(1), longest: Duration = .seconds(30),
        longestRetryAfter: Duration = .seconds(120), total: Duration = .seconds(1800)
    ) {
        precondition(attempts > 0, "need at least one attempt, got \(attempts)")
        self.attempts = attempts
        self.base = base
        self.longest = longest
        self.longestRetryAfter = longestRetryAfter
        self.total = total
    }

    /// How long to wait after call number `attempt` (from 1) has failed; `nil`: give up.
    ///
    /// Full jitter: uniform between nothing and the exponential bound, a pure function of `seed` and `attempt`. Where the
    /// provider says how long, that, with up to ``base`` on top so that all who were told the same don't return together.
    public func delay(attempt: Int, failure: CallFailure, seed: UInt64) -> Duration? {
        guard attempt < attempts, failure.isTransient else { return nil }
        let share = Double(Self.mix(seed, UInt64(max(attempt, 0))) >> 11) * 0x1p-53
        if let asked = failure.retryAfter { return min(max(asked, .zero), longestRetryAfter) + base * share }
        // Beyond 2^30 the bound is `longest` for every sensible base, and the product can't overflow.
        return min(longest, base * (1 << min(max(attempt, 1) - 1, 30))) * share
    }

    /// A seed from bytes that name a call (FNV-1a).
    public static func seed(of bytes: [UInt8], _ index: Int = 0) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mix(hash, UInt64(bitPattern: Int64(index)))
    }

    /// The `counter`-th number of the sequence that `seed` begins (SplitMix64).
    private static func mix(_ seed: UInt64, _ counter: UInt64) -> UInt64 {
        var z = seed &+ (counter &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The clock that waiting goes by, as an argument, so that a test needs not wait.
public struct Timekeeper: Sendable {
    public var now: @Sendable () -> ContinuousClock.Instant
    /// Throws `CancellationError` as soon as the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
        now: @escaping @Sendable () -> ContinuousClock.Instant, sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    public static let continuous = Timekeeper(now: { .now }, sleep: { try await Task.sleep(for: $0) })
}
