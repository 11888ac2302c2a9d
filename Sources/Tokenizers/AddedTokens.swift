/// Tokens that are found in the text itself, before it is split into words: `[SEP]`, or words that were added later.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        let id: Int32
        /// What is looked for; not empty.
        let content: [UInt8]
        let isSingleWord: Bool
        let takesBlanksBefore: Bool
        let takesBlanksBehind: Bool
    }

    private var byFirstByte: [[Token]] = Array(repeating: [], count: 256)
    private var isFirstByte = [Bool](repeating: false, count: 256)
    private(set) var isEmpty = true

    init(_ tokens: [Token]) {
        for token in tokens {
            guard let first = token.content.first else { continue }
            byFirstByte[Int(first)].append(token)
            isFirstByte[Int(first)] = true
            isEmpty = false
        }
        // The leftmost match wins, and of those the longest.
        for index in byFirstByte.indices { byFirstByte[index].sort { $0.content.count > $1.content.count } }
    }

    /// Calls `body` with each stretch of text between tokens (nil id) and each token, in order, while it asks for more.
    func split(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>, Int32?) -> Bool) {
        var pending = 0, at = 0
        while !isEmpty, at < text.count {
            guard isFirstByte[Int(text[at])], let token = match(in: text, at: at) else {
                at += 1
                continue
            }
            let end = at + token.content.count
            guard !token.isSingleWord || standsAlone(in: text, from: at, to: end) else {
                at = end
                continue
            }
            var first = at, behind = end
            if token.takesBlanksBefore {
                while first > pending, let blank = blankBefore(first, in: text) { first = max(pending, blank) }
            }
            if token.takesBlanksBehind { while let blank = blankBehind(behind, in: text) { behind = blank } }
            if first > pending, !body(UnsafeBufferPointer(rebasing: text[pending..<first]), nil) { return }
            guard body(UnsafeBufferPointer(rebasing: text[at..<end]), token.id) else { return }
            pending = behind
            at = behind
        }
        if pending < text.count { _ = body(UnsafeBufferPointer(rebasing: text[pending...]), nil) }
    }

    private func match(in text: UnsafeBufferPointer<UInt8>, at: Int) -> Token? {
        for token in byFirstByte[Int(text[at])] where text.count - at >= token.content.count {
            if text[at..<at + token.content.count].elementsEqual(token.content) { return token }
        }
        return nil
    }

    /// Neither neighbour is a letter, digit, mark or connector (`\w` of Unicode).
    private func standsAlone(in text: UnsafeBufferPointer<UInt8>, from first: Int, to end: Int) -> Bool {
        let before = scalarBefore(first, in: text).map { Self.isWord($0.0) } ?? false
        let behind = scalarBehind(end, in: text).map { Self.isWord($0.0) } ?? false
        return !before && !behind
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return properties.isAlphabetic || properties.isJoinControl
        }
    }

    private func blankBefore(_ at: Int, in text: UnsafeBufferPointer<UInt8>) -> Int? {
        scalarBefore(at, in: text).flatMap { $0.0.properties.isWhitespace ? $0.1 : nil }
    }

    private func blankBehind(_ at: Int, in text: UnsafeBufferPointer<UInt8>) -> Int? {
        scalarBehind(at, in: text).flatMap { $0.0.properties.isWhitespace ? $0.1 : nil }
    }

    private func scalarBefore(_ at: Int, in text: UnsafeBufferPointer<UInt8>) -> (Unicode.Scalar, Int)? {
        guard at > 0 else { return nil }
        var start = at - 1
        while start > 0, text[start] & 0xc0 == 0x80 { start -= 1 }
        return String(decoding: text[start..<at], as: UTF8.self).unicodeScalars.first.map { ($0, start) }
    }

    private func scalarBehind(_ at: Int, in text: UnsafeBufferPointer<UInt8>) -> (Unicode.Scalar, Int)? {
        guard at < text.count else { return nil }
        var end = at + 1
        while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
        return String(decoding: text[at..<end], as: UTF8.self).unicodeScalars.first.map { ($0, end) }
    }
}
