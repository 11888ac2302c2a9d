/// What a search has seen of its fitness: all that stop rules need beside the distribution itself.
public struct Record: Sendable, Codable, Equatable {
    /// Generations whose best and median are kept.
    static let longest = 20_000

    /// The largest σ√variance at the start.
    public var initialStepSize: Double
    /// Candidates told so far, failed ones too.
    public var evaluations: Int
    /// The best and the median fitness of each generation in which any candidate was evaluated, oldest first, the last
    /// 20,000 of them.
    public var best: [Double], median: [Double]
    /// The highest fitness ever told; nil before the first.
    public var highest: Double?
    /// How many generations running the best was no better than the lower quartile.
    public var flatGenerations: Int

    /// The parts of a checkpoint.
    public init(
        initialStepSize: Double, evaluations: Int = 0, best: [Double] = [], median: [Double] = [], highest: Double? = nil,
        flatGenerations: Int = 0
    ) {
        self.initialStepSize = initialStepSize
        self.evaluations = evaluations
        self.best = best
        self.median = median
        self.highest = highest
        self.flatGenerations = flatGenerations
    }

    mutating func note(_ fitness: [Double]) {
        evaluations += fitness.count
        let ranked = fitness.filter { !$0.isNaN }.sorted(by: >)
        guard let first = ranked.first else { return }
        best.append(first)
        median.append(ranked[ranked.count / 2])
        highest = max(highest ?? first, first)
        flatGenerations = first == ranked[(3 * (ranked.count - 1)) / 4] ? flatGenerations + 1 : 0
        if best.count > Self.longest {
            best.removeFirst()
            median.removeFirst()
        }
    }

    /// Throws a `StateError` that names the first part that does not fit.
    func validate() throws {
        guard initialStepSize > 0, initialStepSize.isFinite else {
            throw StateError("initial_step_size is \(initialStepSize); it must be positive and finite")
        }
        guard evaluations >= 0, flatGenerations >= 0 else {
            throw StateError("evaluations are \(evaluations), flat generations \(flatGenerations); neither can be below 0")
        }
        guard best.count == median.count else {
            throw StateError("best has \(best.count) generations, median \(median.count); they must agree")
        }
    }
}

// Fitness may be infinite, which JSON has no number for: it is coded by its bits.
extension Record {
    private enum CodingKeys: CodingKey { case initialStepSize, evaluations, best, median, highest, flatGenerations }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        initialStepSize = try container.decode(Double.self, forKey: .initialStepSize)
        evaluations = try container.decode(Int.self, forKey: .evaluations)
        best = try container.decode([UInt64].self, forKey: .best).map(Double.init(bitPattern:))
        median = try container.decode([UInt64].self, forKey: .median).map(Double.init(bitPattern:))
        highest = try container.decode(UInt64?.self, forKey: .highest).map(Double.init(bitPattern:))
        flatGenerations = try container.decode(Int.self, forKey: .flatGenerations)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(initialStepSize, forKey: .initialStepSize)
        try container.encode(evaluations, forKey: .evaluations)
        try container.encode(best.map(\.bitPattern), forKey: .best)
        try container.encode(median.map(\.bitPattern), forKey: .median)
        try container.encode(highest?.bitPattern, forKey: .highest)
        try container.encode(flatGenerations, forKey: .flatGenerations)
    }
}
