import CKernels

/// How the weights of a product are stored, and what it computes with.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// 32-bit floats.
    case f32
    /// 16-bit floats of 8 or 11 significant bits, widened in the kernel: the bits of `f32` on the rounded weights.
    case bf16, f16
    /// 8-bit numbers with a scale for each output, times 8-bit numbers with a scale and a zero for each row; exact
    /// integer sums.
    case int8

    /// Bytes of a packed matrix `[rows, columns]`.
    func bytes(rows: Int, columns: Int) -> Int {
        switch self {
        case .f32: baton_packed_size(rows, columns) * 4
        case .bf16, .f16: baton_packed_size(rows, columns) * 2
        case .int8: baton_packed_size8(rows, columns)
        }
    }

    /// Bytes of a weight within its panel.
    var elementSize: Int {
        switch self {
        case .f32: 4
        case .bf16, .f16: 2
        case .int8: 1
        }
    }

    /// nil for integers.
    var storage: baton_storage? {
        switch self {
        case .f32: BATON_F32
        case .bf16: BATON_BF16
        case .f16: BATON_F16
        case .int8: nil
        }
    }
}

/// What is applied to each output of a linear map.
public enum Activation: Sendable {
    case identity, gelu, silu
    /// silu(gate) · up, of a map whose rows were interleaved.
    case swiglu

    var kernel: baton_activation {
        switch self {
        case .identity: BATON_IDENTITY
        case .gelu: BATON_GELU
        case .silu: BATON_SILU
        case .swiglu: BATON_SWIGLU
        }
    }
}
