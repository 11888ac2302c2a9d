import Foundation

/// What learning-rate adaptation remembers: running means of the updates of mean and variances, and of their squares.
/// Nomura, Akimoto, Ono, "CMA-ES with learning rate adaptation", GECCO 2023, in diagonal form.
public struct LearningRates: Sendable, Codable, Equatable {
    /// The rate of one part of the distribution, and why it is what it is.
    public struct Rate: Sendable, Codable, Equatable {
        /// η, in 0 … 1.
        public var value: Double
        /// E: the running mean of the updates, `[n]`.
        public var drift: [Double]
        /// V: the running mean of their squared length.
        public var power: Double

        /// The parts of a checkpoint.
        public init(value: Double, drift: [Double], power: Double) {
            self.value = value
            self.drift = drift
            self.power = power
        }

        /// Follows one `update`, with memory β: the rate grows where the signal-to-noise ratio of updates is above α η.
        mutating func follow(_ update: [Double], memory beta: Double) {
            let alpha = 1.4, gamma = 0.1
            var length = 0.0, drift = 0.0
            for j in update.indices {
                self.drift[j] = (1 - beta) * self.drift[j] + beta * update[j]
                drift += self.drift[j] * self.drift[j]
                length += update[j] * update[j]
            }
            power = (1 - beta) * power + beta * length
            let noise = power - drift
            // Without noise the ratio is infinite: the rate grows as fast as it may.
            let ratio = noise > 0 ? (drift - beta / (2 - beta) * power) / noise : .infinity
            let push = min(1, max(-1, ratio / (alpha * value) - 1))
            value = min(1, value * exp(min(gamma * value, beta) * push))
        }
    }

    /// η_m and η_Σ.
    public var mean: Rate, variances: Rate

    /// The rates of a checkpoint.
    public init(mean: Rate, variances: Rate) {
        self.mean = mean
        self.variances = variances
    }

    /// Full rates, nothing seen yet.
    init(dimension n: Int) {
        mean = Rate(value: 1, drift: [Double](repeating: 0, count: n), power: 0)
        variances = mean
    }
}

extension SepCMAES {
    /// Takes back of an update of mean and Σ = σ²C what the rates do not grant. σ becomes the geometric mean of √Σ, and
    /// grows where the rate of the mean falls, so that its steps stay as long: log(η_m σ) is what a search moves by.
    mutating func restrain(since before: State) {
        guard var rates = state.learning else { return }
        update { state in
            let n = state.mean.count, oldRate = rates.mean.value
            let old = before.variances.map { before.stepSize * before.stepSize * $0 }
            var moves = [Double](repeating: 0, count: n), changes = moves
            for j in 0..<n {
                moves[j] = (state.mean[j] - before.mean[j]) / old[j].squareRoot()
                let new = state.stepSize * state.stepSize * state.variances[j]
                changes[j] = (new - old[j]) / (2.0.squareRoot() * old[j])
            }
            rates.mean.follow(moves, memory: 0.1)
            rates.variances.follow(changes, memory: 0.03)
            var logarithms = 0.0
            for j in 0..<n {
                state.mean[j] = before.mean[j] + rates.mean.value * (moves[j] * old[j].squareRoot())
                let square = old[j] + rates.variances.value * (changes[j] * 2.0.squareRoot() * old[j])
                state.variances[j] = square
                logarithms += log(square)
            }
            let stepSize = exp(logarithms / Double(n) / 2)
            for j in 0..<n { state.variances[j] = (state.variances[j] / (stepSize * stepSize)).clamped(to: varianceLimits) }
            state.stepSize = (stepSize * (oldRate / rates.mean.value)).clamped(to: stepSizes)
            state.learning = rates
        }
    }
}
