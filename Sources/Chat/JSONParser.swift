/// Why some bytes are not JSON: what, and at which byte.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public let problem: String
    /// Offset of the byte at which reading stopped.
    public let offset: Int

    public var description: String { "\(problem) at byte \(offset)" }
}

extension JSON {
    /// Values may lie this deep in each other; what is deeper comes from nobody's good will.
    public static let deepest = 128

    /// Reads one JSON value (RFC 8259) and nothing behind it. Half a surrogate pair, which streams that cut texts do send,
    /// becomes U+FFFD.
    ///
    /// Throws ``JSONError``.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    /// The same of a text.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: text.utf8) }
}

/// One pass over the bytes.
private struct JSONParser {
    let bytes: [UInt8]
    var next = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard next == bytes.count else { throw failure("more than one value") }
        return value
    }

    private func failure(_ problem: String) -> JSONError { JSONError(problem: problem, offset: next) }

    private mutating func skipSpace() {
        while next < bytes.count {
            switch bytes[next] {
            case 0x20, 0x0A, 0x0D, 0x09: next += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth < JSON.deepest else { throw failure("values nested deeper than \(JSON.deepest)") }
        skipSpace()
        guard next < bytes.count else { throw failure("the text ends too early") }
        switch bytes[next] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("no value begins like this")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
        guard bytes[next...].starts(with: word.utf8) else { throw failure("expected \(word)") }
        next += word.utf8.count
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        var values: [JSON] = []
        next += 1
        if take("]") { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            if take("]") { return .array(values) }
            guard take(",") else { throw failure("expected , or ]") }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        var object = JSONObject()
        next += 1
        if take("}") { return .object(object) }
        while true {
            skipSpace()
            guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            let key = try string()
            guard take(":") else { throw failure("expected :") }
            object.append(key, try value(depth: depth + 1))
            if take("}") { return .object(object) }
            guard take(",") else { throw failure("expected , or }") }
        }
    }

    /// Steps over `character`, and over space before it, if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next < bytes.count, bytes[next] == UInt8(ascii: character) else { return false }
        next += 1
        return true
    }

    private mutating func number() throws(JSONError) -> JSON {
        let first = next
        if bytes[next] == UInt8(ascii: "-") { next += 1 }
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[next - whole] != UInt8(ascii: "0") else { throw failure("not a number") }
        if next < bytes.count, bytes[next] == UInt8(ascii: ".") {
            next += 1
            guard digits() > 0 else { throw failure("not a number") }
        }
        if next < bytes.count, bytes[next] | 0x20 == UInt8(ascii: "e") {
            next += 1
            if next < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[next]) { next += 1 }
            guard digits() > 0 else { throw failure("not a number") }
        }
        return .number(String(decoding: bytes[first..<next], as: UTF8.self))
    }

    private mutating func digits() -> Int {
        let first = next
        while next < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[next]) { next += 1 }
        return next - first
    }

    private mutating func string() throws(JSONError) -> String {
        next += 1
        let first = next
        while next < bytes.count, bytes[next] != UInt8(ascii: "\""), bytes[next] != UInt8(ascii: "\\"), bytes[next] >= 0x20 {
            next += 1
        }
        guard next < bytes.count else { throw failure("a text has no end") }
        // Most texts have no escape: they are taken as they lie.
        var text = Array(bytes[first..<next])
        while bytes[next] != UInt8(ascii: "\"") {
            guard bytes[next] >= 0x20 else { throw failure("a control character in a text") }
            if bytes[next] == UInt8(ascii: "\\") {
                text.append(contentsOf: String(try escape()).utf8)
            } else {
                text.append(bytes[next])
                next += 1
            }
            guard next < bytes.count else { throw failure("a text has no end") }
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw failure("a text that is not UTF-8") }
        next += 1
        return string
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        next += 2
        guard next <= bytes.count else { throw failure("a text has no end") }
        switch bytes[next - 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try codeUnits()
        default: throw failure("no such escape")
        }
    }

    /// The scalar of one `\uXXXX`, or of two that make a pair.
    private mutating func codeUnits() throws(JSONError) -> Unicode.Scalar {
        let high = try hexadecimal()
        guard (0xD800...0xDBFF).contains(high) else { return Unicode.Scalar(high) ?? "\u{FFFD}" }
        guard bytes[next...].starts(with: "\\u".utf8) else { return "\u{FFFD}" }
        let behindHigh = next
        next += 2
        let low = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(low) else {
            next = behindHigh
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard next + 4 <= bytes.count else { throw failure("a text has no end") }
        let digits = String(decoding: bytes[next..<next + 4], as: UTF8.self)
        guard let value = UInt32(digits, radix: 16), digits.utf8.first != 0x2B, digits.utf8.first != 0x2D else {
            throw failure("not four hexadecimal digits")
        }
        next += 4
        return value
    }
}
