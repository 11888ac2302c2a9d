/// A question whether one noun is of the class that another one names.
struct LexicalQuestion: Sendable, Equatable {
    /// Lower case, one to four words.
    var noun: String
    /// The same.
    var category: String

    private static let leads: Set = ["is", "call", "whether", "every", "does", "that", "can"]
    private static let articles: Set = ["a", "an", "the"]
    private static let links = [
        ["a", "kind", "of"], ["is"], ["counts", "as"], ["belong", "to", "the", "class"], ["be", "described", "as"],
    ]
    private static let mostWords = 4

    /// `nil` where there is no such pair, and where there is a number: then something else is asked.
    init?(_ question: String) {
        let tokens = Words.tokens(of: question)
        var words: [String] = []
        for token in tokens {
            switch token {
            case .number: return nil
            case .word(let word): words.append(word)
            // Quotes don't end a noun, all other marks do.
            case .mark(let mark): if !"\"“”'‘’".contains(mark) { words.append("") }
            }
        }
        for lead in words.indices where Self.leads.contains(words[lead]) {
            guard let pair = Self.pair(in: words[(lead + 1)...], mayLackLink: words[lead] == "is") else { continue }
            (noun, category) = pair
            return
        }
        return nil
    }

    /// Noun, link and class at the start of `words`; behind `Is` the class follows with its article alone.
    private static func pair(in words: ArraySlice<String>, mayLackLink: Bool) -> (String, String)? {
        let words = words.first.map(articles.contains) == true ? words.dropFirst() : words
        let clause = words.prefix { !$0.isEmpty }
        for count in 1...mostWords where count < clause.count {
            let noun = clause.prefix(count), behind = clause.dropFirst(count)
            var link = links.first { behind.starts(with: $0) }?.count
            if link == nil, mayLackLink, let next = behind.first, articles.contains(next) || clause.count == 2 { link = 0 }
            guard let link else { continue }
            var category = behind.dropFirst(link)
            if let next = category.first, articles.contains(next) { category = category.dropFirst() }
            guard (1...mostWords).contains(category.count) else { return nil }
            return (noun.joined(separator: " "), category.joined(separator: " "))
        }
        return nil
    }
}
