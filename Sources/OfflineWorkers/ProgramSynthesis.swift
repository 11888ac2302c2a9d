/// A program from examples, by trying small programs until one fits. The seed decides which of equally large programs are
/// tried first, so it is stochastic where several fit or where the budget ends before the search.
///
/// Its weaknesses: a program of many steps lies beyond the budget, and one that fits the few examples may not be the one
/// that was meant.
struct ProgramSynthesis: Solver {
    static let name = "synth"
    static let isDeterministic = false

    /// Programs tried for a question.
    static let budget = 20_000
    /// Parts of the largest program, without the argument.
    static let depth = 4

    private static let lanes = Lanes<Void>(name: "program synthesis", count: 2) {}

    func answer(to question: String, seed: UInt64) async throws -> String {
        guard let parsed = ProgramQuestion(question) else {
            return "I write programs from examples such as f(ARGUMENT) -> RESULT, and can't read any here."
        }
        return try await Self.lanes.run { _ in
            var draws = SeededDraws(worker: Self.name, question: question, seed: seed)
            switch ProgramSearch.run(parsed.examples, depth: Self.depth, budget: Self.budget, draws: &draws) {
            case .found(let python, let tried):
                return "The first of \(tried) programs that fits the examples:\n\n```python\n\(python)\n```"
            case .outOfBudget(let tried):
                return "None of the \(tried) programs that I have tried fits all examples; I give up."
            case .exhausted(let tried):
                return "There are \(tried) programs within my reach, and none of them fits all examples."
            }
        }
    }
}
