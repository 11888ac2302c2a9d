import Foundation
import Tensors

/// σ and the variances stay in these. Where more is always better nothing else would stop them, and with them every
/// σ√variance, its products and the sum of 2³² moves of the mean are finite.
let stepSizes = 1e-100...1e100
let varianceLimits = 1e-200...1e200

extension Double {
    /// The nearest number in `limits`.
    func clamped(to limits: ClosedRange<Double>) -> Double {
        min(max(self, limits.lowerBound), limits.upperBound)
    }
}

extension SepCMAES {
    /// Cumulative step-size adaptation (eq. 44): σ grows while the step path is longer than chance would make it.
    mutating func followPath(_ constants: Constants) {
        let length = state.stepPath.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let rate = constants.stepPathRate / constants.stepDamping
        update { state in
            state.stepSize = (state.stepSize * exp(rate * (length / constants.expectedLength - 1))).clamped(to: stepSizes)
        }
    }

    /// Whether the first two candidates of this generation are those of two-point adaptation.
    var usesPair: Bool { state.strategy.stepControl == .twoPoint && state.mean != state.previousMean }

    /// The forward one of the two candidates of two-point adaptation, as z: the mean's last move, in the coordinates of the
    /// present distribution and with the length of a fresh normal vector. The backward one is -z. Nil if the strategy has
    /// none, or the mean has not moved yet: then the first two candidates are like the rest. `deviations` is σD.
    func probe(_ deviations: [Double]) -> [Double]? {
        guard usesPair else { return nil }
        var direction = state.mean
        var length = 0.0
        for j in direction.indices {
            let move = (direction[j] - state.previousMean[j]) / deviations[j]
            direction[j] = move
            length += move * move
        }
        let fresh = normals(.stepLength).row(0, count: direction.count).reduce(0) { $0 + $1 * $1 }
        let scale = (fresh / length).squareRoot()
        for j in direction.indices { direction[j] *= scale }
        return direction
    }

    /// Two-point adaptation: by how many ranks the candidate in front is better than the one behind. A tie, or a failed
    /// evaluation of either, says nothing.
    mutating func compare(_ fitness: [Double], _ constants: Constants) {
        let forward = fitness[0], backward = fitness[1]
        var lead = 0  // candidates strictly better than the backward one, less those better than the forward one
        if !forward.isNaN, !backward.isNaN {
            for value in fitness { lead += (value > backward ? 1 : 0) - (value > forward ? 1 : 0) }
        }
        let q = Double(lead) / Double(fitness.count - 1)
        let impulse = q < 0 ? -(-q).squareRoot() : q.squareRoot()
        update { state in
            state.smoothedRank = 0.7 * state.smoothedRank + 0.3 * impulse
            state.stepSize = (state.stepSize * exp(state.smoothedRank / constants.twoPointDamping)).clamped(to: stepSizes)
        }
    }
}
