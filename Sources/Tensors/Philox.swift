/// Random numbers from a counter: Philox 4×32 with ten rounds.
///
/// The number at a place depends on the seed and the place alone, so any draw can be repeated after a crash, in any
/// order and on any thread, and there is no generator state to save. The key is the seed; a counter is
/// `(block, row, generation, purpose)`, and purposes keep the uses apart.
///
/// Source: Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct Philox: Sendable, Equatable {
    /// What a draw is for: the last word of the counter. The values are part of every recorded search.
    public enum Purpose: UInt32, Sendable {
        /// The normals of a search's candidates; the row is the candidate.
        case candidates = 0
        /// The length of a two-point step.
        case stepLength = 1
        /// Which tasks a generation plays.
        case minibatch = 2
        /// Actions sampled from scores.
        case actions = 3
        /// Components drawn again because they fell outside of bounds.
        case resampling = 4
        /// Where a search starts again, and with which seed.
        case restart = 5
    }

    /// The 64-bit key.
    public let seed: UInt64

    /// The generator with this key.
    public init(seed: UInt64) {
        self.seed = seed
    }

    /// The four words at one place.
    public func block(_ block: UInt32, row: UInt32, generation: UInt32, purpose: Purpose) -> SIMD4<UInt32> {
        Self.block(
            counter: SIMD4(block, row, generation, purpose.rawValue),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    /// The permutation itself: ten rounds over a counter, words and key in the order of the paper.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let p0 = c.x.multipliedFullWidth(by: 0xD251_1F53)
            let p1 = c.z.multipliedFullWidth(by: 0xCD9E_8D57)
            c = SIMD4(p1.high ^ c.y ^ k.x, p1.low, p0.high ^ c.w ^ k.y, p0.low)
            k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
        }
        return c
    }

    /// The blocks 0, 1, 2… of one row, one after the other, for the standard library's shuffles and ranges.
    public func stream(row: UInt32 = 0, generation: UInt32, purpose: Purpose) -> PhiloxStream {
        PhiloxStream(philox: self, row: row, generation: generation, purpose: purpose)
    }
}

/// One row of a `Philox` read from its start: two 64-bit words a block, the first word of a pair being the high half.
public struct PhiloxStream: RandomNumberGenerator, Sendable {
    private let philox: Philox
    private let row: UInt32
    private let generation: UInt32
    private let purpose: Philox.Purpose
    private var block: UInt32 = 0
    private var second: UInt64?

    fileprivate init(philox: Philox, row: UInt32, generation: UInt32, purpose: Philox.Purpose) {
        self.philox = philox
        self.row = row
        self.generation = generation
        self.purpose = purpose
    }

    /// The next 64 bits. The stream repeats after 2³³ of them.
    public mutating func next() -> UInt64 {
        if let word = second {
            second = nil
            return word
        }
        let words = philox.block(block, row: row, generation: generation, purpose: purpose)
        block &+= 1
        second = UInt64(words.z) << 32 | UInt64(words.w)
        return UInt64(words.x) << 32 | UInt64(words.y)
    }
}
