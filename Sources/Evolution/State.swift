extension SepCMAES {
    /// All that a search remembers, as plain numbers and arrays for whoever writes checkpoints. n is the dimension.
    public struct State: Sendable, Codable, Equatable {
        /// The choices under which the arrays came about.
        public var strategy: Strategy
        /// The key of every random number of this search.
        public var seed: UInt64
        /// λ, at least two.
        public var populationSize: Int
        /// Generations told so far.
        public var generation: Int
        /// σ.
        public var stepSize: Double
        /// m: `[n]`.
        public var mean: [Double]
        /// The diagonal of C: `[n]`.
        public var variances: [Double]
        /// p_σ: `[n]`.
        public var stepPath: [Double]
        /// p_c: `[n]`.
        public var variancePath: [Double]
        /// The mean before its last move, `[n]`; two-point adaptation asks along the difference.
        public var previousMean: [Double]
        /// s: two-point adaptation's average of signed root rank differences.
        public var smoothedRank: Double
        /// What learning-rate adaptation remembers; nil where the rates are fixed.
        public var learning: LearningRates?
        /// The box that candidates stay in; nil for none.
        public var bounds: Bounds?
        /// What stop rules look at.
        public var record: Record

        /// The state with these parts; `SepCMAES.init(_:)` checks that they fit together.
        public init(
            strategy: Strategy, seed: UInt64, populationSize: Int, generation: Int, stepSize: Double, mean: [Double],
            variances: [Double], stepPath: [Double], variancePath: [Double], previousMean: [Double], smoothedRank: Double,
            learning: LearningRates? = nil, bounds: Bounds? = nil, record: Record
        ) {
            self.strategy = strategy
            self.seed = seed
            self.populationSize = populationSize
            self.generation = generation
            self.stepSize = stepSize
            self.mean = mean
            self.variances = variances
            self.stepPath = stepPath
            self.variancePath = variancePath
            self.previousMean = previousMean
            self.smoothedRank = smoothedRank
            self.learning = learning
            self.bounds = bounds
            self.record = record
        }
    }
}

/// A state from which no search can continue, such as a damaged checkpoint's.
public struct StateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: the part, what is wrong with it, and what it must be.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension SepCMAES.State {
    /// Throws a `StateError` that names the first part that does not fit.
    func validate() throws {
        let n = mean.count
        guard n > 0 else { throw StateError("mean is empty; a search needs at least one dimension") }
        guard populationSize >= 2 else {
            throw StateError("population_size is \(populationSize); it must be at least 2")
        }
        guard (0...Int(UInt32.max)).contains(generation) else {
            throw StateError("generation is \(generation); it must be in 0 ..< 2^32")
        }
        guard stepSize > 0, stepSize.isFinite else {
            throw StateError("step_size is \(stepSize); it must be positive and finite")
        }
        guard strategy.meanRate > 0, strategy.meanRate <= 1 else {
            throw StateError("mean_rate is \(strategy.meanRate); it must be above 0 and at most 1")
        }
        guard (learning != nil) == (strategy.learning == .adaptive) else {
            throw StateError(
                "learning rates \(learning == nil ? "are missing" : "are not for") a strategy that is \(strategy.learning)")
        }
        try bounds?.validate(dimension: n)
        try record.validate()
        guard smoothedRank.isFinite else { throw StateError("smoothed_rank is \(smoothedRank); it must be finite") }
        var parts = [
            ("mean", mean), ("variances", variances), ("step_path", stepPath), ("variance_path", variancePath),
            ("previous_mean", previousMean),
        ]
        if let learning {
            for (name, rate) in [("mean_rate", learning.mean), ("variance_rate", learning.variances)] {
                guard rate.value > 0, rate.value <= 1, rate.power >= 0, rate.power.isFinite else {
                    throw StateError("\(name) is \(rate.value) at power \(rate.power); it must be in 0 … 1, both finite")
                }
                parts.append(("\(name)_drift", rate.drift))
            }
        }
        for (name, values) in parts {
            guard values.count == n else {
                throw StateError("\(name) has \(values.count) elements; the mean has \(n), and they must agree")
            }
            if let index = values.firstIndex(where: { !$0.isFinite }) {
                throw StateError("\(name)[\(index)] is \(values[index]); it must be finite")
            }
        }
        if let bounds, let index = mean.indices.first(where: { !bounds.contains(mean[$0], $0) }) {
            throw StateError(
                "mean[\(index)] is \(mean[index]); it must be within \(bounds.lower[index]) … \(bounds.upper[index])")
        }
        if let index = variances.firstIndex(where: { $0 <= 0 }) {
            throw StateError("variances[\(index)] is \(variances[index]); it must be positive")
        }
    }
}
