/// A whole number of any length, zero or more.
struct Natural: Hashable, Comparable, CustomStringConvertible {
    /// Base 2³², least first, no zeros at the end.
    private var limbs: [UInt32]

    private init(limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ value: UInt32) { self.init(limbs: [value]) }

    /// Decimal digits and nothing else; `nil` where there is another character, or no digit.
    init?(decimal: some StringProtocol) {
        guard !decimal.isEmpty else { return nil }
        limbs = []
        for byte in decimal.utf8 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            multiply(by: 10, adding: UInt32(byte - UInt8(ascii: "0")))
        }
    }

    private mutating func multiply(by factor: UInt32, adding carry: UInt32) {
        var carry = UInt64(carry)
        for index in limbs.indices {
            let sum = UInt64(limbs[index]) * UInt64(factor) + carry
            limbs[index] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    var isZero: Bool { limbs.isEmpty }

    /// Number of binary digits.
    var bitWidth: Int { limbs.count * 32 - (limbs.last?.leadingZeroBitCount ?? 0) }

    /// The value, where it fits.
    var word: UInt64? {
        limbs.count > 2 ? nil : limbs.reversed().reduce(0) { $0 << 32 | UInt64($1) }
    }

    static func < (a: Natural, b: Natural) -> Bool {
        if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
        return a.limbs.reversed().lexicographicallyPrecedes(b.limbs.reversed())
    }

    static func + (a: Natural, b: Natural) -> Natural {
        var sum: [UInt32] = [], carry: UInt64 = 0
        for index in 0..<max(a.limbs.count, b.limbs.count) {
            carry += index < a.limbs.count ? UInt64(a.limbs[index]) : 0
            carry += index < b.limbs.count ? UInt64(b.limbs[index]) : 0
            sum.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        return Natural(limbs: sum + [UInt32(carry)])
    }

    /// `a` must not be smaller than `b`.
    static func - (a: Natural, b: Natural) -> Natural {
        precondition(a >= b, "\(a) - \(b) is negative")
        var difference = a.limbs, borrow: Int64 = 0
        for index in difference.indices {
            let value = Int64(difference[index]) - (index < b.limbs.count ? Int64(b.limbs[index]) : 0) - borrow
            borrow = value < 0 ? 1 : 0
            difference[index] = UInt32(truncatingIfNeeded: value)
        }
        return Natural(limbs: difference)
    }

    static func * (a: Natural, b: Natural) -> Natural {
        var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
        for i in a.limbs.indices {
            var carry: UInt64 = 0
            for j in b.limbs.indices {
                let sum = UInt64(a.limbs[i]) * UInt64(b.limbs[j]) + UInt64(product[i + j]) + carry
                product[i + j] = UInt32(truncatingIfNeeded: sum)
                carry = sum >> 32
            }
            product[i + b.limbs.count] = UInt32(carry)
        }
        return Natural(limbs: product)
    }

    /// The remainder of the division by `divisor`, which isn't zero.
    func remainder(by divisor: UInt32) -> UInt32 {
        UInt32(limbs.reversed().reduce(UInt64(0)) { ($0 << 32 | UInt64($1)) % UInt64(divisor) })
    }

    /// The largest number whose square is not larger.
    var squareRoot: Natural {
        var root = [UInt32](repeating: 0, count: limbs.count / 2 + 1)
        for bit in stride(from: (bitWidth + 1) / 2, through: 0, by: -1) where bit / 32 < root.count {
            root[bit / 32] |= 1 << UInt32(bit % 32)
            let candidate = Natural(limbs: root)
            if candidate * candidate > self { root[bit / 32] &= ~(1 << UInt32(bit % 32)) }
        }
        return Natural(limbs: root)
    }

    var description: String {
        var rest = limbs, groups: [UInt32] = []
        while !rest.isEmpty {
            var remainder: UInt64 = 0
            for index in rest.indices.reversed() {
                let value = remainder << 32 | UInt64(rest[index])
                rest[index] = UInt32(value / 1_000_000_000)
                remainder = value % 1_000_000_000
            }
            groups.append(UInt32(remainder))
            while rest.last == 0 { rest.removeLast() }
        }
        guard let first = groups.last else { return "0" }
        return groups.dropLast().reversed().reduce("\(first)") { text, group in
            text + String(repeating: "0", count: 9 - "\(group)".count) + "\(group)"
        }
    }
}
