import CKernels

/// A window of `rows` rows of 8-bit numbers, each row with its scale and its zero, into memory that a `Workspace` owns: what `FloatRows`
/// is for floats. The numbers have the form that `set` multiplies.
public struct QuantizedRows: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let scales: UnsafeMutablePointer<baton_row_scale>
    public let rows: Int
    public let columns: Int
    /// Distance between two rows, in bytes.
    let stride: Int
    public let set: InstructionSet

    /// Some of the rows.
    public func rows(_ range: Range<Int>) -> QuantizedRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return QuantizedRows(
            base: base + range.lowerBound * stride, scales: scales + range.lowerBound, rows: range.count, columns: columns,
            stride: stride, set: set)
    }
}

extension Workspace {
    /// Elements of a workspace that a window of 8-bit rows takes.
    public static func room(quantizedRows rows: Int, columns: Int, on set: InstructionSet = .best) -> Int {
        rows * quantizedStride(columns, set) / 4 + padded(2 * rows) + 16
    }

    /// The next `rows` × `columns` 8-bit numbers with scales and zeros, of undefined value.
    public func quantizedRows(_ rows: Int, columns: Int, on set: InstructionSet = .best) -> QuantizedRows {
        let stride = Self.quantizedStride(columns, set)
        let memory = take(Self.room(quantizedRows: rows, columns: columns, on: set))
        return QuantizedRows(
            base: UnsafeMutableRawPointer(memory + Self.padded(2 * rows)),
            scales: UnsafeMutableRawPointer(memory).bindMemory(to: baton_row_scale.self, capacity: rows), rows: rows,
            columns: columns, stride: stride, set: set)
    }

    private static func quantizedStride(_ columns: Int, _ set: InstructionSet) -> Int {
        let stride = baton_quantized_stride(set.kernel, columns)
        return stride % 1024 == 0 ? stride + 64 : stride
    }
}

extension FloatRows {
    /// Each row as numbers 0 … 255 from its least element to its largest, zero included and exact, rounded to the nearest.
    /// A row with NaN or an infinity gets the scale NaN, and so do its products.
    public func quantize(into output: QuantizedRows) {
        precondition(output.rows == rows && output.columns == columns, "output is not [\(rows), \(columns)]")
        baton_quantize_rows(output.set.kernel, rows, columns, base, stride, output.base, output.stride, output.scales)
    }
}
