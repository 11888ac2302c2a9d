public import Tensors

/// A bias-free linear map from a hidden state to one score per worker.
public struct RoutingHead: Sendable, Equatable {
    /// The workers that the rows stand for.
    public let workers: [String]
    /// `[workers, width]`.
    public let weight: Tensor

    /// A head whose rows are those of `weight`.
    public init(workers: [String], weight: Tensor) {
        precondition(weight.rows == workers.count, "\(weight.rows) rows for \(workers.count) workers")
        self.workers = workers
        self.weight = weight
    }

    /// A head of zeros: every worker scores the same.
    public init(zeros workers: [String], width: Int) {
        self.init(workers: workers, weight: Tensor(zeros: [workers.count, width]))
    }

    /// Size of the hidden state that the head reads.
    public var width: Int { weight.columns }

    /// Root mean square of the weights: the unit of evolution's step size.
    public var rootMeanSquare: Double {
        guard !weight.scalars.isEmpty else { return 0 }
        return (weight.scalars.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(weight.scalars.count)).squareRoot()
    }

    /// W h for one state, in double precision.
    func scores(at state: [Float]) -> [Double] {
        workers.indices.map { worker in
            zip(weight[row: worker], state).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    /// Unnormalised scores, `[states, workers]`, for states `[states, width]`.
    public func scores(for states: Tensor, threads: Threads = .one) -> Matrix {
        Matrix(states.timesTransposed(weight, threads: threads))
    }
}

/// Softmax of one row of scores over the workers that `allowed` admits; the others get 0.
public func softmax(_ scores: [Double], allowed: [Bool]? = nil) -> [Double] {
    let admitted = scores.indices.filter { allowed?[$0] ?? true }
    guard let peak = admitted.map({ scores[$0] }).max() else { return scores.map { _ in 0 } }
    var weights = scores.map { _ in 0.0 }
    for index in admitted { weights[index] = exponential(scores[index] - peak) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
}
