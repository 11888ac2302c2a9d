import CKernels

extension FloatRows {
    /// LayerNorm of each row of `self + residual` into `output`, by `gain` and `shift` `[columns]`.
    /// `output` may be `self` or `residual`. The same bits on every instruction set.
    public func layerNorm(
        adding residual: FloatRows? = nil, gain: [Float], shift: [Float], epsilon: Float, into output: FloatRows,
        on set: InstructionSet = .best
    ) {
        precondition(gain.count == columns && shift.count == columns, "gain and shift need \(columns) values")
        precondition(output.rows == rows && output.columns == columns, "output is not [\(rows), \(columns)]")
        precondition(residual.map { $0.rows == rows && $0.columns == columns } ?? true, "residual is not [\(rows), \(columns)]")
        baton_layer_norm(
            set.kernel, rows, columns, base, stride, residual?.base, residual?.stride ?? 0, gain, shift, epsilon,
            output.base, output.stride)
    }

    /// Softmax of each row of `scale · self`, in place. The same bits on every instruction set.
    public func softmax(scale: Float, on set: InstructionSet = .best) {
        precondition(scale > 0, "scale must be positive, is \(scale)")
        baton_softmax(set.kernel, rows, columns, base, stride, scale)
    }

    /// x·Φ(x) of each element, in place (the GELU by the error function, Hendrycks & Gimpel 2016).
    /// The same bits on every instruction set.
    public func gelu(on set: InstructionSet = .best) {
        baton_gelu(set.kernel, rows, columns, base, stride)
    }

    /// Softmax of each row of `scale · self` under a causal mask, in place: row i sees columns 0 … first + i, the others
    /// become 0. The same bits on every instruction set, and whatever the number of columns that a row doesn't see.
    public func causalSoftmax(scale: Float, first: Int, on set: InstructionSet = .best) {
        precondition(scale > 0 && first >= 0, "scale \(scale) and first \(first) must be positive")
        baton_causal_softmax(set.kernel, rows, columns, base, stride, scale, first)
    }

    /// x / (1 + exp(−x)) of each element, in place. The same bits on every instruction set.
    public func silu(on set: InstructionSet = .best) { baton_silu(set.kernel, rows, columns, base, stride) }

    /// RMSNorm of each row into `output`, by `gain` `[columns]` (Zhang and Sennrich 2019). `output` may be `self`.
    /// The same bits on every instruction set.
    public func rmsNorm(gain: [Float], epsilon: Float, into output: FloatRows, on set: InstructionSet = .best) {
        precondition(gain.count == columns, "gain needs \(columns) values")
        precondition(output.rows == rows && output.columns == columns, "output is not [\(rows), \(columns)]")
        baton_rms_norm(set.kernel, rows, columns, base, stride, gain, epsilon, output.base, output.stride)
    }

    /// Rotary position embedding of the heads of each row, in place, by row `positions[row]` of the tables
    /// `[…, headWidth / 2]`, elements i and i + headWidth/2 being a pair; then times `scale`. With `gain` `[headWidth]`,
    /// RMSNorm of each head before it. The same bits on every instruction set.
    public func rotate(
        headWidth: Int, gain: [Float]? = nil, epsilon: Float = 0, cosines: Tensor, sines: Tensor, positions: [Int32],
        scale: Float = 1, on set: InstructionSet = .best
    ) {
        precondition(
            headWidth > 0 && headWidth % 2 == 0 && columns % headWidth == 0, "\(columns) columns, heads of \(headWidth)")
        precondition(gain.map { $0.count == headWidth } ?? true, "gain needs \(headWidth) values")
        precondition(cosines.shape == sines.shape && cosines.columns == headWidth / 2, "tables are not […, \(headWidth / 2)]")
        precondition(
            positions.count == rows && positions.allSatisfy { 0 <= $0 && $0 < cosines.rows },
            "\(positions.count) positions for \(rows) rows, tables of \(cosines.rows)")
        func run(_ gain: UnsafePointer<Float>?) {
            baton_rotate(
                set.kernel, rows, columns / headWidth, headWidth, base, stride, gain, epsilon, cosines.scalars, sines.scalars,
                positions, scale)
        }
        if let gain { run(gain) } else { run(nil) }
    }

