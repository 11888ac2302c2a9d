public import Tensors

/// Separable CMA-ES: evolution of a vector by ask and tell, with a variance for each coordinate. Maximises.
///
/// The value is the whole search. `ask` is a pure function of it, and random numbers come from a counter, so a copy, a
/// decoded search or a second process continues with the same bits. With D = √C, candidates are x_i = m + σ D z_i,
/// z_i ~ N(0, I). Written with the equation numbers of Hansen's tutorial (arXiv 1604.00772); separable form by Ros and
/// Hansen, PPSN 2008. Sums and products are the same on every machine; `exp` and `log` of σ and of constants are the C
/// library's.
public struct SepCMAES: Sendable, Equatable {
    /// All that the search remembers; save this, and restore it with `init(_:)`.
    public private(set) var state: State

    /// λ: candidates in a generation.
    public var populationSize: Int { state.populationSize }
    /// Generations told so far.
    public var generation: Int { state.generation }
    /// The distribution's centre, and the result worth keeping: under noise the best candidate is a lucky one.
    public var mean: [Double] { state.mean }
    /// σ, which adaptation keeps within 1e-100 … 1e100.
    public var stepSize: Double { state.stepSize }
    /// The diagonal of C, kept within 1e-200 … 1e200. A coordinate's standard deviation is σ√variance.
    public var variances: [Double] { state.variances }
    /// √(largest / smallest variance): 1 for a ball.
    public var axisRatio: Double {
        ((state.variances.max() ?? 1) / (state.variances.min() ?? 1)).squareRoot()
    }
    /// The constants that follow from dimension, population size and strategy.
    public var constants: Constants {
        Constants(dimension: state.mean.count, populationSize: state.populationSize, strategy: state.strategy)
    }

    /// A search that starts at `mean` with standard deviation `stepSize` · `scales`, or `stepSize` in every coordinate. The
    /// population size is ⌊4 + 3 ln n⌋ and the strategy `Strategy.standard` unless given. `mean` must lie within `bounds`.
    public init(
        mean: [Double], stepSize: Double, scales: [Double]? = nil, seed: UInt64, populationSize: Int? = nil,
        strategy: Strategy? = nil, bounds: Bounds? = nil
    ) {
        precondition(!mean.isEmpty, "a search needs at least one dimension")
        precondition(mean.allSatisfy(\.isFinite), "the starting point must be finite")
        precondition(stepSize > 0 && stepSize.isFinite, "step size must be positive and finite, got \(stepSize)")
        precondition(
            scales?.allSatisfy { varianceLimits.contains($0 * $0) } ?? true, "scales must be in 1e-100 … 1e100")
        let size = populationSize ?? Constants.populationSize(dimension: mean.count)
        precondition(size >= 2, "need at least two candidates, got \(size)")
        let zeros = [Double](repeating: 0, count: mean.count)
        let strategy = strategy ?? .standard(dimension: mean.count)
        state = State(
            strategy: strategy, seed: seed, populationSize: size, generation: 0, stepSize: stepSize, mean: mean,
            variances: scales.map { $0.map { $0 * $0 } } ?? [Double](repeating: 1, count: mean.count), stepPath: zeros,
            variancePath: zeros, previousMean: mean, smoothedRank: 0,
            learning: strategy.learning == .adaptive ? LearningRates(dimension: mean.count) : nil, bounds: bounds,
            record: Record(initialStepSize: stepSize * (scales?.max() ?? 1)))
        do { try state.validate() } catch { preconditionFailure("\(error)") }
    }

    /// The search that `state` was taken from. Throws a `StateError` if the parts do not fit together.
    public init(_ state: State) throws {
        try state.validate()
        self.state = state
    }

    /// This generation's candidates (eqs. 38–40). Pure: asked again, or on other threads, the same bits.
    public func ask(threads: Threads = .one) -> Population {
        var population = Population()
        ask(into: &population, threads: threads)
        return population
    }

