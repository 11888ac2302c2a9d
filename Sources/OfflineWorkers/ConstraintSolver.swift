import Chat
import Files

/// Z3: three-colourings and small knapsacks, side conditions and all, within a budget of Z3's own steps.
struct ConstraintSolver: Solver {
    static let name = "smt"
    static let isDeterministic = true

    /// What Z3 counts in place of time: the same on every machine, idle or loaded. About a quarter of a second.
    private static let steps = 250_000

    private let z3: ResidentProgram

    /// Throws where Z3 isn't installed.
    init() throws(InputError) {
        let launch = try Launch("z3", package: "z3", arguments: ["-in"])
        let reset = "(reset)\n(set-option :rlimit \(Self.steps))"
        z3 = ResidentProgram(launch, dialect: .init(reset: reset, echo: { "(echo \"\($0)\")" }))
    }

    func answer(to question: String, seed: UInt64) async throws -> String {
        if let knapsack = KnapsackQuestion(question) { return try await answer(knapsack) }
        if let colouring = ColouringQuestion(question) { return try await answer(colouring) }
        return "I solve constraints, and I find none here that I can read."
    }

    private func answer(_ question: ColouringQuestion) async throws -> String {
        guard question.notation == .pairs else { return "I read conflicts as pairs such as A-B, not as lists." }
        let output = try await z3.ask(Self.script(question))
        return switch output {
        case "sat": "Three are enough.\n\nAnswer: yes"
        case "unsat": "Three are not enough.\n\nAnswer: no"
        default: "I ran out of steps before I could decide that."
        }
    }

    /// A variable for each thing and colour. The ends of the first edge get the first two colours, which loses nothing.
    private static func script(_ question: ColouringQuestion) -> String {
        var lines = question.names.indices.flatMap { thing in
            (0..<3).map { "(declare-const c\(thing)_\($0) Bool)" } + ["(assert (or c\(thing)_0 c\(thing)_1 c\(thing)_2))"]
        }
        for edge in question.edges {
            lines += (0..<3).map { "(assert (not (and c\(edge[0])_\($0) c\(edge[1])_\($0))))" }
        }
        if let edge = question.edges.first { lines += ["(assert c\(edge[0])_0)", "(assert c\(edge[1])_1)"] }
        return (lines + ["(check-sat)"]).joined(separator: "\n")
    }

    private func answer(_ question: KnapsackQuestion) async throws -> String {
        guard !question.hasUnreadCondition else { return "There is a condition that I don't understand." }
        guard question.items.count <= 60 else { return "Those are too many things for me." }
        let output = try await z3.ask(Self.script(question))
        guard output.hasPrefix("sat"), let value = Int(output.filter("0123456789".contains)) else {
            return "I ran out of steps before I could prove which choice is best."
        }
        return "That is the best total there is.\n\nAnswer: \(value)"
    }

    private static func script(_ question: KnapsackQuestion) -> String {
        let items = question.items.enumerated()
        func sum(_ amount: (KnapsackQuestion.Item) -> Int) -> String {
            "(+ 0 0 \(items.map { "(ite b\($0.offset) \(amount($0.element)) 0)" }.joined(separator: " ")))"
        }
        var lines = items.map { "(declare-const b\($0.offset) Bool)" }
        lines.append("(assert (<= \(sum(\.weight)) \(question.capacity)))")
        for condition in question.sideConditions {
            switch condition {
            case .atMost(let count):
                lines.append("(assert ((_ at-most \(count)) \(items.map { "b\($0.offset)" }.joined(separator: " "))))")
            case .apart(let first, let second): lines.append("(assert (not (and b\(first) b\(second))))")
            case .needs(let first, let second): lines.append("(assert (=> b\(first) b\(second)))")
            }
        }
        lines += ["(define-fun best () Int \(sum(\.value)))", "(maximize best)", "(check-sat)", "(get-value (best))"]
        return lines.joined(separator: "\n")
    }
}
