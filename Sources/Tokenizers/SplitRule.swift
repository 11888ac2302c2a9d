/// How a text is cut into words before any merge: the published regular expressions, each by a scanner of its own.
/// Every character is in exactly one word.
enum SplitRule: Sendable, Equatable {
    /// `ByteLevel`'s own, GPT-2's.
    case gpt2
    /// Qwen2's and Llama-3's, which differ in how many digits stand together.
    case modern(digits: Int)
    /// Not at all.
    case whole

    private static let published: [(pattern: String, rule: SplitRule)] = [
        (modernPattern(digits: #"\p{N}"#), .modern(digits: 1)),
        (modernPattern(digits: #"\p{N}{1,3}"#), .modern(digits: 3)),
        (#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
    ]

    private static func modernPattern(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    /// The rule of a published pattern; nil for any other.
    init?(pattern: String) {
        guard let found = Self.published.first(where: { $0.pattern == pattern }) else { return nil }
        self = found.rule
    }

    /// Calls `body` with the borders of each word in order, while it asks for more.
    @inline(__always)
    func forEachWord(of text: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Bool) {
        let scanner = WordScanner(text)
        var start = 0
        while start < text.count {
            let end =
                switch self {
                case .gpt2: scanner.endOfGPT2Word(from: start)
                case .modern(let digits): scanner.endOfModernWord(from: start, digits: digits)
                case .whole: text.count
                }
            guard body(start, end) else { return }
            start = end
        }
    }
}

/// Finds where words end, alternative by alternative of the expressions, without ever going back.
private struct WordScanner {
    private typealias Classes = ScalarClasses
    private let text: UnsafeBufferPointer<UInt8>
    private let classes = ScalarClasses.shared

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Letter, number or blank of the character at `at`, and where the next begins.
    @inline(__always)
    private func kind(at: Int) -> (kind: UInt8, end: Int) {
        let byte = text[at]
        if byte < 0x80 { return (classes.of(UInt32(byte)) & Classes.kinds, at + 1) }
        let (scalar, end) = text.scalar(at: at)
        return (classes.of(scalar.value) & Classes.kinds, end)
    }

    /// Where the characters of `kind` end that stand at `at`, `most` at most.
    @inline(__always)
    private func end(of kind: UInt8, from at: Int, most: Int = .max) -> Int {
        var at = at, count = 0
        while at < text.count, count < most, case let (found, end) = self.kind(at: at), found == kind {
            at = end
            count += 1
        }
        return at
    }

    private func isBreak(_ at: Int) -> Bool { text[at] == 0x0a || text[at] == 0x0d }

    func endOfModernWord(from start: Int, digits: Int) -> Int {
        let (kind, next) = kind(at: start)
        if text[start] == UInt8(ascii: "'"), let end = contraction(at: start, anyCase: true) { return end }
        if kind == Classes.letter { return end(of: Classes.letter, from: next) }
        if kind == Classes.number { return end(of: Classes.number, from: next, most: digits - 1) }
        if !isBreak(start), next < text.count, case let (behind, end) = self.kind(at: next) {
            if behind == Classes.letter { return self.end(of: Classes.letter, from: end) }
            if text[start] == 0x20, behind == 0 { return endWithBreaks(self.end(of: 0, from: end)) }
        }
        return kind == 0 ? endWithBreaks(end(of: 0, from: next)) : endOfBlanks(from: start, breaksFirst: true)
    }

    func endOfGPT2Word(from start: Int) -> Int {
        let (kind, next) = kind(at: start)
        if text[start] == UInt8(ascii: "'"), let end = contraction(at: start, anyCase: false) { return end }
        if kind != Classes.blank { return end(of: kind, from: next) }
        if text[start] == 0x20, next < text.count, case let (behind, end) = self.kind(at: next), behind != Classes.blank {
            return self.end(of: behind, from: end)
        }
        return endOfBlanks(from: start, breaksFirst: false)
    }

    private func endWithBreaks(_ at: Int) -> Int {
        var at = at
        while at < text.count, isBreak(at) { at += 1 }
        return at
    }

    /// Of a run of blanks: up to its last line break where breaks come first, else all but the one before a word.
    private func endOfBlanks(from start: Int, breaksFirst: Bool) -> Int {
        var at = start, last = start, endOfBreaks: Int?
        while at < text.count, case let (kind, end) = kind(at: at), kind == Classes.blank {
            last = at
            if isBreak(at) { endOfBreaks = end }
            at = end
        }
        if breaksFirst, let endOfBreaks { return endOfBreaks }
        return at == text.count || last == start ? at : last
    }

    /// `'s 't 'm 'd 're 've 'll`; in any case, the long s is an s too.
    private func contraction(at start: Int, anyCase: Bool) -> Int? {
        func letter(_ at: Int) -> UInt8 { at < text.count ? (anyCase ? text[at] | 0x20 : text[at]) : 0 }
        let first = letter(start + 1)
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return letter(start + 2) == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"): return letter(start + 2) == UInt8(ascii: "l") ? start + 3 : nil
        default:
            // U+017F in UTF-8.
            let isLongS = anyCase && start + 2 < text.count && text[start + 1] == 0xc5 && text[start + 2] == 0xbf
            return isLongS ? start + 3 : nil
        }
    }
}
