import Evolution

/// How many evaluations a search needs until a candidate's value is at most a target.
enum Evaluations {
    struct Question: Decodable {
        var function: TestFunction
        var dimension: Int
        var seed: UInt64
        /// With the other choices of `Strategy.standard`.
        var weights: Strategy.Weights
        var start: Double
        var stepSize: Double
        var target: Double
        /// Evaluations after which it is given up.
        var limit: Int
        /// At most so many, where a search can get no further; then those of all searches count.
        var restarts: Int
    }

    /// `evaluations` is null where the limit came first; `best` is the least value seen.
    struct Answer: Encodable {
        var evaluations: Int?
        var best: Double
        var endings: [StopReason]
    }

    static func answer(_ question: Question) throws -> Answer {
        let scales = question.function.scales(question.dimension)
        var strategy = Strategy.standard(dimension: question.dimension)
        strategy.weights = question.weights
        let first = SepCMAES(
            mean: [Double](repeating: question.start, count: question.dimension), stepSize: question.stepSize,
            seed: question.seed, strategy: strategy)
        let rules = question.restarts > 0 ? StopRules.deterministic : StopRules()
        var search = RestartingSearch(first: first, rules: rules, mostRestarts: question.restarts)
        var population = Population(), best = Double.infinity, evaluations = 0
        while evaluations < question.limit, search.ending == nil {
            search.ask(into: &population)
            var fitness: [Double] = []
            for row in 0..<population.count {
                let value = question.function.value(population[row], scales: scales)
                evaluations += 1
                best = min(best, value)
                if value <= question.target {
                    return Answer(evaluations: evaluations, best: best, endings: search.endings)
                }
                fitness.append(-value)
            }
            search.tell(fitness, of: population)
        }
        return Answer(evaluations: nil, best: best, endings: search.endings + (search.ending.map { [$0] } ?? []))
    }
}
