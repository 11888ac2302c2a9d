import Synchronization

/// What words became, for the next time that they come: a table of fixed size in which a new word takes the place of
/// another. Ids never depend on it. A class because it is lent: one call uses it at a time, without locks.
final class WordCache: @unchecked Sendable {
    /// A word of up to 24 bytes as three numbers, padded with zeros.
    struct Key {
        var a: UInt64, b: UInt64, c: UInt64
        let size: Int

        /// The key of `text[start..<end]`; nil when it is too long.
        @inline(__always)
        init?(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
            size = end - start
            guard size <= 24, let base = text.baseAddress else { return nil }
            if text.count - start >= 24 {
                let word = UnsafeRawPointer(base + start)
                a = UInt64(littleEndian: word.loadUnaligned(as: UInt64.self))
                b = UInt64(littleEndian: word.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                c = UInt64(littleEndian: word.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                // Shifts by 64 and more give 0, by less than 0 shift the other way.
                a &= size >= 8 ? .max : (1 << (8 * UInt64(size))) - 1
                b &= size >= 16 ? .max : size <= 8 ? 0 : (1 << (8 * UInt64(size - 8))) - 1
                c &= size <= 16 ? 0 : size == 24 ? .max : (1 << (8 * UInt64(size - 16))) - 1
            } else {
                (a, b, c) = (0, 0, 0)
                for index in 0..<size {
                    let byte = UInt64(text[start + index]) << (8 * UInt64(index & 7))
                    if index < 8 { a |= byte } else if index < 16 { b |= byte } else { c |= byte }
                }
            }
        }

        @inline(__always)
        var slot: Int {
            var hash = (a ^ UInt64(size)) &* 0x9e37_79b9_7f4a_7c15
            hash = (hash ^ (hash >> 29) ^ b) &* 0xbf58_476d_1ce4_e5b9
            hash = (hash ^ (hash >> 32) ^ c) &* 0x94d0_49bb_1331_11eb
            return Int(hash >> (64 - WordCache.bits))
        }
    }

    // A slot: three numbers of the key, the sizes of key and ids, up to eight ids; one line of the processor's cache.
    private static let bits: UInt64 = 14, slotSize = 64
    static let mostIds = 8
    private let memory: UnsafeMutableRawPointer

    init() {
        let size = Self.slotSize << Int(Self.bits)
        memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.slotSize)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    deinit { memory.deallocate() }

    /// Appends the ids of a word, and says whether it is known.
    @inline(__always)
    func append(_ key: Key, to ids: inout [Int32]) -> Bool {
        let slot = UnsafeRawPointer(memory) + key.slot * Self.slotSize
        let counts = slot.load(fromByteOffset: 24, as: UInt64.self)
        guard Int(counts & 0xff) == key.size, slot.load(as: UInt64.self) == key.a,
            slot.load(fromByteOffset: 8, as: UInt64.self) == key.b, slot.load(fromByteOffset: 16, as: UInt64.self) == key.c
        else { return false }
        for index in 0..<Int(counts >> 8) { ids.append(slot.load(fromByteOffset: 32 + 4 * index, as: Int32.self)) }
        return true
    }

    func insert(_ key: Key, _ ids: ArraySlice<Int32>) {
        guard ids.count <= Self.mostIds, key.size > 0 else { return }
        let slot = memory + key.slot * Self.slotSize
        slot.storeBytes(of: key.a, as: UInt64.self)
        slot.storeBytes(of: key.b, toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: key.c, toByteOffset: 16, as: UInt64.self)
        slot.storeBytes(of: UInt64(key.size | ids.count << 8), toByteOffset: 24, as: UInt64.self)
        for (index, id) in ids.enumerated() { slot.storeBytes(of: id, toByteOffset: 32 + 4 * index, as: Int32.self) }
    }
}

/// The caches of a tokenizer, as many as calls ran side by side, of 1 MiB each. A class because copies of the tokenizer share it.
final class WordCaches: Sendable {
    private let free = Mutex<[WordCache]>([])

    // More stay only where more threads than this tokenize at once.
    private static let mostKept = 64

    func withCache<Result>(_ body: (WordCache) -> Result) -> Result {
        let cache = free.withLock { $0.popLast() } ?? WordCache()
        defer { free.withLock { if $0.count < Self.mostKept { $0.append(cache) } } }
        return body(cache)
    }
}
