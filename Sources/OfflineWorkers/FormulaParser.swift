/// Reads a ``Formula``.
struct FormulaParser {
    private var rest: Substring.UTF8View
    private var depth = 0

    init(_ text: some StringProtocol) {
        rest = Substring(text).utf8
    }

    /// The formula that the text is from its first to its last character.
    mutating func whole() -> Formula? {
        guard let formula = sum(), skipSpace(), rest.isEmpty else { return nil }
        return formula
    }

    private mutating func sum() -> Formula? {
        guard var left = product() else { return nil }
        while let operation = take(.plus) ?? take(.minus) {
            guard let right = product() else { return nil }
            left = .binary(operation, left, right)
        }
        return left
    }

    private mutating func product() -> Formula? {
        guard var left = factor() else { return nil }
        while true {
            if let operation = take(.times) ?? take(.over) {
                guard let right = factor() else { return nil }
                left = .binary(operation, left, right)
            } else if case .number = left, let next = rest.first, Self.isLetter(next) || next == UInt8(ascii: "(") {
                guard let right = factor() else { return nil }
                left = .binary(.times, left, right)
            } else {
                return left
            }
        }
    }

    private mutating func factor() -> Formula? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 40 else { return nil }
        if take(.minus) != nil { return factor().map { .negated($0) } }
        if take(.plus) != nil { return factor() }
        guard let base = primary() else { return nil }
        guard take(.power) != nil else { return base }
        return factor().map { .binary(.power, base, $0) }
    }

    private mutating func primary() -> Formula? {
        skipSpace()
        guard let first = rest.first else { return nil }
        if first == UInt8(ascii: "(") { return inParentheses() }
        if Self.isDigit(first) { return number() }
        let word = String(decoding: Array(rest.prefix { Self.isLetter($0) }), as: UTF8.self)
        rest = rest.dropFirst(word.utf8.count)
        switch word {
        case "x": return .x
        case "pi", "π": return .pi
        case "e": return .e
        default:
            let other = ["ln": "log", "arctan": "atan"]
            guard let function = Formula.Function(rawValue: other[word] ?? word), skipSpace(), rest.first == UInt8(ascii: "(")
            else { return nil }
            return inParentheses().map { .call(function, $0) }
        }
    }

    private mutating func inParentheses() -> Formula? {
        rest = rest.dropFirst()
        guard let inside = sum(), skipSpace(), rest.first == UInt8(ascii: ")") else { return nil }
        rest = rest.dropFirst()
        return inside
    }

    /// At most twenty digits, with a point and digits behind it perhaps.
    private mutating func number() -> Formula? {
        var digits = Array(rest.prefix { Self.isDigit($0) })
        rest = rest.dropFirst(digits.count)
        let behind = rest.dropFirst().prefix { Self.isDigit($0) }
        if rest.first == UInt8(ascii: "."), !behind.isEmpty {
            digits += [UInt8(ascii: ".")] + behind
            rest = rest.dropFirst(behind.count + 1)
        }
        return digits.count <= 20 ? .number(String(decoding: digits, as: UTF8.self)) : nil
    }

    private mutating func take(_ operation: Formula.Operation) -> Formula.Operation? {
        skipSpace()
        guard rest.first == operation.rawValue else { return nil }
        rest = rest.dropFirst()
        return operation
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        rest = rest.drop { $0 == 0x20 }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    /// Bytes of letters, the Greek one of π among them.
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) || byte >= 0x80 }
}
