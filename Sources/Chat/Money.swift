/// An amount in whole nano-units of the pool's currency; floating point never holds money.
public struct Money: Sendable, Hashable, Comparable {
    public var nanos: Int64

    public init(nanos: Int64) { self.nanos = nanos }

    public static let zero = Money(nanos: 0)

    /// Reads a decimal such as `5`, `0.25` or `1e-3`, up to nine digits behind the point; `nil` where the text is no such
    /// number, is negative, or is above nine thousand million.
    public init?(decimal text: String) {
        let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, let exponent = parts.count == 2 ? Int(parts[1]) : 0, (-30...30).contains(exponent) else {
            return nil
        }
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = mantissa[0], fraction = mantissa.count == 2 ? mantissa[1] : ""
        let digits = whole + fraction
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 40 else {
            return nil
        }
        // The amount is `digits` × 10 to the `power`, in nanos.
        var power = 9 + exponent - fraction.utf8.count, significant = digits.drop { $0 == "0" }
        while power < 0, significant.last == "0" {
            significant.removeLast()
            power += 1
        }
        if significant.isEmpty {
            self.init(nanos: 0)
            return
        }
        guard power >= 0, let value = Int64(significant + String(repeating: "0", count: power)) else { return nil }
        self.init(nanos: value)
    }

    public static func < (left: Money, right: Money) -> Bool { left.nanos < right.nanos }

    /// Sums and differences stop at the largest and the smallest amount there is: a budget must not change its sign by
    /// overflow.
    public static func + (left: Money, right: Money) -> Money {
        let (sum, overflow) = left.nanos.addingReportingOverflow(right.nanos)
        return Money(nanos: overflow ? (left.nanos < 0 ? .min : .max) : sum)
    }
    public static func - (left: Money, right: Money) -> Money {
        let (difference, overflow) = left.nanos.subtractingReportingOverflow(right.nanos)
        return Money(nanos: overflow ? (left.nanos < 0 ? .min : .max) : difference)
    }
    public static func += (left: inout Money, right: Money) { left = left + right }

    /// In units of the currency, for statistics and pictures only.
    public var units: Double { Double(nanos) / 1e9 }
}

extension Money: CustomStringConvertible {
    /// Units with as many digits behind the point as there are, at least two: `0.25`, `0.000031`.
    public var description: String {
        let magnitude = nanos.magnitude, fraction = String(magnitude % 1_000_000_000)
        var digits = String(repeating: "0", count: 9 - fraction.count) + fraction
        while digits.count > 2, digits.last == "0" { digits.removeLast() }
        return (nanos < 0 ? "-" : "") + "\(magnitude / 1_000_000_000).\(digits)"
    }
}

/// What a worker costs.
public struct Price: Sendable, Hashable {
    /// Per million tokens read, written, and read from the provider's cache.
    public var input: Money, output: Money, cached: Money
    /// The day on which the price was looked up, as `2026-11-01`.
    public var date: String

    public init(input: Money, output: Money, cached: Money? = nil, date: String) {
        self.input = input
        self.output = output
        self.cached = cached ?? input
        self.date = date
    }

    /// What `usage` costs, rounded up to a whole nano-unit.
    public func cost(of usage: Usage) -> Money {
        let fresh = usage.promptTokens - usage.cachedTokens
        let terms = [(fresh, input), (usage.cachedTokens, cached), (usage.completionTokens, output)]
        var sum: Int64 = 0
        for (tokens, price) in terms {
            let (product, overflow) = Int64(tokens).multipliedReportingOverflow(by: price.nanos)
            let (next, more) = sum.addingReportingOverflow(product)
            guard !overflow, !more else { return Money(nanos: .max) }
            sum = next
        }
        return Money(nanos: sum / 1_000_000 + (sum % 1_000_000 > 0 ? 1 : 0))
    }
}
