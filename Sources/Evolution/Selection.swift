/// What a generation's fitness says: the weight of each candidate in the mean and in the covariance.
struct Selection {
    /// By candidate; sums to 1, less what fell to failed candidates. Linear weights sum to 0, with failures too: otherwise
    /// the mean would move by the mean of all candidates, which is noise.
    let meanWeights: [Double]
    /// By candidate, signed.
    let covarianceWeights: [Double]
    /// By which the paths are normalised: 1/Σ w² of `meanWeights`, and of the differences within pairs ±z; infinite if all
    /// pairs cancel.
    let effectiveParents: Double

    /// Nil if no two values differ: then there is nothing to learn, and a step along the mean of all candidates would be
    /// noise. Equal values share the mean weight of their ranks, so that the order of candidates means nothing. NaN, a
    /// failed evaluation, takes the last ranks and weighs nothing.
    init?(fitness: [Double], constants: Constants, strategy: Strategy) {
        let order = fitness.indices.filter { !fitness[$0].isNaN }.sorted { fitness[$0] > fitness[$1] }
        guard let best = order.first, let worst = order.last, fitness[best] > fitness[worst] else { return nil }
        var mean = [Double](repeating: 0, count: fitness.count), covariance = mean
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, fitness[order[end]] == fitness[order[start]] { end += 1 }
            let ties = Double(end - start)
            let meanWeight = constants.meanWeights[start..<end].reduce(0, +) / ties
            let covarianceWeight = constants.covarianceWeights[start..<end].reduce(0, +) / ties
            for candidate in order[start..<end] {
                mean[candidate] = meanWeight
                covariance[candidate] = covarianceWeight
            }
            start = end
        }
        if strategy.weights == .linear, order.count < fitness.count {
            let excess = mean.reduce(0, +) / Double(order.count)
            for candidate in order { mean[candidate] -= excess }
            covariance = mean
        }
        meanWeights = mean
        covarianceWeights = covariance
        switch strategy.sampling {
        case .independent:
            effectiveParents = 1 / order.reduce(0) { $0 + mean[$1] * mean[$1] }
        case .mirrored:
            effectiveParents =
                1
                / stride(from: 0, to: mean.count, by: 2).reduce(0) { sum, first in
                    let difference = mean[first] - (first + 1 < mean.count ? mean[first + 1] : 0)
                    return sum + difference * difference
                }
        }
    }
}
