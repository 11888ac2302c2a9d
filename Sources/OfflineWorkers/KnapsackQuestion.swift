import Foundation

/// Which things to choose so that their value is greatest and they fit, under a side condition perhaps.
struct KnapsackQuestion: Sendable, Hashable {
    struct Item: Sendable, Hashable {
        var name: String
        var weight: Int
        var value: Int
    }

    enum SideCondition: Sendable, Hashable {
        /// No more things than this.
        case atMost(Int)
        /// Not both, indices of items.
        case apart(Int, Int)
        /// The first only with the second, indices of items.
        case needs(Int, Int)
    }

    var items: [Item]
    var capacity: Int
    var sideConditions: [SideCondition] = []
    /// Whether a sentence speaks of items, or of a number, and isn't understood.
    var hasUnreadCondition = false

    /// `nil` where there is no list of things with weight and value, or it isn't clear what they must fit into.
    init?(_ text: String) {
        guard text.utf8.count <= 8000 else { return nil }
        let pattern = #"([a-z]+(?: [a-z]+)?) \((?:weight|cost) (\d{1,9}), (?:value|gain) (\d{1,9})\)"#
        guard let expression = try? NSRegularExpression(pattern: pattern) else { return nil }
        let matches = expression.matches(in: text, range: NSRange(text.startIndex..., in: text))
        func part(_ match: NSTextCheckingResult, _ group: Int) -> String {
            Range(match.range(at: group), in: text).map { String(text[$0]) } ?? ""
        }
        items = matches.compactMap { match in
            guard let weight = Int(part(match, 2)), let value = Int(part(match, 3)) else { return nil }
            return Item(name: part(match, 1), weight: weight, value: value)
        }
        guard let first = matches.first.flatMap({ Range($0.range, in: text) }),
            let last = matches.last.flatMap({ Range($0.range, in: text) }), Set(items.map(\.name)).count == items.count
        else { return nil }

        let before = Self.numbers(in: text[..<first.lowerBound]), sentences = Self.sentences(text[last.upperBound...])
        var unread: [Int] = []
        for sentence in sentences {
            if let condition = Self.condition(sentence, items) {
                sideConditions.append(condition)
            } else if before.isEmpty, Self.mentions(sentence, items).isEmpty {
                unread += Self.numbers(in: sentence[...])
            } else if !Self.numbers(in: sentence[...]).isEmpty || !Self.mentions(sentence, items).isEmpty {
                hasUnreadCondition = true
            }
        }
        let capacities = before + unread
        guard capacities.count == 1 else { return nil }
        capacity = capacities[0]
    }

    private static func numbers(in text: Substring) -> [Int] {
        text.split { !("0"..."9" ~= $0) }.compactMap { $0.utf8.count <= 9 ? Int($0) : nil }
    }

    private static func sentences(_ text: Substring) -> [String] {
        text.split { ".?!".contains($0) }.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Indices of the items that a sentence names, in its order; the longest name counts where one is part of another.
    private static func mentions(_ sentence: String, _ items: [Item]) -> [Int] {
        var sentence = " " + sentence.map { $0.isLetter ? String($0) : " " }.joined() + " ",
            found: [(place: Int, item: Int)] = []
        for (index, item) in items.enumerated().sorted(by: { $0.element.name.count > $1.element.name.count }) {
            guard let range = sentence.range(of: " \(item.name) ") else { continue }
            found.append((sentence.distance(from: sentence.startIndex, to: range.lowerBound), index))
            sentence.replaceSubrange(range, with: " \(String(repeating: "#", count: item.name.count)) ")
        }
        return found.sorted { $0.place < $1.place }.map(\.item)
    }

    private static func condition(_ sentence: String, _ items: [Item]) -> SideCondition? {
        func has(_ words: String...) -> Bool { words.contains { sentence.lowercased().contains($0) } }
        let numbers = numbers(in: sentence[...])
        if numbers.count == 1, has("more than", "at most", "up to", "maximum"), has("item", "thing", "them", "pick", "choose") {
            return .atMost(numbers[0])
        }
        let named = mentions(sentence, items)
        guard named.count == 2 else { return nil }
        if has("without") { return has("not", "can't") ? .needs(named[1], named[0]) : nil }
        if has("only") { return has("with", "if", "when") ? .needs(named[0], named[1]) : nil }
        return has("not", "never", "can't", "either") ? .apart(named[0], named[1]) : nil
    }
}
