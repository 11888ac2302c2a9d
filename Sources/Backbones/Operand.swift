import Tensors

/// Rows that products read: floats, and for 8-bit weights the same rows as 8-bit numbers, which whoever wrote the floats
/// makes of them once.
struct Operand: Sendable {
    let floats: FloatRows
    private let quantized: QuantizedRows?

    init(_ workspace: Workspace, rows: Int, columns: Int, precision: Precision) {
        floats = workspace.rows(rows, columns: columns)
        quantized = precision == .int8 ? workspace.quantizedRows(rows, columns: columns) : nil
    }

    private init(floats: FloatRows, quantized: QuantizedRows?) {
        self.floats = floats
        self.quantized = quantized
    }

    /// Elements that it takes from its workspace.
    static func room(rows: Int, columns: Int, precision: Precision) -> Int {
        Workspace.room(rows: rows, columns: columns)
            + (precision == .int8 ? Workspace.room(quantizedRows: rows, columns: columns) : 0)
    }

    func rows(_ range: Range<Int>) -> Operand {
        Operand(floats: floats.rows(range), quantized: quantized?.rows(range))
    }

    /// Makes the 8-bit numbers of all its rows, where there are any.
    func complete() {
        if let quantized { floats.quantize(into: quantized) }
    }

    /// The same as a stage, for rows that several pieces have written.
    var completion: [Stage] {
        quantized == nil ? [] : [Stage.rows(floats.rows) { rows in self.rows(rows).complete() }]
    }

    /// One piece of a product of these rows (`PackedMatrix.pieces`).
    func multiply(
        _ map: PackedMatrix, piece: Int, activation: Activation = .identity, adding: Bool = false, into output: FloatRows
    ) {
        let panels = map.panels(ofPiece: piece, rows: floats.rows)
        if let quantized {
            map.apply(to: quantized, panels: panels, activation: activation, adding: adding, into: output)
        } else {
            map.apply(to: floats, panels: panels, activation: activation, adding: adding, into: output)
        }
    }
}
