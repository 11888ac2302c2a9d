public import Tensors

/// Searches one after the other: where one can get no further, the next starts elsewhere with twice the population (IPOP:
/// Auger and Hansen, "A restart CMA evolution strategy with increasing population size", CEC 2005). Larger populations see
/// the landscape behind its bumps.
///
/// The value is the whole endeavour; a copy or a decoded one continues with the same bits.
public struct RestartingSearch: Sendable, Codable, Equatable {
    /// Where the searches after the first one start.
    public enum Start: Sendable, Codable, Equatable {
        /// Where the first one did.
        case again
        /// Uniformly in a box: lower and upper borders, `[n]`.
        case uniform(lower: [Double], upper: [Double])
    }

    /// A point and what it was worth.
    public struct Point: Sendable, Codable, Equatable {
        public let values: [Double]
        public let fitness: Double
    }

    /// The search that runs.
    public private(set) var search: SepCMAES
    /// When a search ends. `evaluations` is what all of them may take together; with `target` all end.
    public let rules: StopRules
    public let start: Start
    /// How many times to start again at most.
    public let mostRestarts: Int
    /// How many times it was started again so far, and why the searches before ended.
    public private(set) var endings: [StopReason] = []
    /// Candidates of the searches before this one.
    public private(set) var earlierEvaluations = 0
    /// The best candidate of all searches; nil before the first `tell`. Under noise it is a lucky one.
    public private(set) var best: Point?
    private let first: SepCMAES

    /// Searches that begin with `first`. A box to start in has its dimension.
    public init(first: SepCMAES, rules: StopRules = .deterministic, start: Start = .again, mostRestarts: Int = 9) {
        if case .uniform(let lower, let upper) = start {
            precondition(
                lower.count == first.mean.count && upper.count == first.mean.count,
                "a box of \(lower.count) and \(upper.count) dimensions for a search of \(first.mean.count)")
        }
        search = first
        self.first = first
        self.rules = rules
        self.start = start
        self.mostRestarts = mostRestarts
    }

    /// Candidates told so far.
    public var evaluations: Int { earlierEvaluations + search.state.record.evaluations }

    /// Why there is nothing more to do; nil to go on.
    public var ending: StopReason? {
        if let reason = search.stopReason(rulesNow), reason == .target || reason == .budget || endings.count >= mostRestarts {
            return reason
        }
        return nil
    }

    private var rulesNow: StopRules {
        var now = rules
        now.evaluations = rules.evaluations.map { $0 - earlierEvaluations }
        return now
    }

    /// As `SepCMAES.ask(threads:)`.
    public func ask(threads: Threads = .one) -> Population { search.ask(threads: threads) }

    /// As `SepCMAES.ask(into:threads:)`.
    public func ask(into population: inout Population, threads: Threads = .one) {
        search.ask(into: &population, threads: threads)
    }

    /// As `SepCMAES.tell`; then starts again if the search ended and neither the budget nor the target is reached. The
    /// population must be the one asked for.
    public mutating func tell(_ fitness: [Double], of population: Population, threads: Threads = .one) {
        let leader = fitness.indices.filter { !fitness[$0].isNaN }.max { fitness[$0] < fitness[$1] }
        if let leader, best.map({ fitness[leader] > $0.fitness }) ?? true {
            best = Point(values: Array(population[leader]), fitness: fitness[leader])
        }
        search.tell(fitness, of: population, threads: threads)
        guard let reason = search.stopReason(rulesNow), ending == nil else { return }
        endings.append(reason)
        earlierEvaluations += search.state.record.evaluations
        search = successor()
    }

    /// The next search: λ doubled, all constants anew, with a seed and a start of its own.
    private func successor() -> SepCMAES {
        let initial = first.state, number = UInt32(truncatingIfNeeded: endings.count)
        var draws = Philox(seed: initial.seed).stream(row: 0, generation: number, purpose: .restart)
        let seed = draws.next()
        var mean = initial.mean
        if case .uniform(let lower, let upper) = start, lower.count == mean.count, upper.count == mean.count {
            for j in mean.indices {
                let share = Double(draws.next() >> 11) * 0x1p-53
                mean[j] = lower[j] + share * (upper[j] - lower[j])
            }
        }
        initial.bounds?.repair(&mean)
        return SepCMAES(
            mean: mean, stepSize: initial.stepSize, scales: initial.variances.map { $0.squareRoot() }, seed: seed,
            populationSize: initial.populationSize << min(endings.count, 20), strategy: initial.strategy,
            bounds: initial.bounds)
    }
}
