import Foundation

/// A definite integral, found in whatever sentence it stands.
struct IntegralQuestion: Sendable, Hashable {
    enum Bound: Sendable, Hashable {
        /// A constant.
        case at(Formula)
        case infinity
        case minusInfinity
    }

    var integrand: Formula
    var lower: Bound
    var upper: Bound

    /// `nil` where there is no expression in `x`, or not exactly two bounds beside it.
    init?(_ text: String) {
        guard text.utf8.count <= 2000 else { return nil }
        let words = text.split { $0.isWhitespace }.map(String.init)
        guard let (formula, place) = Self.integrand(in: words) else { return nil }
        integrand = formula
        var rest = words
        rest.replaceSubrange(place, with: ["…"])
        guard let (low, high) = Self.bounds(in: rest.joined(separator: " ")) else { return nil }
        (lower, upper) = (low, high)
    }

    /// The longest run of words that is an expression in `x`, and more than the letter itself; where there is none, the
    /// letter behind a word that announces it.
    private static func integrand(in words: [String]) -> (Formula, Range<Int>)? {
        var best: (formula: Formula, place: Range<Int>, length: Int)?
        for start in words.indices {
            for end in start + 1...min(words.count, start + 40) {
                let text = bare(words[start..<end].joined(separator: " "))
                guard text.utf8.count > max(best?.length ?? 0, 1), let formula = Formula(text), formula.hasX else { continue }
                best = (formula, start..<end, text.utf8.count)
                // What ends a clause ends the expression.
                if let last = words[end - 1].last, ",.?;:".contains(last) { break }
            }
        }
        if let best { return (best.formula, best.place) }
        let announcing: Set = ["of", "=", "is", "integrate", "∫"]
        for (index, word) in words.enumerated().dropFirst() where bare(word) == "x" {
            if announcing.contains(words[index - 1].lowercased()) { return (.x, index..<index + 1) }
        }
        return nil
    }

    /// Without the punctuation of the sentence around it.
    private static func bare(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, ",.?;:\"'".contains(last) { text.removeLast() }
        while let first = text.first, "\"'∫".contains(first) { text.removeFirst() }
        return String(text)
    }

    private static func bounds(in text: String) -> (Bound, Bound)? {
        let constant = #"(?:x = )?([^\s,\[\]]+)"#
        let forms = [
            #"\[\s*\#(constant),\s*\#(constant)\s*\]"#, #"[Ff]rom \#(constant) (?:up )?to \#(constant)"#,
            #"[Bb]etween \#(constant) and \#(constant)"#,
            #"lower (?:limit|bound) (?:is |of )?\#(constant).*upper (?:limit|bound) (?:is |of )?\#(constant)"#,
        ]
        for form in forms {
            guard let expression = try? NSRegularExpression(pattern: form) else { continue }
            let all = expression.matches(in: text, range: NSRange(text.startIndex..., in: text))
            for match in all {
                let parts = (1...2).compactMap { Range(match.range(at: $0), in: text).map { String(text[$0]) } }
                let found = parts.compactMap(bound)
                if found.count == 2 { return (found[0], found[1]) }
            }
        }
        // No form that is known: the only two constants there are.
        let constants = text.split { $0 == " " || $0 == "[" || $0 == "]" }.compactMap { word in
            word.contains { $0.isNumber } || word.hasPrefix("pi") || word.hasPrefix("infinity") ? bound(String(word)) : nil
        }
        return constants.count == 2 ? (constants[0], constants[1]) : nil
    }

    private static func bound(_ text: String) -> Bound? {
        switch bare(text) {
        case "infinity", "inf", "∞", "+infinity", "+∞": return .infinity
        case "-infinity", "-inf", "-∞": return .minusInfinity
        case let text:
            guard let formula = Formula(text), !formula.hasX else { return nil }
            return .at(formula)
        }
    }
}
