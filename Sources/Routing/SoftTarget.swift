import Foundation
public import Tensors

/// `exp`, named here so that one place decides which library computes it.
@inline(__always) func exponential(_ x: Double) -> Double { exp(x) }

/// `log` of a probability, kept finite.
func logOf(_ probability: Double) -> Double { log(max(probability, 1e-300)) }

/// The distribution that the head is fitted to: softmax(r̄ / τ) over the workers that were tried.
public struct SoftTarget: Sendable, Equatable {
    /// Probabilities `[tasks, workers]`; 0 where the worker was not tried.
    public let probabilities: Matrix
    /// What each task counts for in the loss; 0 where no worker was tried. Scaled to sum to 1.
    public let weights: [Double]
    /// Whether each cell was tried, `[tasks × workers]`.
    public let tried: [Bool]

    /// Targets of `table` at temperature τ, its tasks weighted by `kappa` as ``OutcomeTable/taskWeights(kappa:)`` says.
    public init(_ table: OutcomeTable, temperature: Double, kappa: Double) {
        precondition(temperature > 0, "temperature must be positive, got \(temperature)")
        let width = table.workers.count
        let tried = table.rates.scalars.map { !$0.isNaN }
        self.tried = tried
        var probabilities = Matrix(rows: table.tasks, columns: width)
        for task in 0..<table.tasks {
            let cells = task * width..<(task + 1) * width
            let row = softmax(
                cells.map { table.rates.scalars[$0].isNaN ? 0 : table.rates.scalars[$0] / temperature },
                allowed: cells.map { tried[$0] })
            probabilities.scalars.replaceSubrange(cells, with: row)
        }
        self.probabilities = probabilities
        let raw = table.taskWeights(kappa: kappa), total = raw.reduce(0, +)
        weights = total > 0 ? raw.map { $0 / total } : raw
    }

    /// The target of a classifier: all of each task's probability on its own of `count` classes, tasks unweighted.
    init(classes: [Int], count: Int) {
        var probabilities = Matrix(rows: classes.count, columns: count)
        for (task, own) in classes.enumerated() { probabilities[task, own] = 1 }
        self.probabilities = probabilities
        tried = [Bool](repeating: true, count: classes.count * count)
        weights = classes.map { _ in 1 / Double(classes.count) }
    }
}

/// Mean KL(p ‖ softmax(B + X Wᵀ)) over tasks plus (λ/2)‖W‖², and its gradient: the loss of the head's SFT. B are scores
/// that stand already, or zero.
///
/// The softmax runs over the tried workers of each task. The gradient is (q − p)ᵀ X, row by row weighted, plus λW.
public struct SoftTargetLoss: Sendable {
    let states: Matrix
    let target: SoftTarget
    let ridge: Double
    let offset: Matrix?
    let threads: Threads

    /// The loss for `states` `[tasks, width]` against `target`, with ridge λ; `offset` `[tasks, workers]` is B.
    public init(states: Matrix, target: SoftTarget, ridge: Double, offset: Matrix? = nil, threads: Threads = .one) {
        precondition(states.rows == target.probabilities.rows, "states and targets differ in tasks")
        self.states = states
        self.target = target
        self.ridge = ridge
        self.offset = offset
        self.threads = threads
    }

    /// Loss and gradient at `weight`, `[workers × width]` row-major.
    public func callAsFunction(_ weight: [Double]) -> (value: Double, gradient: [Double]) {
        let workers = target.probabilities.columns, width = states.columns
        let head = Matrix(rows: workers, columns: width, scalars: weight)
        var residual = states.timesTransposed(head, threads: threads)
        if let offset {
            for index in residual.scalars.indices { residual.scalars[index] += offset.scalars[index] }
        }
        var loss = 0.0
        for task in 0..<states.rows { loss += replaceByResidual(&residual.scalars, task: task) }
        let product = residual.transposedTimes(states, threads: threads)
        var gradient = product.scalars
        var squares = 0.0
        for index in weight.indices {
            gradient[index] += ridge * weight[index]
            squares += weight[index] * weight[index]
        }
        return (loss + 0.5 * ridge * squares, gradient)
    }

    /// Turns the scores of one task into weight · (q − p) and returns weight · KL(p ‖ q).
    private func replaceByResidual(_ scores: inout [Double], task: Int) -> Double {
        let workers = target.probabilities.columns, weight = target.weights[task]
        let row = task * workers..<(task + 1) * workers
        guard weight > 0 else {
            for cell in row { scores[cell] = 0 }
            return 0
        }
        var peak = -Double.infinity
        for cell in row where target.tried[cell] { peak = max(peak, scores[cell]) }
        var sum = 0.0
        for cell in row where target.tried[cell] { sum += exponential(scores[cell] - peak) }
        let logSum = peak + log(sum)
        var divergence = 0.0
        for cell in row {
            guard target.tried[cell] else {
                scores[cell] = 0
                continue
            }
            let p = target.probabilities.scalars[cell], logQ = scores[cell] - logSum
            if p > 0 { divergence += p * (log(p) - logQ) }
            scores[cell] = weight * (exponential(logQ) - p)
        }
        return weight * divergence
    }
}

/// Mean binary cross-entropy of one worker's success against σ(x·w), plus (λ/2)‖w‖² over all but the last weight.
///
/// The last input is the constant 1: a success rate needs a base rate, and shrinking that would bias it.
struct LogisticLoss: Sendable {
    let states: Matrix
    let rates: [Double]
    let weights: [Double]
    let ridge: Double

    func callAsFunction(_ weight: [Double]) -> (value: Double, gradient: [Double]) {
        let scores = states.timesTransposed(Matrix(rows: 1, columns: weight.count, scalars: weight))
        var loss = 0.0
        var residual = Matrix(rows: states.rows, columns: 1)
        for task in 0..<states.rows where weights[task] > 0 {
            let score = scores.scalars[task]
            // log(1 + e^s) without overflow for large s.
            loss += weights[task] * (max(score, 0) + log1p(exponential(-abs(score))) - rates[task] * score)
            residual.scalars[task] = weights[task] * (1 / (1 + exponential(-score)) - rates[task])
        }
        var gradient = residual.transposedTimes(states).scalars
        for index in weight.indices.dropLast() {
            gradient[index] += ridge * weight[index]
            loss += 0.5 * ridge * weight[index] * weight[index]
        }
        return (loss, gradient)
    }
}
