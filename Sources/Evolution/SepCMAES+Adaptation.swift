import Foundation
import Tensors

extension SepCMAES {
    /// The mean, both paths and the variances, all from the old σ and D. `deviations` is σD, `draws` are the z.
    mutating func adapt(
        _ selection: Selection, draws: [Double], deviations: [Double], constants c: Constants, threads: Threads
    ) {
        let gaussian = DiagonalGaussian(threads: threads)
        // <y>/D = Σ w z and Σ w z², each `[n]`.
        let (step, squares) = gaussian.moments(
            of: draws, columns: deviations.count, linear: selection.meanWeights, square: selection.covarianceWeights)
        // Pairs that cancel leave no step, and a path has nothing to follow.
        let parents = selection.effectiveParents.isFinite ? selection.effectiveParents : 0
        let cs = c.stepPathRate, cc = c.variancePathRate, one = c.rankOneRate, mu = c.rankMuRate
        let weightSum = selection.covarianceWeights.reduce(0, +)
        let isAdditive = state.strategy.weights == .positive
        update { state in
            state.previousMean = state.mean
            let length = gaussian.follow(  // eqs. 42 and 43
                step, deviations: deviations, rate: state.strategy.meanRate, keep: 1 - cs,
                gain: (cs * (2 - cs) * parents).squareRoot(), mean: &state.mean, path: &state.stepPath)
            // h_σ: the path to the variances is stalled while the step path is long, as in the first generations of a
            // search that starts far away (below eq. 45). Squared: no root, no difference.
            let memory = 1 - pow(1 - cs, 2 * Double(state.generation + 1))
            let bound = (1.4 + 2 / (Double(step.count) + 1)) * c.expectedLength
            let isOpen = length < bound * bound * memory
            let lost = isOpen ? 0 : cc * (2 - cc)  // what the missing step would have added to the variances
            let update = DiagonalGaussian.VarianceUpdate(  // eqs. 45 and 47, the latter on the diagonal
                pathKeep: 1 - cc, pathGain: isOpen ? (cc * (2 - cc) * parents).squareRoot() : 0,
                rankOne: isAdditive ? one : one * (1 - lost), rankMu: mu,
                decay: isAdditive ? 1 - one - mu * weightSum + lost * one : weightSum, isMultiplicative: !isAdditive,
                limits: varianceLimits)
            gaussian.adapt(
                update, step: step, squares: squares, variances: &state.variances, path: &state.variancePath)
        }
    }

    /// Only σ√C means anything; on a curved ridge its two parts drift apart, σ to 1e100 and C to 1e-200 after some million
    /// evaluations. Powers of two bring C back to about 1, exactly: the search doesn't notice.
    mutating func rebalance() {
        guard let most = state.variances.max(), !(0x1p-128...0x1p128).contains(most) else { return }
        let shift = most.exponent.quotientAndRemainder(dividingBy: 2).quotient
        update { state in
            let ofDeviation = Double(sign: .plus, exponent: -shift, significand: 1)
            for j in state.variances.indices {
                state.variances[j] = (state.variances[j] * ofDeviation * ofDeviation).clamped(to: varianceLimits)
                state.variancePath[j] *= ofDeviation
            }
            state.stepSize = (state.stepSize / ofDeviation).clamped(to: stepSizes)
        }
    }
}