    /// Rows of scratch that `attend` needs.
    public static let attentionBlock = Int(baton_attention_block)

    /// softmax(scale · self · keysᵀ) · values for the queries `[rows, width]` of one head, into `output` of the same shape.
    /// `keys` and `values` `[tokens, width]` were laid out before, by `packTransposed` and `pack`. With `causalFrom`, row i
    /// sees the tokens 0 … causalFrom + i only. `scores` is scratch of `attentionBlock` rows, or as many as `self` has,
    /// of `tokens` columns. A row has the same bits alone and in any block.
    public func attend(
        keys: FloatRows, values: FloatRows, tokens: Int, causalFrom first: Int? = nil, scale: Float, scores: FloatRows,
        into output: FloatRows, on set: InstructionSet = .best
    ) {
        precondition(scale > 0 && tokens > 0, "scale \(scale), \(tokens) tokens")
        precondition(
            first.map { $0 >= 0 && $0 + rows <= tokens } ?? true, "\(rows) rows from \(first ?? 0) of \(tokens) tokens")
        precondition(output.rows == rows && output.columns == columns, "output is not [\(rows), \(columns)]")
        precondition(
            scores.rows >= min(rows, Self.attentionBlock) && scores.columns >= tokens,
            "scores have \(scores.rows) rows of \(scores.columns)")
        precondition(
            keys.rows * keys.stride >= PackedMatrix.size(outputs: tokens, inputs: columns)
                && values.rows * values.stride >= PackedMatrix.size(outputs: columns, inputs: tokens), "too little is packed")
        baton_attend(
            set.kernel, rows, columns, base, stride, keys.base, values.base, tokens, first ?? tokens, scale, scores.base,
            scores.stride, output.base, output.stride)
    }

    /// Lays `self` `[k, n]` out as the right side of a product, `x · self`, into scratch of at least
    /// `PackedMatrix.size(outputs: n, inputs: k)` elements.
    public func pack(into packing: FloatRows) {
        precondition(packing.rows * packing.stride >= PackedMatrix.size(outputs: columns, inputs: rows), "scratch too small")
        baton_pack_transposed(columns, rows, base, stride, packing.base)
    }

    /// Lays `self` `[n, k]` out as the right side of a product, `x · selfᵀ`, into scratch as for `pack`.
    public func packTransposed(into packing: FloatRows) {
        precondition(packing.rows * packing.stride >= PackedMatrix.size(outputs: rows, inputs: columns), "scratch too small")
        baton_pack(rows, columns, base, stride, packing.base)
    }

    /// `self · B` `[rows, n]` into `output`, for a `B` `[columns, n]` that was laid out into `packed` before.
    public func multiply(packed: FloatRows, into output: FloatRows, on set: InstructionSet = .best) {
        let outputs = output.columns
        precondition(
            packed.rows * packed.stride >= PackedMatrix.size(outputs: outputs, inputs: columns), "too little is packed")
        precondition(output.rows == rows, "output has \(output.rows) rows, not \(rows)")
        baton_multiply(
            set.kernel, BATON_F32, rows, outputs, columns, base, stride, packed.base, columns, 0,
            PackedMatrix.panels(outputs), nil, BATON_IDENTITY, 0, output.base, output.stride)
    }

    /// The mean of the rows into `output` `[1, columns]`, summed from the first row to the last.
    public func mean(into output: FloatRows) {
        precondition(rows > 0 && output.rows == 1 && output.columns == columns, "output is not [1, \(columns)], or no rows")
        let sum = output.base
        sum.update(from: base, count: columns)
        for row in 1..<max(1, rows) {
            let source = base + row * stride
            for column in 0..<columns { sum[column] += source[column] }
        }
        let factor = 1 / Float(rows)
        for column in 0..<columns { sum[column] *= factor }
    }
}
