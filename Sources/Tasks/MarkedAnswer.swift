/// The parts of a text that say of themselves that they are the answer: `\boxed{…}`, `<answer>…</answer>`, `#### …`, and
/// lines that begin with `Answer:`.
enum MarkedAnswer {
    /// All of them, the one that begins last first: what was said last counts, and of `<answer>\boxed{7}</answer>` the inner part.
    static func all(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        var found: [(start: Int, content: Range<Int>)] = []
        var lineStart = true
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if lineStart, let content = labelled(bytes, from: index) { found.append((index, content)) }
            lineStart = byte == UInt8(ascii: "\n")
            if byte == UInt8(ascii: "\\"), let open = brace(after: index, in: bytes), let close = closing(open, in: bytes) {
                found.append((index, open + 1..<close))
            } else if byte == UInt8(ascii: "<"), starts(bytes, "<answer>", at: index) {
                found.append((index, index + 8..<endOfTag(from: index + 8, in: bytes)))
            }
            index += 1
        }
        return found.reversed().map { String(decoding: bytes[$0.content], as: UTF8.self).trimmed }
    }

    /// The content of the last `<name>…</name>`.
    static func tag(_ name: String, in text: String) -> String? {
        guard let open = text.ranges(of: "<\(name)>").last else { return nil }
        let rest = text[open.upperBound...]
        return String(rest[..<(rest.firstRange(of: "</\(name)>")?.lowerBound ?? rest.endIndex)]).trimmed
    }

    private static let boxes = ["\\boxed{", "\\fbox{", "\\boxed {"]

    private static func brace(after index: Int, in bytes: [UInt8]) -> Int? {
        boxes.first { starts(bytes, $0, at: index) }.map { index + $0.utf8.count - 1 }
    }

    /// The brace that closes the one at `open`. No box in an answer is longer than 10,000 bytes: that keeps thousands of boxes
    /// without an end from costing the square of their number.
    private static func closing(_ open: Int, in bytes: [UInt8]) -> Int? {
        var depth = 0
        for index in open..<min(bytes.count, open + 10_000) {
            if bytes[index] == UInt8(ascii: "{") { depth += 1 }
            if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private static func endOfTag(from start: Int, in bytes: [UInt8]) -> Int {
        let limit = min(bytes.count, start + 10_000)
        for index in start..<limit where bytes[index] == UInt8(ascii: "<") {
            if starts(bytes, "</answer>", at: index) || starts(bytes, "<answer>", at: index) { return index }
        }
        return limit
    }

    private static let labels = ["final answer", "the final answer", "my answer", "the answer", "answer"]

    /// What follows `Answer:` (with whatever markdown around it) or `####` on the line that begins at `start`.
    private static func labelled(_ bytes: [UInt8], from start: Int) -> Range<Int>? {
        if starts(bytes, "####", at: start) {
            let content = start + 4..<endOfLine(from: start + 4, in: bytes)
            // A headline, unless it is a number, as GSM8K writes.
            let first = bytes[content].first { $0 != UInt8(ascii: " ") }
            if let first, "+-$0123456789.".utf8.contains(first) { return content }
        }
        var index = start
        while index < bytes.count, index < start + 8, " \t*_#>`".utf8.contains(bytes[index]) { index += 1 }
        guard let label = labels.first(where: { starts(bytes, $0, at: index) }) else { return nil }
        index += label.utf8.count
        while index < bytes.count, "*_ ".utf8.contains(bytes[index]) { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
        index += 1
        while index < bytes.count, "*_ \t".utf8.contains(bytes[index]) { index += 1 }
        var end = endOfLine(from: index, in: bytes)
        if index == end, end < bytes.count {
            // "Answer:" with the answer below it.
            while index < bytes.count, " \t\r\n".utf8.contains(bytes[index]) { index += 1 }
            end = endOfLine(from: index, in: bytes)
        }
        return index < end ? index..<end : nil
    }

    private static func endOfLine(from start: Int, in bytes: [UInt8]) -> Int {
        bytes[min(start, bytes.count)...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    }

    /// Whether `word`, which is in small letters, stands at `index`, in letters of any size.
    private static func starts(_ bytes: [UInt8], _ word: String, at index: Int) -> Bool {
        guard index + word.utf8.count <= bytes.count else { return false }
        var position = index
        for byte in word.utf8 {
            let other = bytes[position]
            guard (other >= 0x41 && other <= 0x5A ? other | 0x20 : other) == byte else { return false }
            position += 1
        }
        return true
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
