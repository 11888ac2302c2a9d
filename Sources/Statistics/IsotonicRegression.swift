/// The non-decreasing function of a score that is nearest, in weighted squares, to the outcomes seen.
public struct IsotonicRegression: Sendable, Equatable {
    /// Scores at which the function has a value, strictly ascending.
    public private(set) var scores: [Double] = []
    /// The function's values there, not descending.
    public private(set) var values: [Double] = []

    /// One observation: an outcome at a score, that counts `weight` times.
    public struct Point: Sendable, Equatable {
        public var score: Double
        public var outcome: Double
        public var weight: Double

        public init(score: Double, outcome: Double, weight: Double = 1) {
            self.score = score
            self.outcome = outcome
            self.weight = weight
        }
    }

    /// Fits by pooling adjacent violators. Points without positive weight or with a NaN are left out; one must be left.
    public init(_ points: [Point]) {
        let usable = points.filter { $0.weight > 0 && !$0.score.isNaN && !$0.outcome.isNaN }
        precondition(!usable.isEmpty, "need at least one point with a weight")
        var blocks: [Block] = []
        for point in usable.sorted(by: { $0.score < $1.score }) {
            let block = Block(first: point.score, last: point.score, sum: point.outcome * point.weight, weight: point.weight)
            // Equal scores have one value, whatever their outcomes.
            if let last = blocks.last, last.last == point.score {
                blocks[blocks.count - 1].join(block)
            } else {
                blocks.append(block)
            }
        }
        var pooled: [Block] = []
        for block in blocks {
            pooled.append(block)
            while pooled.count > 1, pooled[pooled.count - 2].mean >= pooled[pooled.count - 1].mean {
                let last = pooled.removeLast()
                pooled[pooled.count - 1].join(last)
            }
        }
        for block in pooled {
            scores.append(block.first)
            values.append(block.mean)
            guard block.last > block.first else { continue }
            scores.append(block.last)
            values.append(block.mean)
        }
    }

    /// The function at `score`: linear between the scores seen, constant beyond them. NaN at NaN.
    public func callAsFunction(_ score: Double) -> Double {
        guard !score.isNaN else { return .nan }
        var low = 0, high = scores.count
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] <= score { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return values[0] }
        guard low < scores.count else { return values[values.count - 1] }
        let share = (score - scores[low - 1]) / (scores[low] - scores[low - 1])
        return values[low - 1] + share * (values[low] - values[low - 1])
    }
}

/// Neighbouring points that share one value.
private struct Block {
    let first: Double
    var last: Double
    var sum: Double
    var weight: Double

    var mean: Double { sum / weight }

    mutating func join(_ next: Block) {
        last = next.last
        sum += next.sum
        weight += next.weight
    }
}
