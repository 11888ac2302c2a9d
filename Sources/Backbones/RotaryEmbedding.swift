import Foundation
import Tensors

/// Rotary position embedding (Su et al. 2021, RoFormer): pairs of a head's numbers are turned by the position times a frequency.
struct RotaryEmbedding: Sendable, Equatable {
    /// What longer texts than the model was first trained on change.
    enum Scaling: Sendable, Equatable {
        case none
        /// All frequencies divided by `factor`.
        case linear(factor: Double)
        /// Llama 3.1: frequencies of wavelengths beyond `original / low` divided by `factor`, those below
        /// `original / high` kept, a linear ramp in between (Dubey et al. 2024, section 3.2; constants from config.json).
        case llama3(factor: Double, low: Double, high: Double, original: Double)
    }

    /// Radians a position, one for each pair: `[headWidth / 2]`.
    let frequencies: [Double]

    init(headWidth: Int, theta: Double, scaling: Scaling = .none) {
        frequencies = (0..<headWidth / 2).map { pair in
            let plain = pow(theta, -2 * Double(pair) / Double(headWidth))
            switch scaling {
            case .none: return plain
            case .linear(let factor): return plain / factor
            case .llama3(let factor, let low, let high, let original):
                let turns = original * plain / (2 * .pi)
                let ramp = min(1, max(0, (turns - low) / (high - low)))
                return plain * (ramp + (1 - ramp) / factor)
            }
        }
    }

    /// Cosines and sines of `positions`, each `[positions, headWidth / 2]`, computed in doubles.
    func table(positions: Range<Int>) -> RotaryTable {
        let angles = positions.flatMap { position in frequencies.map { Double(position) * $0 } }
        let shape = [positions.count, frequencies.count]
        return RotaryTable(
            cosines: Tensor(shape: shape, scalars: angles.map { Float(cos($0)) }),
            sines: Tensor(shape: shape, scalars: angles.map { Float(sin($0)) }))
    }
}

/// Cosines and sines of the angles of some positions, each `[positions, headWidth / 2]`.
struct RotaryTable: Sendable {
    let cosines: Tensor
    let sines: Tensor
    var positions: Int { cosines.rows }
}
