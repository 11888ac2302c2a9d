/// The paired cluster bootstrap: whole clusters are drawn again, so what is repeated in one task moves together.
public enum Bootstrap {
    /// The mean of paired differences with its percentile interval, and a two-sided p-value for a true mean of zero.
    ///
    /// p is 2·(k + 1)/(B + 1), at most 1, where k of the B replicates lie at zero or on the other side of it than the mean.
    /// - Parameters:
    ///   - differences: one method minus another, a value for each observation; at least one.
    ///   - clusters: the task of each observation.
    ///   - weights: how much each observation counts in every mean, Σwd/Σw: positive; all the same unless given.
    ///   - replicates: how often the clusters are drawn again.
    ///   - confidence: the share of replicates that the interval holds.
    public static func paired(
        differences: [Double], clusters: [Int], weights: [Double]? = nil, replicates: Int, seed: UInt64,
        confidence: Double = 0.95
    ) -> (estimate: Estimate, pValue: Double) {
        paired(
            methods: [differences], clusters: clusters, weights: weights, replicates: replicates, seed: seed,
            confidence: confidence)[0]
    }

    /// As above for several methods over the same observations, which share the draws: each method's result is the same
    /// as alone, in a fraction of the time.
    public static func paired(
        methods: [[Double]], clusters: [Int], weights: [Double]? = nil, replicates: Int, seed: UInt64,
        confidence: Double = 0.95
    ) -> [(estimate: Estimate, pValue: Double)] {
        precondition(
            !clusters.isEmpty && replicates > 0, "need observations and replicates, got \(clusters.count), \(replicates)")
        precondition(confidence > 0 && confidence < 1, "need a confidence between 0 and 1, got \(confidence)")
        precondition(methods.allSatisfy { $0.count == clusters.count }, "need one cluster for each difference")
        let weights = relative(weights ?? clusters.map { _ in 1 })
        precondition(weights.count == clusters.count, "need one weight for each difference")
        let sums = ClusterSums(methods, clusters: clusters, weights: weights)
        let total = weights.reduce(0, +)
        let means = resampledMeans(sums, methods: methods.count, replicates: replicates, seed: seed)
        return methods.indices.map { method in
            let center = zip(methods[method], weights).reduce(0) { $0 + $1.0 * $1.1 } / total
            let replicated = means[method].sorted()
            let other = replicated.count { center > 0 ? $0 <= 0 : $0 >= 0 }
            let pValue = center == 0 ? 1 : min(1, 2 * Double(other + 1) / Double(replicates + 1))
            let tail = (1 - confidence) / 2
            let estimate = Estimate(
                mean: center, low: quantile(tail, ofSorted: replicated), high: quantile(1 - tail, ofSorted: replicated))
            return (estimate, pValue)
        }
    }

    /// The weights over the largest, so that equal ones are all exactly 1 and round nothing.
    private static func relative(_ weights: [Double]) -> [Double] {
        let largest = weights.max() ?? 1
        precondition(weights.allSatisfy { $0 > 0 } && largest.isFinite, "need positive, finite weights")
        return weights.map { $0 / largest }
    }

    /// For each method, the mean of each replicate: `[methods][replicates]`.
    private static func resampledMeans(
        _ sums: ClusterSums, methods: Int, replicates: Int, seed: UInt64
    ) -> [[Double]] {
        let clusters = sums.weights.count
        var random = SplitMix64(seed: seed)
        var means = [[Double]](repeating: [], count: methods)
        for method in 0..<methods { means[method].reserveCapacity(replicates) }
        var drawn = [Int](repeating: 0, count: clusters)
        for _ in 0..<replicates {
            var weight = 0.0
            for draw in 0..<clusters {
                drawn[draw] = random.next(below: clusters)
                weight += sums.weights[drawn[draw]]
            }
            for method in 0..<methods {
                var sum = 0.0
                for cluster in drawn { sum += sums.values[cluster * methods + method] }
                means[method].append(sum / weight)
            }
        }
        return means
    }
}

/// The quantile `share` of sorted values, linear between neighbours.
func quantile(_ share: Double, ofSorted values: [Double]) -> Double {
    let place = share * Double(values.count - 1), below = Int(place)
    guard below + 1 < values.count else { return values[values.count - 1] }
    return values[below] + (place - Double(below)) * (values[below + 1] - values[below])
}
