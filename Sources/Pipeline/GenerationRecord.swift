/// What one generation showed. Rewards are those of the mean of the distribution, not of its luckiest candidate.
public struct GenerationRecord: Sendable, Equatable {
    /// 0 is the start.
    public var generation: Int
    /// Mean reward on train, under the action that is searched for. NaN where too many episodes failed.
    public var train: Double
    /// Mean reward on validation, of the best scored worker. NaN where the generation was not judged.
    public var validation: Double
    /// Step size after the generation.
    public var sigma: Double
    /// √(largest / smallest variance): how far the distribution is from a sphere.
    public var axisRatio: Double
    /// What the generation's evaluations came to.
    public var evaluations: EvaluationCounts
    /// The generation whose mean was kept by then.
    public var kept: Int
    /// Best fitness among the candidates: shown, never exported, since it is chosen by its luck.
    public var bestCandidate: Double

    /// Whether validation judged the mean.
    public var isJudged: Bool { !validation.isNaN }
}

/// How many evaluations there were. Where rewards are expectations, one is a candidate on a task; where they are drawn, one
/// is a sample of a worker on a task that an episode meets.
public struct EvaluationCounts: Sendable, Equatable {
    /// Computed, or asked for.
    public var made: Int
    /// The same as another one of the generation, whose result they share.
    public var reused: Int
    /// Episodes without a reward, because the call failed or nothing was recorded: left out, never zero.
    public var failed: Int

    /// Made and reused.
    public var total: Int { made + reused }

    /// Counts; none unless given.
    public init(made: Int = 0, reused: Int = 0, failed: Int = 0) {
        self.made = made
        self.reused = reused
        self.failed = failed
    }

    static func + (left: EvaluationCounts, right: EvaluationCounts) -> EvaluationCounts {
        EvaluationCounts(
            made: left.made + right.made, reused: left.reused + right.reused, failed: left.failed + right.failed)
    }
}

// What couldn't be evaluated, or wasn't judged, is null: JSON has no NaN.
extension GenerationRecord: Codable {
    private enum CodingKeys: CodingKey {
        case generation, train, validation, sigma, axisRatio, evaluationsMade, evaluationsReused, failedEpisodes, kept
        case bestCandidate
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        generation = try container.decode(Int.self, forKey: .generation)
        train = try container.decode(Double?.self, forKey: .train) ?? .nan
        validation = try container.decode(Double?.self, forKey: .validation) ?? .nan
        sigma = try container.decode(Double.self, forKey: .sigma)
        axisRatio = try container.decode(Double.self, forKey: .axisRatio)
        evaluations = EvaluationCounts(
            made: try container.decode(Int.self, forKey: .evaluationsMade),
            reused: try container.decode(Int.self, forKey: .evaluationsReused),
            failed: try container.decode(Int.self, forKey: .failedEpisodes))
        kept = try container.decode(Int.self, forKey: .kept)
        bestCandidate = try container.decode(Double?.self, forKey: .bestCandidate) ?? .nan
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(generation, forKey: .generation)
        try container.encode(train.isNaN ? nil : train, forKey: .train)
        try container.encode(validation.isNaN ? nil : validation, forKey: .validation)
        try container.encode(sigma, forKey: .sigma)
        try container.encode(axisRatio, forKey: .axisRatio)
        try container.encode(evaluations.made, forKey: .evaluationsMade)
        try container.encode(evaluations.reused, forKey: .evaluationsReused)
        try container.encode(evaluations.failed, forKey: .failedEpisodes)
        try container.encode(kept, forKey: .kept)
        try container.encode(bestCandidate.isNaN ? nil : bestCandidate, forKey: .bestCandidate)
    }
}
