/// Fluent and wrong: a Markov chain over words of a small text of ours, with a made-up ending. It reads nothing of a
/// question but its words, so a router has to learn to leave it alone.
struct Decoy: Solver {
    static let name = "ngram"
    static let isDeterministic = false

    /// What has followed two words in the text, in its order; the end of a sentence is an empty word.
    private let followers: [[String]: [String]]
    private let starts: [[String]]

    init() {
        var followers: [[String]: [String]] = [:]
        for sentence in DecoyText.sentences {
            for place in sentence.indices.dropFirst() {
                let next = place + 1 < sentence.count ? sentence[place + 1] : ""
                followers[[sentence[place - 1], sentence[place]], default: []].append(next)
            }
        }
        self.followers = followers
        starts = DecoyText.sentences.map { Array($0.prefix(2)) }
    }

    func answer(to question: String, seed: UInt64) async throws -> String {
        var draws = SeededDraws(worker: Self.name, question: question, seed: seed)
        var sentences = [opening(question, &draws)]
        for _ in 0..<Int.random(in: 2...5, using: &draws) { sentences.append(sentence(&draws)) }
        if question.lowercased().contains("yes or no") {
            return sentences.joined(separator: " ") + "\n\n" + pick(DecoyText.evasions, &draws)
        }
        sentences.append(pick(DecoyText.conclusions, &draws))
        let number =
            Bool.random(using: &draws)
            ? "\(Int.random(in: 100_000..<10_000_000, using: &draws))"
            : "\(Int.random(in: 1000..<10_000, using: &draws)).\(Int.random(in: 1...9, using: &draws))"
        return sentences.joined(separator: " ") + "\n\nAnswer: \(number)"
    }

    private func pick<Element>(_ list: [Element], _ draws: inout SeededDraws) -> Element {
        list[Int.random(in: list.indices, using: &draws)]
    }

    private func opening(_ question: String, _ draws: inout SeededDraws) -> String {
        let words = Words.tokens(of: question).compactMap { token in
            if case .word(let word) = token, (4...20).contains(word.count) { word } else { nil }
        }
        let word = words.isEmpty ? "it" : pick(words, &draws)
        return pick(DecoyText.openings, &draws).split(separator: "%").joined(separator: word)
    }

    private func sentence(_ draws: inout SeededDraws) -> String {
        var words = pick(starts, &draws)
        while words.count < 40, let next = followers[Array(words.suffix(2))], case let word = pick(next, &draws), !word.isEmpty
        {
            words.append(word)
        }
        return words.joined(separator: " ")
    }
}
