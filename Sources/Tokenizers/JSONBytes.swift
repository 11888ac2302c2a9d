/// A value of a JSON document whose strings are bytes. Foundation's readers put object keys into Swift strings, which
/// are equal when they look equal ("é" in one scalar or in two): a vocabulary would lose entries. Strings and numbers
/// stay where the file has them, so that a vocabulary of 150,000 entries costs no allocation an entry.
struct JSONBytes: Sendable {
    private let document: JSONDocument
    private let index: Int

    /// Parses a whole document (RFC 8259). Throws where and why it is not one.
    init(parsing bytes: [UInt8]) throws(TokenizerError) {
        document = try JSONDocument(parsing: bytes)
        index = 0
    }

    private init(_ document: JSONDocument, _ index: Int) {
        self.document = document
        self.index = index
    }

    private var node: JSONDocument.Node { document.nodes[index] }

    /// The value of a key, the last where it stands twice; nil when there is none, or null.
    subscript(key: StaticString) -> JSONBytes? {
        guard node.kind == .object else { return nil }
        let wanted = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        var found: Int?, at = index + 1
        while at < node.next {
            let isWanted = document.withString(at) { $0.elementsEqual(wanted) }
            at += 1
            if isWanted { found = at }
            at = Int(document.nodes[at].next)
        }
        guard let found, document.nodes[found].kind != .null else { return nil }
        return JSONBytes(document, found)
    }

    var text: String? { withString { String(decoding: $0, as: UTF8.self) } }
    var bytes: [UInt8]? { withString { Array($0) } }
    var flag: Bool? { node.kind == .true ? true : node.kind == .false ? false : nil }

    /// A whole number, also one written as `1e3` or `2.0`.
    var integer: Int? {
        guard node.kind == .number else { return nil }
        return document.withSource(node) { digits in
            guard digits.count <= 15, digits.allSatisfy({ $0 &- 0x30 < 10 }) else {
                return Double(String(decoding: digits, as: UTF8.self)).flatMap(Int.init(exactly:))
            }
            return digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        }
    }

    /// Calls `body` with the bytes of a string, its escapes resolved; nil when the value is none.
    func withString<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
        node.kind == .string ? document.withString(index, body) : nil
    }

    var items: [JSONBytes]? {
        guard node.kind == .array else { return nil }
        var items: [JSONBytes] = []
        forEachItem { items.append($0) }
        return items
    }

    var pairs: [(key: [UInt8], value: JSONBytes)]? {
        guard node.kind == .object else { return nil }
        var pairs: [(key: [UInt8], value: JSONBytes)] = []
        forEachPair { pairs.append((Array($0), $1)) }
        return pairs
    }

    /// Entries of an object, or items of an array; none of another value.
    var count: Int {
        guard node.kind == .object || node.kind == .array else { return 0 }
        var count = 0, at = index + 1
        let end = Int(node.next), step = node.kind == .object ? 1 : 0
        while at < end {
            count += 1
            at = Int(document.nodes[at + step].next)
        }
        return count
    }

    var isArray: Bool { node.kind == .array }
    var isObject: Bool { node.kind == .object }

    /// The items of an array in order, none of another value.
    func forEachItem<Failure>(_ body: (JSONBytes) throws(Failure) -> Void) throws(Failure) {
        guard node.kind == .array else { return }
        var at = index + 1
        let end = Int(node.next)
        while at < end {
            try body(JSONBytes(document, at))
            at = Int(document.nodes[at].next)
        }
    }

    /// The entries of an object in order, none of another value.
    func forEachPair(_ body: (UnsafeBufferPointer<UInt8>, JSONBytes) -> Void) {
        guard node.kind == .object else { return }
        var at = index + 1
        let end = Int(node.next)
        while at < end {
            document.withString(at) { body($0, JSONBytes(document, at + 1)) }
            at = Int(document.nodes[at + 1].next)
        }
    }

    /// The value as Python's `json.dumps(…, ensure_ascii=False)` writes it; numbers as they stand.
    var pythonText: String {
        switch node.kind {
        case .null: return "null"
        case .true: return "true"
        case .false: return "false"
        case .number: return document.withSource(node) { String(decoding: $0, as: UTF8.self) }
        case .string: return withString(Self.quoted) ?? ""
        case .array: return "[" + (items ?? []).map(\.pythonText).joined(separator: ", ") + "]"
        case .object:
            let entries = (pairs ?? []).map { $0.key.withUnsafeBufferPointer(Self.quoted) + ": " + $0.value.pythonText }
            return "{" + entries.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var text = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
