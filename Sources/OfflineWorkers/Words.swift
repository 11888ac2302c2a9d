/// A question cut into words, numbers and marks: what the front ends look for their slots in.
enum Words {
    enum Token: Hashable {
        /// Lower-case letters, digits and hyphens, beginning with a letter.
        case word(String)
        /// As written: `-40`, `2.5`.
        case number(String)
        /// `.`, `?`, `:`, `,` …
        case mark(Character)
    }

    /// Questions that are longer are read by nobody.
    static let longestQuestion = 20_000

    /// The tokens; none where the question is too long.
    static func tokens(of question: String) -> [Token] {
        guard question.utf8.count <= longestQuestion else { return [] }
        var tokens: [Token] = [], rest = Substring(question)
        while let first = rest.first {
            let text: Substring
            if first.isLetter {
                text = rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
                tokens.append(.word(text.lowercased()))
            } else if let number = number(at: rest, behind: tokens.last) {
                text = number
                tokens.append(.number(String(number)))
            } else {
                text = rest.prefix(1)
                if !first.isWhitespace { tokens.append(.mark(first)) }
            }
            rest = rest[text.endIndex...]
        }
        return tokens
    }

    private static func number(at text: Substring, behind last: Token?) -> Substring? {
        var end = text.startIndex
        // A minus behind a number is a dash.
        if text.first == "-" {
            if case .number = last { return nil }
            end = text.index(after: end)
        }
        let digits = text[end...].prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        end = digits.endIndex
        if text[end...].first == "." {
            let decimals = text[end...].dropFirst().prefix { $0.isASCII && $0.isNumber }
            if !decimals.isEmpty { end = decimals.endIndex }
        }
        return text[..<end]
    }
}
