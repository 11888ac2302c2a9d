public import Tensors

/// Separable CMA-ES: evolution of a vector by ask and tell, with a variance for each coordinate. Maximises.
///
/// The value is the whole search. `ask` is a pure function of it, and random numbers come from a counter, so a copy, a
/// decoded search or a second process continues with the same bits. With D = √C, candidates are x_i = m + σ D z_i,
/// z_i ~ N(0, I). Written with the equation numbers of Hansen's tutorial (arXiv 1604.00772); separable form by Ros and
/// Hansen, PPSN 2008. Sums and products are the same on every machine; `exp` and `log` are the C library's.
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
    /// The constants that follow from dimension, population size and strategy.
    public var constants: Constants {
        Constants(dimension: state.mean.count, populationSize: state.populationSize, strategy: state.strategy)
    }

    /// A search that starts at `mean` with standard deviation `stepSize` in every coordinate. The population size is
    /// ⌊4 + 3 ln n⌋ and the strategy `Strategy.standard` unless given.
    public init(
        mean: [Double], stepSize: Double, seed: UInt64, populationSize: Int? = nil, strategy: Strategy? = nil
    ) {
        precondition(!mean.isEmpty, "a search needs at least one dimension")
        precondition(mean.allSatisfy(\.isFinite), "the starting point must be finite")
        precondition(stepSize > 0 && stepSize.isFinite, "step size must be positive and finite, got \(stepSize)")
        let size = populationSize ?? Constants.populationSize(dimension: mean.count)
        precondition(size >= 2, "need at least two candidates, got \(size)")
        let zeros = [Double](repeating: 0, count: mean.count)
        state = State(
            strategy: strategy ?? .standard(dimension: mean.count), seed: seed, populationSize: size, generation: 0,
            stepSize: stepSize, mean: mean, variances: [Double](repeating: 1, count: mean.count), stepPath: zeros,
            variancePath: zeros, previousMean: mean, smoothedRank: 0)
    }

    /// The search that `state` was taken from. Throws a `StateError` if the parts do not fit together.
    public init(_ state: State) throws {
        try state.validate()
        self.state = state
    }

    /// This generation's candidates (eqs. 38–40). Pure: asked again, or on other threads, the same bits.
    public func ask(threads: Threads = .one) -> Population {
        let deviations = deviations
        var leading: [Double] = []
        if let pair = probe(deviations) {
            leading.reserveCapacity(2 * pair.count)
            for j in pair.indices { leading.append(state.mean[j] + deviations[j] * pair[j]) }
            for j in pair.indices { leading.append(state.mean[j] - deviations[j] * pair[j]) }
        }
        let values = normals(.candidates).affine(
            rows: populationSize, center: state.mean, scale: deviations, leading: leading, threads: threads)
        return Population(count: populationSize, dimension: state.mean.count, values: values)
    }

    /// Moves to the next generation by the fitness of the candidates that `ask` gives, in their order. Higher is better,
    /// infinities too; NaN marks a failed evaluation: it ranks last and weighs nothing. Equal values share the mean weight of their ranks,
    /// and if no two values differ, only the generation advances.
    public mutating func tell(_ fitness: [Double], threads: Threads = .one) {
        precondition(fitness.count == populationSize, "need \(populationSize) fitness values, got \(fitness.count)")
        defer { state.generation += 1 }
        let constants = constants
        guard let selection = Selection(fitness: fitness, constants: constants) else { return }
        let deviations = deviations
        let pair = probe(deviations)
        let (step, squares) = sums(selection, pair: pair, threads: threads)
        adapt(step: step, squares: squares, deviations: deviations, selection: selection, constants: constants)
        switch state.strategy.stepControl {
        case .cumulative: followPath(constants)
        case .twoPoint: if pair != nil { compare(fitness, constants) }
        }
    }

    /// σD: the standard deviation of each coordinate.
    private var deviations: [Double] { state.variances.map { state.stepSize * $0.squareRoot() } }

    /// This generation's normals for one purpose.
    func normals(_ purpose: Philox.Purpose) -> Normals {
        Normals(Philox(seed: state.seed), generation: UInt32(truncatingIfNeeded: state.generation), purpose: purpose)
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