    /// As `ask(threads:)`, into memory that an earlier generation used.
    public func ask(into population: inout Population, threads: Threads = .one) {
        let n = state.mean.count, isMirrored = state.strategy.sampling == .mirrored
        population.prepare(count: populationSize, dimension: n)
        let deviations = deviations(threads)
        var rows = 0
        if let pair = probe(deviations) {
            place(pair, at: 0, in: &population, deviations)
            place(pair.map { -$0 }, at: 1, in: &population, deviations)
            rows = 2
        }
        normals(.candidates).affine(
            rows: Array(stride(from: rows, to: populationSize, by: isMirrored ? 2 : 1)), center: state.mean,
            scale: deviations, draws: &population.draws, points: &population.values, threads: threads)
        if isMirrored {
            for row in stride(from: rows + 1, to: populationSize, by: 2) {
                place(population.draws[(row - 1) * n..<row * n].map { -$0 }, at: row, in: &population, deviations)
            }
        }
        if let bounds = state.bounds { confine(&population, to: bounds, deviations: deviations) }
        population.origin = origin
    }

    private func place(_ z: [Double], at row: Int, in population: inout Population, _ deviations: [Double]) {
        let start = row * z.count
        for j in z.indices {
            population.draws[start + j] = z[j]
            population.values[start + j] = state.mean[j] + deviations[j] * z[j]
        }
    }

    /// Moves to the next generation by the fitness of the candidates that `ask` gives, in their order. Higher is better,
    /// infinities too; NaN marks a failed evaluation: it ranks last and weighs nothing. Equal values share the mean weight
    /// of their ranks, and if no two values differ, only the generation advances.
    ///
    /// `population` is what `ask` gave: with it the candidates need not be drawn again. The result is the same without.
    public mutating func tell(_ fitness: [Double], of population: Population? = nil, threads: Threads = .one) {
        precondition(fitness.count == populationSize, "need \(populationSize) fitness values, got \(fitness.count)")
        let asked = population.flatMap { $0.origin == origin && $0.count == populationSize ? $0 : nil }
        advance(fitness, of: asked ?? ask(threads: threads), threads: threads)
        state.generation += 1
    }

    private mutating func advance(_ fitness: [Double], of population: Population, threads: Threads) {
        state.record.note(fitness)
        let deviations = deviations(threads), constants = constants, hadPair = usesPair
        var judged = fitness
        if let bounds = state.bounds, bounds.handling == .penalty {
            judged = penalized(fitness, population, bounds: bounds, deviations: deviations)
        }
        guard let selection = Selection(fitness: judged, constants: constants, strategy: state.strategy) else {
            return
        }
        let before = state.learning == nil ? nil : state
        adapt(selection, draws: population.draws, deviations: deviations, constants: constants, threads: threads)
        switch state.strategy.stepControl {
        case .cumulative: followPath(constants)
        case .twoPoint: if hadPair { compare(judged, constants) }
        }
        if let before { restrain(since: before) }
        state.bounds?.repair(&state.mean)
        if state.generation % 64 == 0 { rebalance() }
    }

    /// σD: the standard deviation of each coordinate.
    private func deviations(_ threads: Threads) -> [Double] {
        DiagonalGaussian(threads: threads).deviations(stepSize: state.stepSize, variances: state.variances)
    }

    /// What marks this generation's candidates.
    private var origin: Population.Origin {
        Population.Origin(
            seed: state.seed, generation: state.generation, dimension: state.mean.count, strategy: state.strategy,
            stepSize: state.stepSize, first: state.mean.first ?? 0)
    }

    /// This generation's normals for one purpose.
    func normals(_ purpose: Philox.Purpose, attempt: UInt32 = 0) -> Normals {
        Normals(
            Philox(seed: state.seed), generation: UInt32(truncatingIfNeeded: state.generation), purpose: purpose,
            attempt: attempt)
    }

    /// Changes the state in place, for the extensions in other files.
    mutating func update(_ change: (inout State) -> Void) {
        change(&state)
    }
}

extension SepCMAES: Codable {
    /// Decodes the state; throws if its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        try self.init(State(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        try state.encode(to: encoder)
    }
}
