extension JSON {
    /// Compact JSON, members in their order.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, sorted: false)
        return bytes
    }

    /// Compact JSON with the members of each object sorted by the bytes of their keys: equal values have equal bytes.
    public var canonicalBytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, sorted: true)
        return bytes
    }

    /// ``bytes`` as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Appends the JSON to `bytes`.
    public func write(to bytes: inout [UInt8], sorted: Bool = false) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let digits): bytes.append(contentsOf: digits.utf8)
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes, sorted: sorted)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            let members = sorted ? object.canonicalMembers : object.members
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes, sorted: sorted)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            // What needs no escape goes in as it lies.
            var first = 0
            for (index, byte) in utf8.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: utf8[first..<index])
                escape(byte, to: &bytes)
                first = index + 1
            }
            bytes.append(contentsOf: utf8[first...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func escape(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
        }
    }
}

extension JSONObject {
    /// One member a key, the last, in the order of the keys' bytes.
    fileprivate var canonicalMembers: [Member] {
        // By bytes, not by `==`, for which differently composed letters are the same.
        let sorted = members.enumerated().sorted { left, right in
            let (a, b) = (left.element.key.utf8, right.element.key.utf8)
            return a.elementsEqual(b) ? left.offset < right.offset : a.lexicographicallyPrecedes(b)
        }
        var last: [Member] = []
        for (_, member) in sorted {
            if let previous = last.last, previous.key.utf8.elementsEqual(member.key.utf8) { last.removeLast() }
            last.append(member)
        }
        return last
    }
}
