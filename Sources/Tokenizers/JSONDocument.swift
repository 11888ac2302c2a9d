/// A parsed JSON file: its bytes, and a list of its values in their order. A class because every value refers to it.
final class JSONDocument: Sendable {
    enum Kind: UInt8 { case null, `true`, `false`, number, string, array, object }

    /// One value. An array is followed by its items, an object by its keys and values in turn.
    struct Node {
        var kind: Kind
        /// Whether a string stands in `resolved`, because it had escapes.
        var isResolved = false
        /// Where its text is: in the file, or in `resolved`; that of a string without quotation marks.
        var start: UInt32, end: UInt32
        /// The index of the value behind it and all that is in it.
        var next: UInt32 = 0
    }

    let bytes: [UInt8]
    let resolved: [UInt8]
    let nodes: [Node]

    // No tokenizer comes near; what is larger would not fit into 32 bits one day.
    private static let largest = 1 << 30

    init(parsing bytes: [UInt8]) throws(TokenizerError) {
        guard bytes.count < Self.largest else { throw TokenizerError("larger than 1 GiB") }
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw TokenizerError("not UTF-8") }
        var parser = bytes.withUnsafeBufferPointer { text in
            var parser = JSONParser(size: text.count)
            parser.parse(text)
            return parser
        }
        if let problem = parser.problem { throw problem }
        self.bytes = bytes
        resolved = parser.resolved
        nodes = parser.takeNodes()
    }

    func withString<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let node = nodes[index], range = Int(node.start)..<Int(node.end)
        return (node.isResolved ? resolved : bytes).withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[range]))
        }
    }

    func withSource<Result>(_ node: Node, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[Int(node.start)..<Int(node.end)])) }
    }
}

/// From bytes to the list of values (RFC 8259).
private struct JSONParser {
    private var nodes: [JSONDocument.Node] = []
    private(set) var resolved: [UInt8] = []
    private(set) var problem: TokenizerError?

    // Deeper than any tokenizer; a file of brackets must not exhaust the stack.
    private static let deepest = 64

    /// A vocabulary has a value every eight bytes or so.
    init(size: Int) { nodes.reserveCapacity(size / 8) }

    mutating func takeNodes() -> [JSONDocument.Node] {
        defer { nodes = [] }
        return nodes
    }

    mutating func parse(_ text: UnsafeBufferPointer<UInt8>) {
        do throws(TokenizerError) {
            var at = 0
            try value(in: text, &at, depth: 0)
            Self.skipBlanks(in: text, &at)
            guard at == text.count else { throw Self.broken("something behind the end", at) }
        } catch { problem = error }
    }

    private mutating func value(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int, depth: Int) throws(TokenizerError) {
        guard depth < Self.deepest else { throw Self.broken("too many brackets", at) }
        Self.skipBlanks(in: text, &at)
        guard at < text.count else { throw Self.broken("the end of the file", at) }
        let index = nodes.count
        switch text[at] {
        case UInt8(ascii: "{"): try object(in: text, &at, depth: depth)
        case UInt8(ascii: "["): try array(in: text, &at, depth: depth)
        case UInt8(ascii: "\""): try string(in: text, &at)
        case UInt8(ascii: "t"): try word("true", .true, in: text, &at)
        case UInt8(ascii: "f"): try word("false", .false, in: text, &at)
        case UInt8(ascii: "n"): try word("null", .null, in: text, &at)
        default: try number(in: text, &at)
        }
        nodes[index].next = UInt32(nodes.count)
    }

    private mutating func append(_ kind: JSONDocument.Kind, _ start: Int, _ end: Int) {
        nodes.append(JSONDocument.Node(kind: kind, start: UInt32(start), end: UInt32(end)))
    }

    private mutating func object(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int, depth: Int) throws(TokenizerError) {
        append(.object, at, at)
        at += 1
        if Self.accept(UInt8(ascii: "}"), in: text, &at) { return }
        repeat {
            Self.skipBlanks(in: text, &at)
            guard at < text.count, text[at] == UInt8(ascii: "\"") else { throw Self.broken("no key", at) }
            try string(in: text, &at)
            nodes[nodes.count - 1].next = UInt32(nodes.count)
            guard Self.accept(UInt8(ascii: ":"), in: text, &at) else { throw Self.broken("no \":\"", at) }
            try value(in: text, &at, depth: depth + 1)
        } while Self.accept(UInt8(ascii: ","), in: text, &at)
        guard Self.accept(UInt8(ascii: "}"), in: text, &at) else { throw Self.broken("no \"}\"", at) }
    }

