import Foundation
import Routing
import Tensors
import Testing

/// SplitMix64, so that a test draws the same numbers everywhere.
struct Draws: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }

    /// Uniform in [-1, 1).
    mutating func signed() -> Double { Double.random(in: -1..<1, using: &self) }

    /// A tensor of numbers in [-1, 1).
    mutating func tensor(_ rows: Int, _ columns: Int) -> Tensor {
        Tensor(shape: [rows, columns], scalars: (0..<rows * columns).map { _ in Float(signed()) })
    }
}

/// Made up states and outcomes.
enum Problem {
    /// Tasks whose success rates follow a linear rule of strength `signal`; a share of the cells is missing.
    static func set(
        tasks: Int, width: Int, workers: Int, signal: Double, missing: Double = 0, samples: Int = 5, seed: UInt64,
        ruleSeed: UInt64 = 1
    ) -> TaskSet {
        var rule = Draws(seed: ruleSeed), draws = Draws(seed: seed)
        let truth = rule.tensor(workers, width), states = draws.tensor(tasks, width)
        let scores = states.timesTransposed(truth)
        var successes: [Double] = [], counts: [Int] = []
        for cell in 0..<tasks * workers {
            let isTried = draws.unit() >= missing
            let rate = 1 / (1 + exp(-signal * Double(scores.scalars[cell])))
            let hits = (0..<samples).filter { _ in draws.unit() < rate }.count
            counts.append(isTried ? samples : 0)
            successes.append(isTried ? Double(hits) : 0)
        }
        return TaskSet(states: states, outcomes: OutcomeTable(workers: names(workers), successes: successes, samples: counts))
    }

    static func names(_ count: Int) -> [String] { (0..<count).map { "worker-\($0)" } }
}

extension TaskSet {
    /// The tasks at `rows`, in that order.
    func tasks(at rows: [Int]) -> TaskSet { TaskSet(states: states.rows(at: rows), outcomes: outcomes.rows(at: rows)) }

    /// The same tasks with the workers' columns in the order `columns`.
    func workers(at columns: [Int]) -> TaskSet {
        let width = outcomes.workers.count
        let cells = (0..<outcomes.tasks).flatMap { task in columns.map { task * width + $0 } }
        return TaskSet(
            states: states,
            outcomes: OutcomeTable(
                workers: columns.map { outcomes.workers[$0] },
                successes: cells.map {
                    outcomes.samples[$0] > 0 ? outcomes.rates.scalars[$0] * Double(outcomes.samples[$0]) : 0
                },
                samples: cells.map { outcomes.samples[$0] }))
    }
}

/// ‖a − b‖ / ‖b‖.
func relativeDistance(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
    var square = 0.0, norm = 0.0
    for (x, y) in zip(a, b) {
        square += (Double(x) - Double(y)) * (Double(x) - Double(y))
        norm += Double(y) * Double(y)
    }
    return (square / max(norm, .leastNormalMagnitude)).squareRoot()
}
