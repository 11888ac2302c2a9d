import Foundation

/// An expression in `x`, read by a grammar of our own: no text of a question ever reaches a program.
///
///     sum      = product (("+" | "-") product)*
///     product  = factor (("*" | "/") factor)*          a number may stand before a factor without "*"
///     factor   = ("-" | "+") factor | primary ("^" factor)?
///     primary  = number | x | pi | e | function "(" sum ")" | "(" sum ")"
indirect enum Formula: Sendable, Hashable {
    enum Function: String, Sendable, CaseIterable {
        case sin, cos, tan, exp, log, sqrt, atan, abs
    }

    enum Operation: UInt8, Sendable {
        case plus = 0x2B, minus = 0x2D, times = 0x2A, over = 0x2F, power = 0x5E
    }

    /// Digits, and a point perhaps, as they stood.
    case number(String)
    case x, pi, e
    case negated(Formula)
    case binary(Operation, Formula, Formula)
    case call(Function, Formula)

    /// `nil` where `text` is no expression, is longer than 300 bytes, or is nested deeper than 40 levels.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 300 else { return nil }
        var parser = FormulaParser(text)
        guard let formula = parser.whole() else { return nil }
        self = formula
    }

    /// Whether `x` occurs in it.
    var hasX: Bool {
        switch self {
        case .x: true
        case .number, .pi, .e: false
        case .negated(let part), .call(_, let part): part.hasX
        case .binary(_, let left, let right): left.hasX || right.hasX
        }
    }

    /// The value at `x`, in double precision; NaN or infinite where there is none.
    func value(at x: Double) -> Double {
        switch self {
        case .number(let digits): return Double(digits) ?? .nan
        case .x: return x
        case .pi: return .pi
        case .e: return Foundation.exp(1)
        case .negated(let part): return -part.value(at: x)
        case .call(let function, let part): return function(part.value(at: x))
        case .binary(let operation, let left, let right):
            let (a, b) = (left.value(at: x), right.value(at: x))
            return switch operation {
            case .plus: a + b
            case .minus: a - b
            case .times: a * b
            case .over: a / b
            case .power: pow(a, b)
            }
        }
    }

    /// Whether programs that calculate exactly will not be asked for a number of a million digits: its constants stay below
    /// 10^12, and its exponents, those of nested powers multiplied, at 60 or below.
    var isModest: Bool { (powers ?? .infinity) <= 60 }

    /// The largest product of exponents along a branch; `nil` where a constant is immodest.
    private var powers: Double? {
        if !hasX {
            let value = value(at: 0)
            guard value.isFinite, Swift.abs(value) < 1e12 else { return nil }
        }
        switch self {
        case .number, .x, .pi, .e: return 1
        case .negated(let part), .call(_, let part): return part.powers
        case .binary(let operation, let left, let right):
            guard let a = left.powers, let b = right.powers else { return nil }
            guard operation == .power else { return max(a, b) }
            return right.hasX ? a * b : a * max(1, Swift.abs(right.value(at: 0)))
        }
    }
}

extension Formula.Function {
    /// The function's value in double precision.
    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .sin: Foundation.sin(x)
        case .cos: Foundation.cos(x)
        case .tan: Foundation.tan(x)
        case .exp: Foundation.exp(x)
        case .log: Foundation.log(x)
        case .sqrt: x.squareRoot()
        case .atan: Foundation.atan(x)
        case .abs: Swift.abs(x)
        }
    }
}

// MARK: The programs' own syntax

extension Formula {
    /// As Maxima reads it. Decimals become fractions, since its integrals are exact.
    var maxima: String {
        written(pi: "%pi", e: "%e") { digits in
            guard let point = digits.firstIndex(of: ".") else { return digits }
            let behind = digits[digits.index(after: point)...]
            return "(\(digits.filter { $0 != "." })/1\(String(repeating: "0", count: behind.count)))"
        }
    }

    /// As GP reads it. Whole numbers become reals, since an exact power could become very long.
    var gp: String {
        written(pi: "Pi", e: "exp(1)") { $0.contains(".") ? $0 : "\($0)." }
    }

    private func written(pi: String, e: String, number: (String) -> String) -> String {
        func text(_ formula: Formula) -> String { formula.written(pi: pi, e: e, number: number) }
        switch self {
        case .number(let digits): return number(digits)
        case .x: return "x"
        case .pi: return pi
        case .e: return e
        case .negated(let part): return "(-\(text(part)))"
        case .call(let function, let part): return "\(function.rawValue)(\(text(part)))"
        case .binary(.power, let base, let exponent) where exponent.wholeNumber != nil:
            return "(\(text(base))^(\(exponent.wholeNumber ?? "")))"
        case .binary(let operation, let left, let right):
            let sign = String(UnicodeScalar(operation.rawValue))
            return "(\(text(left))\(sign)\(text(right)))"
        }
    }

    /// The digits, with their sign, of a whole number: as an exponent it stays one, since a negative base has no power else.
    private var wholeNumber: String? {
        switch self {
        case .number(let digits): digits.contains(".") ? nil : digits
        case .negated(.number(let digits)): digits.contains(".") ? nil : "-\(digits)"
        default: nil
        }
    }
}
