import Foundation

/// Holm's step-down adjustment: `result[i]` is the smallest level at which hypothesis i is rejected when all of them are
/// tested together. In the order of `pValues`.
public func holm(_ pValues: [Double]) -> [Double] {
    var adjusted = pValues, largest = 0.0
    let ascending = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
    for (rank, index) in ascending.enumerated() {
        largest = max(largest, min(1, pValues[index] * Double(pValues.count - rank)))
        adjusted[index] = largest
    }
    return adjusted
}

/// Wilson's score interval of a success rate. Without samples nothing is known: 0 to 1 around one half.
/// - Parameter successes: may be fractional where tasks are graded so.
public func wilson(successes: Double, samples: Int, confidence: Double = 0.95) -> Estimate {
    precondition(confidence > 0 && confidence < 1, "need a confidence between 0 and 1, got \(confidence)")
    guard samples > 0 else { return Estimate(mean: 0.5, low: 0, high: 1) }
    let n = Double(samples), rate = successes / n, z = normalQuantile(0.5 + confidence / 2)
    let center = (rate + z * z / (2 * n)) / (1 + z * z / n)
    let reach = z / (1 + z * z / n) * (max(0, rate * (1 - rate)) / n + z * z / (4 * n * n)).squareRoot()
    // The exact interval touches the ends there; the formula misses them by a rounding.
    return Estimate(
        mean: rate, low: successes <= 0 ? 0 : max(0, center - reach), high: successes >= n ? 1 : min(1, center + reach))
}

/// McNemar's exact test: the two-sided p-value for two methods being right equally often.
/// - Parameters:
///   - onlyFirst: observations that only the first method got right.
///   - onlySecond: observations that only the second got right.
public func mcnemar(onlyFirst: Int, onlySecond: Int) -> Double {
    precondition(onlyFirst >= 0 && onlySecond >= 0, "need counts, got \(onlyFirst), \(onlySecond)")
    let n = Double(onlyFirst + onlySecond)
    var logTerm = -n * log(2.0), tail = exp(logTerm)
    for k in 0..<min(onlyFirst, onlySecond) {
        logTerm += log((n - Double(k)) / Double(k + 1))
        tail += exp(logTerm)
    }
    return min(1, 2 * tail)
}

/// The z with P(Z ≤ z) = `share` for a standard normal Z, by bisection of `erfc`.
func normalQuantile(_ share: Double) -> Double {
    var low = -40.0, high = 40.0
    for _ in 0..<100 {
        let middle = (low + high) / 2
        if erfc(-middle / 2.0.squareRoot()) / 2 < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
}
