import Foundation

/// A cheap worker that answers everything at once, always sure of itself: a few steps of the simplest method for each kind
/// of question, with chance in them. It is right where the question is easy, and doesn't notice where it isn't.
struct Generalist: Solver {
    static let name = "brute"
    static let isDeterministic = false

    /// Trial division ends here.
    static let largestDivisor: UInt32 = 100_000
    /// Steps of Fermat's method.
    static let fermatSteps = 100
    /// Longer numbers aren't looked at.
    static let mostDigits = 120

    private static let lanes = Lanes<Void>(name: "generalist", count: 2) {}

    func answer(to question: String, seed: UInt64) async throws -> String {
        try await Self.lanes.run { _ in
            var draws = SeededDraws(worker: Self.name, question: question, seed: seed)
            if let parsed = ProgramQuestion(question) { return Self.program(parsed, &draws) }
            let (reason, answer) = Self.guess(question, &draws)
            return "\(reason)\n\nAnswer: \(answer)"
        }
    }

    private static func guess(_ question: String, _ draws: inout SeededDraws) -> (reason: String, answer: String) {
        if let parsed = ColouringQuestion(question) { return colouring(parsed, &draws) }
        if let parsed = KnapsackQuestion(question) { return knapsack(parsed, &draws) }
        if let parsed = IntegralQuestion(question) { return integral(parsed, &draws) }
        if let parsed = FactorQuestion(question) { return factor(parsed) }
        if let parsed = UnitsQuestion(question) { return Recollection.convert(parsed, &draws) }
        if let parsed = LexicalQuestion(question) { return Recollection.classify(parsed, &draws) }
        return ("I'd say so without a second thought.", "\(Int.random(in: 1...100, using: &draws))")
    }

    // MARK: Numbers

    /// Simpson's rule with a random number of panels; a value that isn't finite counts as zero, and infinity begins ten
    /// units away.
    private static func integral(_ question: IntegralQuestion, _ draws: inout SeededDraws) -> (String, String) {
        func place(_ bound: IntegralQuestion.Bound) -> Double? {
            if case .at(let formula) = bound { formula.value(at: 0) } else { nil }
        }
        let (low, high) = (place(question.lower), place(question.upper))
        let a = low ?? (high ?? 10) - 10, b = high ?? a + 10
        let panels = 2 * Int.random(in: 2...16, using: &draws), step = (b - a) / Double(panels)
        var sum = 0.0
        for node in 0...panels {
            let value = question.integrand.value(at: node == panels ? b : a + Double(node) * step)
            let weight = node == 0 || node == panels ? 1.0 : node % 2 == 1 ? 4 : 2
            if value.isFinite { sum += weight * value }
        }
        let result = sum * step / 3
        return ("Simpson's rule with \(panels) panels gives it.", result.isFinite ? "\(result)" : "0")
    }

    private static func factor(_ question: FactorQuestion) -> (String, String) {
        guard question.digits.count <= mostDigits, let number = Natural(decimal: question.digits) else {
            return ("A number as long as that is surely even.", "2")
        }
        if let small = Fermat.smallFactor(of: number, bound: largestDivisor) { return ("Trial division finds it.", "\(small)") }
        if let close = Fermat.closeFactor(of: number, steps: fermatSteps) { return ("Fermat's method finds it.", "\(close)") }
        return ("Nothing divides it, so it is a prime itself.", "\(number)")
    }

    // MARK: Choices

    /// Each thing in a random order gets the first colour that is free; two attempts.
    private static func colouring(_ question: ColouringQuestion, _ draws: inout SeededDraws) -> (String, String) {
        var neighbours = [[Int]](repeating: [], count: question.names.count)
        for edge in question.edges where edge.count == 2 {
            neighbours[edge[0]].append(edge[1])
            neighbours[edge[1]].append(edge[0])
        }
        for _ in 0..<2 {
            var colours = [Int](repeating: -1, count: neighbours.count)
            let isDone = neighbours.indices.shuffled(using: &draws).allSatisfy { place in
                let free = (0..<3).first { colour in !neighbours[place].contains { colours[$0] == colour || $0 == place } }
                colours[place] = free ?? -1
                return free != nil
            }
            if isDone { return ("I have found a way.", "yes") }
        }
        return ("There is no way to do it.", "no")
    }

    /// The better of two greedy choices, by value for weight as seen through some noise. It reads a side condition every
    /// other time.
    private static func knapsack(_ question: KnapsackQuestion, _ draws: inout SeededDraws) -> (String, String) {
        let conditions = Bool.random(using: &draws) ? question.sideConditions : []
        var best = 0
        for _ in 0..<2 {
            let order = question.items.map { item in
                Double(item.value) / Double(max(item.weight, 1)) * Double.random(in: 0.7...1.3, using: &draws)
            }
            var chosen: Set<Int> = [], weight = 0
            for index in question.items.indices.sorted(by: { order[$0] > order[$1] }) {
                let isAllowed = conditions.allSatisfy { condition in
                    switch condition {
                    case .atMost(let count): chosen.count < count
                    case .apart(let a, let b): !(index == a && chosen.contains(b) || index == b && chosen.contains(a))
                    case .needs(let a, let b): index != a || chosen.contains(b)
                    }
                }
                guard isAllowed, weight + question.items[index].weight <= question.capacity else { continue }
                weight += question.items[index].weight
                chosen.insert(index)
            }
            best = max(best, chosen.reduce(0) { $0 + question.items[$1].value })
        }
        return ("Taking the best ones first gets this far.", "\(best)")
    }

    // MARK: Programs

    private static let templates: Set = [
        "reverse", "sort", "sort down", "tail", "evens", "unique", "sum", "maximum", "minimum", "length", "reverse text",
        "upper", "lower",
        "no vowels", "text length", "count vowels",
    ]

    /// Some templates are held against the first example; where none fits, the last one it is.
    private static func program(_ question: ProgramQuestion, _ draws: inout SeededDraws) -> String {
        let first = question.examples[0]
        let known = ProgramStep.all.filter { templates.contains($0.name) && $0.operands == [first.argument.kind] }
        let tried = known.shuffled(using: &draws).prefix(6)
        let step = tried.first { $0.apply([first.argument]) == first.result } ?? tried.last
        return "This is all there is to it:\n\n```python\ndef f(a):\n    return \(step?.python ?? "a")\n```"
    }
}
