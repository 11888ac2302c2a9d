import Tensors

/// Random numbers that are a function of a worker, a question, a seed and the number of the draw, on any machine and in
/// any order of calls: Philox with the question in its key and the seed in its counter.
struct SeededDraws: RandomNumberGenerator {
    private let key: SIMD2<UInt32>
    private let seed: SIMD2<UInt32>
    private var block: UInt32 = 0
    private var second: UInt64?

    init(worker: String, question: String, seed: UInt64) {
        // FNV-1a over both texts; no text holds the byte 0xFF that stands between them.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        worker.utf8.forEach(mix)
        mix(0xFF)
        question.utf8.forEach(mix)
        key = SIMD2(UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
        self.seed = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        if let word = second {
            second = nil
            return word
        }
        let words = Philox.block(counter: SIMD4(block, 0, seed.x, seed.y), key: key)
        block &+= 1
        second = UInt64(words.z) << 32 | UInt64(words.w)
        return UInt64(words.x) << 32 | UInt64(words.y)
    }
}
