/// Reads the few forms of JSON that a safetensors header may have: objects, strings, lists of natural numbers.
struct HeaderScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// An object; `value` is called behind each key and its colon, and reads the value.
    mutating func object(_ value: (inout HeaderScanner, String) throws(WeightsError) -> Void) throws(WeightsError) {
        try expect(UInt8(ascii: "{"))
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            try expect(UInt8(ascii: ":"))
            try value(&self, key)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// An object of strings.
    mutating func strings() throws(WeightsError) -> [String: String] {
        var pairs: [String: String] = [:]
        try object { scanner, key throws(WeightsError) in
            guard pairs.updateValue(try scanner.string(), forKey: key) == nil else {
                throw WeightsError("metadata \"\(key)\" is given twice")
            }
        }
        return pairs
    }

    /// A list of whole numbers of 0 and above, each at most `Int.max`.
    mutating func naturals() throws(WeightsError) -> [Int] {
        var numbers: [Int] = []
        try expect(UInt8(ascii: "["))
        if accept(UInt8(ascii: "]")) { return numbers }
        repeat { numbers.append(try natural()) } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return numbers
    }

    /// Nothing but blanks is left.
    mutating func end() throws(WeightsError) {
        skipBlanks()
        guard position == bytes.count else { throw broken("something follows the header's object") }
    }

    /// A string, with its escapes resolved.
    mutating func string() throws(WeightsError) -> String {
        try expect(UInt8(ascii: "\""))
        var units: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): units.append(contentsOf: try escape())
            case 0..<0x20: throw broken("a control character in a string")
            default: units.append(byte)
            }
        }
        throw broken("a string without end")
    }

    private mutating func escape() throws(WeightsError) -> [UInt8] {
        guard position < bytes.count else { throw broken("a string without end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
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
            return Array(String(Character(scalar)).utf8)
        default: throw broken("an unknown escape")
        }
    }

    private mutating func hexDigits() throws(WeightsError) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        // The sign that an integer's initialiser takes is no digit.
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw broken("an escape without four digits") }
        position += 4
        return code
    }

    private mutating func natural() throws(WeightsError) -> Int {
        skipBlanks()
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Int(digits) else {
            throw broken(digits.isEmpty ? "not a whole number of 0 or above" : "a number too large: \(digits)")
        }
        return number
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(WeightsError) {
        guard accept(byte) else { throw broken("no \"\(Character(Unicode.Scalar(byte)))\"") }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private func broken(_ what: String) -> WeightsError {
        WeightsError("the header is not the JSON it should be: \(what) at byte \(position)")
    }
}
