/// How predicted success rates compare with what happened, in equal-width bins over 0 to 1.
public struct Calibration: Codable, Sendable, Equatable {
    /// The predictions from `low` to below `high`; the last bin holds 1 too.
    public struct Bin: Codable, Sendable, Equatable {
        public let low: Double
        public let high: Double
        public let count: Int
        public let meanPredicted: Double
        public let meanObserved: Double
    }

    /// The bins that hold a prediction, ascending.
    public let bins: [Bin]

    /// The bins of `predicted` rates beside the `observed` ones, which may be fractional. Every pair counts once;
    /// predictions outside 0 to 1 fall into the first or last bin, pairs with a NaN into none.
    public init(predicted: [Double], observed: [Double], bins count: Int = 10) {
        precondition(predicted.count == observed.count, "got \(predicted.count) predictions, \(observed.count) outcomes")
        precondition(count > 0, "need at least one bin, got \(count)")
        var members = [(count: Int, predicted: Double, observed: Double)](repeating: (0, 0, 0), count: count)
        for (prediction, outcome) in zip(predicted, observed) where !prediction.isNaN && !outcome.isNaN {
            let index = Int(max(0, min(Double(count - 1), prediction * Double(count))))
            members[index].count += 1
            members[index].predicted += prediction
            members[index].observed += outcome
        }
        bins = members.enumerated().filter { $0.element.count > 0 }.map { index, bin in
            Bin(
                low: Double(index) / Double(count), high: Double(index + 1) / Double(count), count: bin.count,
                meanPredicted: bin.predicted / Double(bin.count), meanObserved: bin.observed / Double(bin.count))
        }
    }

    /// The mean distance between predicted and observed over the bins, each weighted by its count; 0 without any.
    public var expectedCalibrationError: Double {
        let total = bins.reduce(0) { $0 + $1.count }
        guard total > 0 else { return 0 }
        return bins.reduce(0) { $0 + Double($1.count) * abs($1.meanPredicted - $1.meanObserved) } / Double(total)
    }
}
