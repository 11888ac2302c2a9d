import Foundation

/// A mean and the interval that is believed to hold the true one.
public struct Estimate: Codable, Sendable, Equatable {
    public var mean: Double
    public var low: Double
    public var high: Double

    /// `mean` with the interval from `low` to `high`.
    public init(mean: Double, low: Double, high: Double) {
        self.mean = mean
        self.low = low
        self.high = high
    }
}

/// The arithmetic mean; 0 of nothing.
public func mean(of values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

/// The standard error of the mean of independent values: sd / √n with n − 1 in the variance; 0 of fewer than two.
public func standardError(of values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let center = mean(of: values), count = Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    return (squares / (count - 1) / count).squareRoot()
}

/// The standard error of the mean of `differences` when those of one cluster (a task seen in several splits) count as
/// one observation: √(G/(G−1) · Σ (S_g − n_g·m)²) / N over G clusters with sums S_g of n_g values; 0 for one cluster.
public func clusteredStandardError(differences: [Double], clusters: [Int]) -> Double {
    let sums = ClusterSums([differences], clusters: clusters, weights: clusters.map { _ in 1 })
    guard sums.weights.count > 1 else { return 0 }
    let center = mean(of: differences), groups = Double(sums.weights.count)
    var squares = 0.0
    for (sum, count) in zip(sums.values, sums.weights) {
        let deviation = sum - count * center
        squares += deviation * deviation
    }
    return (groups / (groups - 1) * squares).squareRoot() / Double(differences.count)
}

/// Weighted sums of several methods' values over the members of each cluster, clusters in the order of their first member.
struct ClusterSums {
    /// `[clusters, methods]`, row-major.
    var values: [Double] = []
    /// The weight of all members of each cluster together: their number, where each weighs 1.
    var weights: [Double] = []

    init(_ methods: [[Double]], clusters: [Int], weights memberWeights: [Double]) {
        var rows: [Int: Int] = [:]
        for (index, cluster) in clusters.enumerated() {
            let row = rows[cluster] ?? weights.count, weight = memberWeights[index]
            if row == weights.count {
                rows[cluster] = row
                weights.append(0)
                values.append(contentsOf: repeatElement(0, count: methods.count))
            }
            weights[row] += weight
            for (method, differences) in methods.enumerated() {
                values[row * methods.count + method] += weight * differences[index]
            }
        }
    }
}
