/// A JSON document whose strings are bytes. Foundation's readers put object keys into Swift strings, which are equal
/// when they look equal ("é" in one scalar or in two): a vocabulary would lose entries.
indirect enum JSONBytes {
    case null
    case bool(Bool)
    case number(Double)
    case string([UInt8])
    case array([JSONBytes])
    case object([(key: [UInt8], value: JSONBytes)])

    /// Parses a whole document (RFC 8259). Throws where and why it is not one.
    init(parsing bytes: [UInt8]) throws(TokenizerError) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw TokenizerError("not UTF-8") }
        var parser = Parser(bytes: bytes)
        self = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.broken("something behind the end") }
    }

    /// The value of a key; nil when there is none, or null.
    subscript(key: StaticString) -> JSONBytes? {
        guard case .object(let pairs) = self else { return nil }
        let wanted = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        guard let value = pairs.last(where: { $0.key.elementsEqual(wanted) })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    var text: String? { if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
    var bytes: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }
    var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    var integer: Int? { if case .number(let number) = self { Int(exactly: number) } else { nil } }
    var items: [JSONBytes]? { if case .array(let items) = self { items } else { nil } }
    var pairs: [(key: [UInt8], value: JSONBytes)]? { if case .object(let pairs) = self { pairs } else { nil } }
}

private struct Parser {
    let bytes: [UInt8]
    var position = 0

    // Deeper than any tokenizer; a file of brackets must not exhaust the stack.
    private static let deepest = 64

    mutating func value(depth: Int) throws(TokenizerError) -> JSONBytes {
        guard depth < Self.deepest else { throw broken("too many brackets") }
        skipBlanks()
        guard position < bytes.count else { throw broken("the end of the file") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(TokenizerError) -> JSONBytes {
        var pairs: [(key: [UInt8], value: JSONBytes)] = []
        position += 1
        if accept(UInt8(ascii: "}")) { return .object(pairs) }
        repeat {
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw broken("no key") }
            let key = try string()
            guard accept(UInt8(ascii: ":")) else { throw broken("no \":\"") }
            pairs.append((key, try value(depth: depth + 1)))
        } while accept(UInt8(ascii: ","))
        guard accept(UInt8(ascii: "}")) else { throw broken("no \"}\"") }
        return .object(pairs)
    }

    private mutating func array(depth: Int) throws(TokenizerError) -> JSONBytes {
        var items: [JSONBytes] = []
        position += 1
        if accept(UInt8(ascii: "]")) { return .array(items) }
        repeat { items.append(try value(depth: depth + 1)) } while accept(UInt8(ascii: ","))
        guard accept(UInt8(ascii: "]")) else { throw broken("no \"]\"") }
        return .array(items)
    }

    private mutating func string() throws(TokenizerError) -> [UInt8] {
        position += 1
        var units: [UInt8] = []
        while position < bytes.count {
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\"),
                bytes[position] >= 0x20
            { position += 1 }
            units.append(contentsOf: bytes[start..<position])
            guard position < bytes.count, bytes[position] >= 0x20 else { break }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "\"") { return units }
            try escape(into: &units)
        }
        throw broken("a string without end")
    }

    private mutating func escape(into units: inout [UInt8]) throws(TokenizerError) {
        guard position < bytes.count else { throw broken("a string without end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0c)
        case UInt8(ascii: "n"): units.append(0x0a)
        case UInt8(ascii: "r"): units.append(0x0d)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexDigits()
            if (0xd800..<0xdc00).contains(code) {
                guard bytes[position...].starts(with: "\\u".utf8) else { throw broken("half a surrogate pair") }
                position += 2
                let low = try hexDigits()
                guard (0xdc00..<0xe000).contains(low) else { throw broken("half a surrogate pair") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw broken("half a surrogate pair") }
            units.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw broken("an unknown escape")
        }
    }

    private mutating func hexDigits() throws(TokenizerError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        // The sign that an integer's initialiser takes is no digit.
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw broken("an escape without four digits") }
        position += 4
        return code
    }

    private mutating func number() throws(TokenizerError) -> JSONBytes {
        let start = position
        let allowed = Array("+-.0123456789eE".utf8)
        while position < bytes.count, allowed.contains(bytes[position]) { position += 1 }
        guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw broken("no value") }
        return .number(number)
    }

    private mutating func word(_ word: StaticString, _ value: JSONBytes) throws(TokenizerError) -> JSONBytes {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[position...].starts(with: expected) else { throw broken("no value") }
        position += expected.count
        return value
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    func broken(_ what: String) -> TokenizerError { TokenizerError("not JSON: \(what) at byte \(position)") }
}
