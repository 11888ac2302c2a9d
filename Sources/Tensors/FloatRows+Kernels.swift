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
            set.kernel, rows, outputs, columns, base, stride, packed.base, 0, PackedMatrix.panels(outputs), nil,
            BATON_IDENTITY, output.base, output.stride)
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