    private mutating func array(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int, depth: Int) throws(TokenizerError) {
        append(.array, at, at)
        at += 1
        if Self.accept(UInt8(ascii: "]"), in: text, &at) { return }
        repeat { try value(in: text, &at, depth: depth + 1) } while Self.accept(UInt8(ascii: ","), in: text, &at)
        guard Self.accept(UInt8(ascii: "]"), in: text, &at) else { throw Self.broken("no \"]\"", at) }
    }

    private mutating func string(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(TokenizerError) {
        at += 1
        var start = at
        let kept = resolved.count
        var isResolved = false
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "\"") {
                if isResolved { resolved.append(contentsOf: text[start..<at]) }
                append(.string, isResolved ? kept : start, isResolved ? resolved.count : at)
                nodes[nodes.count - 1].isResolved = isResolved
                at += 1
                return
            }
            guard byte >= 0x20 else { break }
            guard byte == UInt8(ascii: "\\") else {
                at += 1
                continue
            }
            isResolved = true
            resolved.append(contentsOf: text[start..<at])
            at += 1
            try escape(in: text, &at)
            start = at
        }
        throw Self.broken("a string without end", at)
    }

    private mutating func escape(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(TokenizerError) {
        guard at < text.count else { throw Self.broken("a string without end", at) }
        let byte = text[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): resolved.append(byte)
        case UInt8(ascii: "b"): resolved.append(0x08)
        case UInt8(ascii: "f"): resolved.append(0x0c)
        case UInt8(ascii: "n"): resolved.append(0x0a)
        case UInt8(ascii: "r"): resolved.append(0x0d)
        case UInt8(ascii: "t"): resolved.append(0x09)
        case UInt8(ascii: "u"):
            var code = try Self.hexDigits(in: text, &at)
            if (0xd800..<0xdc00).contains(code) {
                guard text[at...].starts(with: "\\u".utf8) else { throw Self.broken("half a surrogate pair", at) }
                at += 2
                let low = try Self.hexDigits(in: text, &at)
                guard (0xdc00..<0xe000).contains(low) else { throw Self.broken("half a surrogate pair", at) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw Self.broken("half a surrogate pair", at) }
            resolved.append(contentsOf: scalar.utf8)
        default: throw Self.broken("an unknown escape", at)
        }
    }

    private static func hexDigits(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(TokenizerError) -> UInt32 {
        var code: UInt32 = 0
        let digits = text[at...].prefix(4)
        for digit in digits {
            switch digit {
            case 0x30...0x39: code = code << 4 | UInt32(digit - 0x30)
            case 0x41...0x46, 0x61...0x66: code = code << 4 | UInt32((digit | 0x20) - 0x61 + 10)
            default: throw broken("an escape without four digits", at)
            }
        }
        guard digits.count == 4 else { throw broken("an escape without four digits", at) }
        at += 4
        return code
    }

    private mutating func number(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) throws(TokenizerError) {
        let start = at
        func digits() -> Int {
            let first = at
            while at < text.count, text[at] &- 0x30 < 10 { at += 1 }
            return at - first
        }
        if at < text.count, text[at] == UInt8(ascii: "-") { at += 1 }
        let first = at
        let whole = digits()
        guard whole == 1 || (whole > 1 && text[first] != 0x30) else { throw Self.broken("no value", start) }
        if at < text.count, text[at] == UInt8(ascii: ".") {
            at += 1
            guard digits() > 0 else { throw Self.broken("no value", start) }
        }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
            guard digits() > 0 else { throw Self.broken("no value", start) }
        }
        append(.number, start, at)
    }

    private mutating func word(
        _ word: StaticString, _ kind: JSONDocument.Kind, in text: UnsafeBufferPointer<UInt8>, _ at: inout Int
    ) throws(TokenizerError) {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard text[at...].starts(with: expected) else { throw Self.broken("no value", at) }
        append(kind, at, at + expected.count)
        at += expected.count
    }

    private static func accept(_ byte: UInt8, in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Bool {
        skipBlanks(in: text, &at)
        guard at < text.count, text[at] == byte else { return false }
        at += 1
        return true
    }

    private static func skipBlanks(in text: UnsafeBufferPointer<UInt8>, _ at: inout Int) {
        while at < text.count, text[at] == 0x20 || text[at] == 0x0a || text[at] == 0x0d || text[at] == 0x09 { at += 1 }
    }

    private static func broken(_ what: String, _ at: Int) -> TokenizerError {
        TokenizerError("not JSON: \(what) at byte \(at)")
    }
}
