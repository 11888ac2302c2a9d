public import Tensors

extension TaskSet {
    /// The same tasks with the constant 1 as one more input.
    public var withConstant: TaskSet {
        let width = states.columns
        var scalars: [Float] = []
        scalars.reserveCapacity(states.rows * (width + 1))
        for task in 0..<states.rows {
            scalars.append(contentsOf: states[row: task])
            scalars.append(1)
        }
        return TaskSet(states: Tensor(shape: [states.rows, width + 1], scalars: scalars), outcomes: outcomes)
    }
}

/// A head that leaves the best single worker only where another is ahead by a margin.
///
/// Where training found no signal, validation chooses an infinite margin, and the router *is* the best single worker.
public struct ShrunkHead: Sendable, Equatable {
    /// The head whose scores are compared.
    public var head: RoutingHead
    /// The row of the best single worker on train.
    public var bestSingle: Int
    /// What is added to that row's score.
    public var margin: Double

    /// Chooses the margin on validation, the larger on a tie: 0, twenty quantiles of the leads seen there, or infinite.
    public init(shrinking head: RoutingHead, bestSingle: Int, validation: TaskSet) {
        self.head = head
        self.bestSingle = bestSingle
        let scores = head.scores(for: validation.states)
        let leads = (0..<scores.rows).map { task in
            (0..<scores.columns).map { scores[task, $0] }.reduce(-.infinity, max) - scores[task, bestSingle]
        }.sorted()
        let quantiles = leads.isEmpty ? [] : (1...20).map { leads[($0 * (leads.count - 1)) / 20] }
        margin = .infinity
        var best = -Double.infinity
        for candidate in ([0] + quantiles + [.infinity]).sorted(by: >) {
            let reward = validation.reward(choosingBy: Self.raised(scores, row: bestSingle, by: candidate))
            if reward > best { (best, margin) = (reward, candidate) }
        }
    }

    /// Scores `[states, workers]` with the margin added.
    public func scores(for states: Tensor) -> Matrix {
        Self.raised(head.scores(for: states), row: bestSingle, by: margin)
    }

    private static func raised(_ scores: Matrix, row: Int, by margin: Double) -> Matrix {
        var raised = scores
        for task in 0..<scores.rows { raised[task, row] += margin }
        return raised
    }
}

/// One logistic regression a worker: an estimate of its success by itself, on the state and a constant.
///
/// Adding or dropping a worker touches one row, and the scores are probabilities of success, which a softmax is not.
public struct LogisticHead: Sendable, Equatable {
    /// `[workers, width + 1]`; the last column is the constant's.
    public let weight: Tensor
    /// The ridge that validation chose by reward.
    public let ridge: Double

    /// Fits each worker's row on the tasks where it was tried; the ridge of highest validation reward, the larger on a tie.
    public init(train: TaskSet, validation: TaskSet, options: TrainingOptions = TrainingOptions(), threads: Threads = .one) {
        let extended = train.withConstant, judged = validation.withConstant
        let states = Matrix(extended.states), workers = train.outcomes.workers.count
        var rows = Matrix(rows: workers, columns: states.columns)
        var best: (reward: Double, weight: Tensor, ridge: Double)?
        for ridge in options.ridges.sorted(by: >) {
            let previous = rows
            rows = Matrix(
                rows: workers, columns: states.columns,
                scalars: (0..<workers).flatMap { worker in
                    Self.fit(worker, train: train.outcomes, states: states, from: previous, ridge: ridge, options: options)
                })
            let weight = Tensor(shape: [workers, states.columns], scalars: rows.scalars.map { Float($0) })
            let scores = Matrix(judged.states.timesTransposed(weight, threads: threads))
            let reward = validation.reward(choosingBy: scores)
            if best.map({ reward > $0.reward }) ?? true { best = (reward, weight, ridge) }
        }
        guard let best else { preconditionFailure("no ridge to fit") }
        weight = best.weight
        ridge = best.ridge
    }

    private static func fit(
        _ worker: Int, train: OutcomeTable, states: Matrix, from rows: Matrix, ridge: Double, options: TrainingOptions
    ) -> [Double] {
        let rates = (0..<train.tasks).map { train.rates[$0, worker] }
        let samples = (0..<train.tasks).map { Double(train.samples[$0 * train.workers.count + worker]) }
        let weights = samples.map { $0 > 0 ? $0 / ($0 + options.kappa) : 0 }
        let total = weights.reduce(0, +)
        let loss = LogisticLoss(
            states: states, rates: rates.map { $0.isNaN ? 0 : $0 },
            weights: total > 0 ? weights.map { $0 / total } : weights, ridge: ridge)
        let start = Array(rows.scalars[worker * states.columns..<(worker + 1) * states.columns])
        return options.optimizer.minimize(from: start) { loss($0) }.point
    }

    /// Probability of success `[states, workers]` for states `[states, width]`.
    public func scores(for states: Tensor) -> Matrix {
        let width = states.columns
        var scores = Matrix(rows: states.rows, columns: weight.rows)
        let constant = (0..<weight.rows).map { Double(weight.scalars[$0 * weight.columns + width]) }
        let inner = Tensor(
            shape: [weight.rows, width],
            scalars: (0..<weight.rows).flatMap { weight[row: $0].prefix(width) })
        let linear = Matrix(states.timesTransposed(inner))
        for task in 0..<scores.rows {
            for worker in 0..<scores.columns {
                scores[task, worker] = 1 / (1 + exponential(-(linear[task, worker] + constant[worker])))
            }
        }
        return scores
    }
}
