/// A matrix of a decoder's layer: its name in a state dict, and the order there.
public enum LayerMatrix: String, Sendable, CaseIterable {
    case query = "self_attn.q_proj"
    case key = "self_attn.k_proj"
    case value = "self_attn.v_proj"
    case output = "self_attn.o_proj"
    case gate = "mlp.gate_proj"
    case up = "mlp.up_proj"
    case down = "mlp.down_proj"

    func name(in layer: Int) -> String { "layers.\(layer).\(rawValue)" }
}

/// A product of the pass: one matrix, or two of the same inputs, one behind the other.
enum LayerMap: String, Sendable, CaseIterable {
    case query, keyValue, attentionOutput, gateUp, down

    /// Its name where packed weights are kept.
    func name(in layer: Int) -> String { "layers.\(layer).\(rawValue)" }

    var matrices: [LayerMatrix] {
        switch self {
        case .query: [.query]
        case .keyValue: [.key, .value]
        case .attentionOutput: [.output]
        case .gateUp: [.gate, .up]
        case .down: [.down]
        }
    }
}

extension DecoderConfiguration {
    func shape(of matrix: LayerMatrix) -> (outputs: Int, inputs: Int, hasBias: Bool) {
        switch matrix {
        case .query: (queryWidth, width, hasQueryBias)
        case .key, .value: (keyWidth, width, hasQueryBias)
        case .output: (width, queryWidth, hasOutputBias)
        case .gate, .up: (inner, width, hasInnerBias)
        case .down: (width, inner, hasInnerBias)
        }
    }

    /// Singular values of a matrix.
    func rank(of matrix: LayerMatrix) -> Int {
        let shape = shape(of: matrix)
        return min(shape.outputs, shape.inputs)
    }
}
