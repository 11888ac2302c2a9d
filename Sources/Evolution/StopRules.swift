import Foundation

/// Why a search ends.
public enum StopReason: String, Sendable, Codable, CaseIterable {
    /// As many candidates were told as were granted.
    case budget
    /// A candidate was as good as was asked for.
    case target
    /// All steps are shorter than anybody can care about.
    case stepSize
    /// The best of many generations are as alike as rounding makes them.
    case fitness
    /// Neither bests nor medians have become better for long.
    case stagnation
    /// Most candidates of a generation are equally good, again and again.
    case flatFitness
    /// The longest axis is out of all proportion to the shortest.
    case condition
    /// σ has grown out of all proportion: the start was far too small, or there is no best.
    case growth
    /// A fifth of a deviation no longer changes a coordinate of the mean.
    case noEffect
}

/// When a search ends; what is nil or false doesn't end it. Thresholds and windows are pycma 4.5.0's unless said otherwise.
public struct StopRules: Sendable, Codable, Equatable {
    /// Candidates that may be told.
    public var evaluations: Int?
    /// Fitness that is enough.
    public var target: Double?
    /// For all σ√variance and σ|p_c|.
    public var stepTolerance: Double?
    /// For the range of the bests of the last 10 + ⌈30 n/λ⌉ generations, or 20,000.
    public var fitnessTolerance: Double?
    /// Whether to end where, after 100 + 100 n^1.5/λ generations, or 20,000, neither the median of the bests nor that of the medians
    /// of the last tenth is better than that of the tenth before.
    public var stagnation: Bool
    /// For generations running whose best is no better than the lower quartile.
    public var flatGenerations: Int?
    /// For the ratio of the largest variance to the smallest.
    public var condition: Double?
    /// For σ√variance over the largest of the start.
    public var growth: Double?
    /// Whether to end where m + σD/5 = m in a coordinate.
    public var noEffect: Bool

    /// All rules by hand.
    public init(
        evaluations: Int? = nil, target: Double? = nil, stepTolerance: Double? = nil, fitnessTolerance: Double? = nil,
        stagnation: Bool = false, flatGenerations: Int? = nil, condition: Double? = nil, growth: Double? = nil,
        noEffect: Bool = false
    ) {
        self.evaluations = evaluations
        self.target = target
        self.stepTolerance = stepTolerance
        self.fitnessTolerance = fitnessTolerance
        self.stagnation = stagnation
        self.flatGenerations = flatGenerations
        self.condition = condition
        self.growth = growth
        self.noEffect = noEffect
    }

    /// For fitness without noise.
    public static let deterministic = StopRules(
        stepTolerance: 1e-11, fitnessTolerance: 1e-12, stagnation: true, flatGenerations: 2, condition: 1e14, growth: 1e3,
        noEffect: true)

    /// For noisy fitness, such as binary rewards: what looks at fitness is off, since luck makes generations flat and bests
    /// alike.
    public static let noisy = StopRules(stepTolerance: 1e-11, condition: 1e14, noEffect: true)
}

extension SepCMAES {
    /// The first of the rules that ends the search now; nil to go on.
    public func stopReason(_ rules: StopRules) -> StopReason? {
        let record = state.record
        if let target = rules.target, let highest = record.highest, highest >= target { return .target }
        if let evaluations = rules.evaluations, record.evaluations >= evaluations { return .budget }
        return ofShape(rules) ?? ofFitness(rules)
    }

    private func ofShape(_ rules: StopRules) -> StopReason? {
        let deviations = state.variances.map { state.stepSize * $0.squareRoot() }
        if let tolerance = rules.stepTolerance, deviations.allSatisfy({ $0 < tolerance }),
            state.variancePath.allSatisfy({ state.stepSize * abs($0) < tolerance })
        {
            return .stepSize
        }
        if let condition = rules.condition, axisRatio * axisRatio > condition { return .condition }
        if let growth = rules.growth, (deviations.max() ?? 0) > growth * state.record.initialStepSize { return .growth }
        if rules.noEffect, zip(state.mean, deviations).contains(where: { $0 + 0.2 * $1 == $0 }) { return .noEffect }
        return nil
    }

    private func ofFitness(_ rules: StopRules) -> StopReason? {
        let record = state.record, n = Double(state.mean.count), lambda = Double(populationSize)
        if let flat = rules.flatGenerations, record.flatGenerations >= flat { return .flatFitness }
        if let tolerance = rules.fitnessTolerance {
            let window = min(Record.longest, 10 + Int((30 * n / lambda).rounded(.up))), recent = record.best.suffix(window)
            if recent.count == window, let most = recent.max(), let least = recent.min(), most - least < tolerance {
                return .fitness
            }
        }
        let patience = min(Double(Record.longest - 1), 100 + 100 * pow(n, 1.5) / lambda), seen = record.best.count
        if rules.stagnation, Double(seen) > patience {
            let tenth = max(seen, Int(patience)) / 10
            if !record.best.hasImproved(tenth), !record.median.hasImproved(tenth) { return .stagnation }
        }
        return nil
    }
}

extension [Double] {
    /// Whether the median of the last `count` is above that of the `count` before.
    fileprivate func hasImproved(_ count: Int) -> Bool {
        func median(_ part: ArraySlice<Double>) -> Double { part.sorted()[part.count / 2] }
        guard count > 0, self.count >= 2 * count else { return true }
        return median(suffix(count)) > median(dropLast(count).suffix(count))
    }
}
