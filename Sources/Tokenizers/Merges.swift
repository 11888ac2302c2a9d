/// The merges of a byte-pair encoding: of two neighbouring tokens, which becomes of them and how early.
/// An open hash table over pairs of ids.
struct Merges: Sendable {
    /// What becomes of a pair. Lower ranks come first; the highest means that nothing does.
    struct Rule: Sendable {
        var rank: UInt32
        var id: Int32

        static let none = Rule(rank: .max, id: -1)
    }

    private struct Slot {
        var pair: UInt64
        var rule: Rule
    }

    private var slots: [Slot]
    private let shift: UInt64
    private static let empty = UInt64.max

    /// An empty table with room for `capacity` merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity + capacity / 2 { bits += 1 }
        slots = Array(repeating: Slot(pair: Self.empty, rule: .none), count: 1 << bits)
        shift = 64 - bits
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(of pair: UInt64) -> Int {
        var slot = Int((pair &* 0x9e37_79b9_7f4a_7c15) >> shift)
        while slots[slot].pair != pair, slots[slot].pair != Self.empty { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    /// Adds a merge; of two for the same pair the later holds. There must be room, and ids be at least 0.
    mutating func insert(_ left: Int32, _ right: Int32, _ rule: Rule) {
        let pair = Self.pair(left, right)
        slots[slot(of: pair)] = Slot(pair: pair, rule: rule)
    }

    @inline(__always)
    func rule(_ left: Int32, _ right: Int32) -> Rule { slots[slot(of: Self.pair(left, right))].rule }

    // Above it, finding the next merge by looking at all costs more than keeping them in order.
    private static let longestScanned = 40

    /// Appends what becomes of `symbols`: again and again the merge of the lowest rank, of equal ones the leftmost.
    func apply(to symbols: inout [Int32], into ids: inout [Int32]) {
        if symbols.count > Self.longestScanned { return applyInOrder(to: &symbols, into: &ids) }
        guard symbols.count > 1 else { return ids.append(contentsOf: symbols) }
        withUnsafeTemporaryAllocation(of: Rule.self, capacity: symbols.count) { rules in
            symbols.withUnsafeMutableBufferPointer { symbols in
                var count = symbols.count
                for index in 0..<count - 1 {
                    rules.initializeElement(at: index, to: rule(symbols[index], symbols[index + 1]))
                }
                while count > 1 {
                    var best = 0
                    for index in 1..<max(count - 1, 1) where rules[index].rank < rules[best].rank { best = index }
                    guard rules[best].rank != .max else { break }
                    symbols[best] = rules[best].id
                    count -= 1
                    for index in best + 1..<max(count, best + 1) { symbols[index] = symbols[index + 1] }
                    for index in best..<max(count - 1, best) { rules[index] = rules[index + 1] }
                    if best > 0 { rules[best - 1] = rule(symbols[best - 1], symbols[best]) }
                    if best + 1 < count { rules[best] = rule(symbols[best], symbols[best + 1]) }
                }
                ids.append(contentsOf: symbols[..<count])
            }
        }
    }

    /// The same by a heap of merges and a list of symbols, for words of any length: n log n steps.
    private func applyInOrder(to symbols: inout [Int32], into ids: inout [Int32]) {
        let count = symbols.count
        var rules: [Rule] = [], heap = MergeHeap(capacity: count)
        rules.reserveCapacity(count)
        for index in 0..<count {
            let rule = index + 1 < count ? rule(symbols[index], symbols[index + 1]) : .none
            rules.append(rule)
            heap.add(rule, at: index)
        }
        heap.order()
        // Neighbours of each symbol that is left; -1 marks one that is gone.
        var before = Array(-1..<Int32(count) - 1), behind = Array(1...Int32(count))
        while let (rank, index) = heap.removeFirst() {
            // What was entered before a neighbour changed has another rank now.
            guard rules[index].rank == rank else { continue }
            let gone = Int(behind[index]), next = Int(behind[gone]), previous = Int(before[index])
            symbols[index] = rules[index].id
            symbols[gone] = -1
            rules[gone] = .none
            behind[index] = Int32(next)
            if next < count { before[next] = Int32(index) }
            rules[index] = next < count ? rule(symbols[index], symbols[next]) : .none
            heap.insert(rules[index], at: index)
            if previous >= 0 {
                rules[previous] = rule(symbols[previous], symbols[index])
                heap.insert(rules[previous], at: previous)
            }
        }
        for symbol in symbols where symbol >= 0 { ids.append(symbol) }
    }
}

/// Merges in order of rank and place. A merge is one number, its rank above its place.
private struct MergeHeap {
    private var entries: [UInt64] = []

    init(capacity: Int) { entries.reserveCapacity(capacity) }

    private static func entry(_ rule: Merges.Rule, _ index: Int) -> UInt64 { UInt64(rule.rank) << 32 | UInt64(index) }

    /// Adds before `order` is called.
    mutating func add(_ rule: Merges.Rule, at index: Int) {
        if rule.rank != .max { entries.append(Self.entry(rule, index)) }
    }

    mutating func order() {
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func insert(_ rule: Merges.Rule, at index: Int) {
        guard rule.rank != .max else { return }
        var at = entries.count
        let entry = Self.entry(rule, index)
        entries.append(entry)
        while at > 0, entries[(at - 1) / 2] > entry {
            entries[at] = entries[(at - 1) / 2]
            at = (at - 1) / 2
        }
        entries[at] = entry
    }

    mutating func removeFirst() -> (rank: UInt32, index: Int)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink(0)
        }
        return (UInt32(first >> 32), Int(first & 0xffff_ffff))
    }

    private mutating func sink(_ start: Int) {
        let entry = entries[start], count = entries.count
        var at = start
        while 2 * at + 1 < count {
            var child = 2 * at + 1
            if child + 1 < count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entry else { break }
            entries[at] = entries[child]
            at = child
        }
        entries[at] = entry
    }
}
