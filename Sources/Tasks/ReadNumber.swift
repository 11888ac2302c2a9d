import Foundation

/// A number as it was written: exact where it is a decimal, so that two numbers of forty digits are not equal because doubles are.
struct ReadNumber: Equatable {
    /// Significant digits without zeros at either end, and the power of ten of the last one; `nil` where the number came out of a
    /// division or a power.
    private struct Decimal: Equatable {
        var isNegative: Bool, digits: [UInt8], exponent: Int
    }

    private var decimal: Decimal?
    private var approximate: Double

    /// `whole.decimals`, in ASCII digits.
    init(whole: [UInt8], decimals: [UInt8]) {
        let digits = whole + decimals
        let end = (digits.lastIndex { $0 != 0x30 } ?? -1) + 1
        let significant = digits[..<end].drop { $0 == 0x30 }
        self.init(
            Decimal(
                isNegative: false, digits: Array(significant),
                exponent: significant.isEmpty ? 0 : digits.count - end - decimals.count))
    }

    private init(_ decimal: Decimal) {
        self.decimal = decimal
        // What lies beyond 400 digits moves no double.
        let kept = decimal.digits.prefix(400)
        let exponent = decimal.exponent + decimal.digits.count - kept.count
        let text = (decimal.isNegative ? "-" : "") + String(decoding: kept, as: UTF8.self) + "e\(exponent)"
        approximate = kept.isEmpty ? 0 : Double(text) ?? (exponent < 0 ? 0 : .infinity)
    }

    private init(approximate: Double) { self.approximate = approximate }

    /// Not finite where the number is larger than doubles go, or a division by zero.
    var value: Double { approximate }

    var isWhole: Bool { decimal.map { $0.exponent >= 0 } ?? false }

    /// Whether both are the same number: by their digits where both have them.
    func equals(_ other: ReadNumber) -> Bool {
        if let decimal, let second = other.decimal { return decimal == second }
        return approximate.isFinite && approximate == other.approximate
    }

    // MARK: Arithmetic of notation

    mutating func negate() {
        approximate = 0 - approximate
        if decimal?.digits.isEmpty == false { decimal?.isNegative.toggle() }
    }

    /// Times ten to the `exponent`.
    func scaled(by exponent: Int) -> ReadNumber {
        guard var decimal else { return ReadNumber(approximate: approximate * pow(10, Double(exponent))) }
        if !decimal.digits.isEmpty { decimal.exponent += exponent }
        return ReadNumber(decimal)
    }

    func divided(by other: ReadNumber) -> ReadNumber { ReadNumber(approximate: approximate / other.approximate) }

    func plus(_ other: ReadNumber) -> ReadNumber { ReadNumber(approximate: approximate + other.approximate) }

    func power(_ exponent: Int) -> ReadNumber {
        // Ten and its powers stay exact.
        if decimal == Decimal(isNegative: false, digits: [0x31], exponent: 1) {
            return ReadNumber(Decimal(isNegative: false, digits: [0x31], exponent: exponent))
        }
        return ReadNumber(approximate: pow(approximate, Double(exponent)))
    }
}
