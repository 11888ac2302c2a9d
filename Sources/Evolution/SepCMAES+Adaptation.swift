import Foundation
import Tensors

extension SepCMAES {
    /// <y>/D = Σ w_i z_i by the mean's weights, and Σ w_i z_i² by the covariance's, each `[n]`. The candidates are drawn
    /// again rather than kept, so that between `ask` and `tell` there is nothing to save.
    func sums(_ selection: Selection, pair: [Double]?, threads: Threads) -> (linear: [Double], square: [Double]) {
        var a = selection.meanWeights, b = selection.covarianceWeights
        let ofPair = (linear: a[0] - a[1], square: b[0] + b[1])  // the pair is ±z
        if pair != nil {
            a.replaceSubrange(0..<2, with: [0, 0])
            b.replaceSubrange(0..<2, with: [0, 0])
        }
        var sums = normals(.candidates).moments(linear: a, square: b, columns: state.mean.count, threads: threads)
        guard let pair else { return sums }
        for j in pair.indices {
            sums.linear[j] += ofPair.linear * pair[j]
            sums.square[j] += ofPair.square * (pair[j] * pair[j])
        }
        return sums
    }

    /// The mean, both paths and the variances, all from the old σ and D; c_m = 1.
    mutating func adapt(
        step: [Double], squares: [Double], deviations: [Double], selection: Selection, constants c: Constants
    ) {
        let cs = c.stepPathRate, cc = c.variancePathRate
        let stepGain = (cs * (2 - cs) * selection.effectiveParents).squareRoot()
        let weightSum = selection.covarianceWeights.reduce(0, +)
        let additive = state.strategy.weights == .positive
        update { state in
            state.previousMean = state.mean
            var length = 0.0
            for j in step.indices {
                state.mean[j] += deviations[j] * step[j]  // eq. 42
                let path = (1 - cs) * state.stepPath[j] + stepGain * step[j]  // eq. 43
                state.stepPath[j] = path
                length += path * path
            }
            // h_σ: the path to the variances is stalled while the step path is long, as in the first generations of a
            // search that starts far away (below eq. 45). Squared: no root, no difference.
            let memory = 1 - pow(1 - cs, 2 * Double(state.generation + 1))
            let bound = (1.4 + 2 / (Double(step.count) + 1)) * c.expectedLength
            let open = length < bound * bound * memory
            let gain = open ? (cc * (2 - cc) * selection.effectiveParents).squareRoot() : 0
            let lost = open ? 0 : cc * (2 - cc)  // what the missing step would have added to the variances
            let one = c.rankOneRate, mu = c.rankMuRate
            for j in step.indices {
                let old = state.variances[j]
                let path = (1 - cc) * state.variancePath[j] + gain * (old.squareRoot() * step[j])  // eq. 45
                state.variancePath[j] = path
                if one == 0, mu == 0 { continue }
                if additive {  // eq. 47, on the diagonal
                    state.variances[j] =
                        (1 - one - mu * weightSum + lost * one) * old + one * (path * path) + mu * (old * squares[j])
                } else {  // its exponential form
                    let rankOne = one * (1 - lost) * (path * path / old - 1)
                    state.variances[j] = old * exp(rankOne + mu * (squares[j] - weightSum))
                }
                state.variances[j] = state.variances[j].clamped(to: varianceLimits)
            }
        }
    }
}
