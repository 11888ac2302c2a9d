/// SplitMix64 (Steele, Lea & Flood 2014): a counter through a mixing function. Every draw here follows from its seed.
public struct SplitMix64: Sendable {
    private var state: UInt64

    /// The sequence that `seed` begins; any seed will do.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits of the sequence, all equally likely.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `0..<bound`, uniform up to `bound` / 2⁶⁴.
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
    }
}
