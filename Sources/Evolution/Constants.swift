import Foundation

/// The numbers that follow from dimension, population size and strategy, with the names of Hansen's tutorial
/// (arXiv 1604.00772). λ is the population size, µ = ⌊λ/2⌋ the number of parents.
public struct Constants: Sendable, Equatable {
    /// The weight of each rank, best first, in the mean: summing to 1, zero for the worse half. Linear weights are signed
    /// and sum to 0.
    public let meanWeights: [Double]
    /// The weight of each rank in the covariance: the same, and negative for the worse half if weights are active.
    public let covarianceWeights: [Double]
    /// µ_eff = 1/Σ w² over the mean's weights (eq. 8).
    public let effectiveParents: Double
    /// c_σ: the rate of the step path.
    public let stepPathRate: Double
    /// d_σ: the damping of cumulative step-size adaptation.
    public let stepDamping: Double
    /// d: the damping of two-point adaptation.
    public let twoPointDamping: Double
    /// c_c: the rate of the variance path.
    public let variancePathRate: Double
    /// c₁: the rate of the rank-one update.
    public let rankOneRate: Double
    /// c_µ: the rate of the rank-µ update.
    public let rankMuRate: Double
    /// χ_n, the expected length of a standard normal vector, by the tutorial's approximation.
    public let expectedLength: Double

    /// ⌊4 + 3 ln n⌋ (eq. 48).
    public static func populationSize(dimension: Int) -> Int {
        4 + Int(3 * log(Double(dimension)))
    }

    /// The constants of a search.
    public init(dimension: Int, populationSize: Int, strategy: Strategy) {
        let n = Double(dimension), lambda = Double(populationSize)
        let raw = Self.logarithmicWeights(populationSize, strategy.rates)
        let ofMean = strategy.weights == .linear ? Self.linearWeights(populationSize) : Self.better(raw)
        let parents = 1 / ofMean.reduce(0) { $0 + $1 * $1 }
        let rates = Rates(n, parents, strategy.rates)

        meanWeights = ofMean
        covarianceWeights = strategy.weights == .active ? Self.signed(ofMean, raw, parents, rates) : ofMean
        effectiveParents = parents
        stepPathRate = (parents + 2) / (n + parents + 3)  // Ros & Hansen, table 1; pycma's too
        stepDamping = 1 + stepPathRate + 2 * max(0, ((parents - 1) / (n + 1)).squareRoot() - 1)  // eq. 55
        twoPointDamping = 0.7 + 2 * log(n) + 2 * log(max(1, lambda - n))  // pycma 4.5; √n in the paper of 2014
        variancePathRate = rates.path
        rankOneRate = strategy.covariance == .isotropic ? 0 : rates.one
        rankMuRate = strategy.covariance == .isotropic ? 0 : rates.mu
        expectedLength = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    }

    /// ln c - ln i for the ranks i = 1 … λ, with c = (λ+1)/2 (eq. 49) or µ+1 (Ros & Hansen): the same for odd λ only.
    private static func logarithmicWeights(_ lambda: Int, _ rates: Strategy.Rates) -> [Double] {
        let center = rates == .rosHansen ? Double(lambda / 2 + 1) : Double(lambda + 1) / 2
        return (1...lambda).map { log(center) - log(Double($0)) }
    }

    /// The positive ones, scaled to sum to 1; zeros in place of the others (eq. 53).
    private static func better(_ raw: [Double]) -> [Double] {
        let sum = raw.reduce(0) { $0 + max($1, 0) }
        return raw.map { max($0, 0) / sum }
    }

    /// (λ+1)/2 - i, scaled to Σ|w| = 1.
    private static func linearWeights(_ lambda: Int) -> [Double] {
        let raw = (1...lambda).map { Double(lambda + 1) / 2 - Double($0) }, sum = raw.reduce(0) { $0 + abs($1) }
        return raw.map { $0 / sum }
    }

    /// The positive weights, and the negative ones scaled to sum to -α, the lesser of 1 + c₁/c_µ and
    /// 1 + 2µ⁻_eff/(µ_eff+2) (eqs. 50–51). The bound of eq. 52 is left out: it keeps an additive update positive, and
    /// would leave α = 0.15 at n = 1,000.
    private static func signed(_ positive: [Double], _ raw: [Double], _ parents: Double, _ rates: Rates) -> [Double] {
        let sum = raw.reduce(0) { $0 + min($1, 0) }
        let squares = raw.reduce(0) { $0 + min($1, 0) * min($1, 0) }
        guard sum < 0 else { return positive }
        let byParents = 1 + 2 * (sum * sum / squares) / (parents + 2)
        let alpha = rates.mu > 0 ? min(1 + rates.one / rates.mu, byParents) : byParents
        return zip(positive, raw).map { $1 < 0 ? $1 / -sum * alpha : $0 }
    }
}

/// c_c, c₁ and c_µ by source.
private struct Rates {
    let path, one, mu: Double

    /// For n dimensions and µ_eff effective parents.
    init(_ n: Double, _ parents: Double, _ source: Strategy.Rates) {
        switch source {
        case .rosHansen:
            // Ros & Hansen 2008: the dense c_cov times (n+2)/3. Not above 1, where the old variance would change sign.
            let rankOne = 2 / (parents * (n + 2.0.squareRoot()) * (n + 2.0.squareRoot()))
            let rankMu = (1 - 1 / parents) * min(1, (2 * parents - 1) / ((n + 2) * (n + 2) + parents))
            let both = min(1, (n + 2) / 3 * (rankOne + rankMu))
            path = 4 / (n + 4)
            one = both / parents
            mu = both * (1 - 1 / parents)
        case .pycma:
            // pycma 4: `cc_sep`, `c1_sep`, `cmu_sep`. Below zero only for two candidates, where there is one parent.
            path = (1 + 1 / n + parents / n) / (n.squareRoot() + 1 / n + 2 * parents / n)
            one = 1 / (n + 2 * n.squareRoot() + parents / n)
            mu = max(0, min(1 - one, (parents + 1 / parents - 1.75) / (n + 4 * n.squareRoot() + parents / 2)))
        }
    }
}
