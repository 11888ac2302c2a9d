import CKernels

/// A linear map, `x ↦ activation(x · Wᵀ + bias)`, with `W` `[outputs, inputs]` laid out for the processor once, at load.
/// OpenBLAS lays weights out anew at each call, which costs most of the time when there are few rows.
///
/// An interleaved map stands for two of the same shape, a gate and an up projection, `x ↦ silu(x · Gᵀ) · (x · Uᵀ)`.
/// The layout is the same on every processor: panels of 48 rows of weights, `[inputs][48]`, in the order of the rows.
/// A class because it owns memory; nothing changes after `init`.
public final class PackedMatrix: Sendable {
    /// The number of the layout in memory, which files of packed weights carry: another layout, in any precision, takes another.
    public static let layout = 1

    /// Columns of a result.
    public let outputs: Int
    public let inputs: Int
    public let precision: Precision
    /// Whether rows of a gate and an up projection stand in turns of eight.
    public let isInterleaved: Bool
    /// Groups of 48 rows of weights, the unit in which work is cut for several threads.
    public var panels: Int { Self.panels(weightRows) }
    /// Memory of the packed form.
    public var bytes: Int { precision.bytes(rows: weightRows, columns: inputs) }

    private let memory: PackedMemory
    /// One value for each row of weights, padded; empty when there is none.
    private let bias: [Float]

    private var weightRows: Int { Self.weightRows(outputs, isInterleaved: isInterleaved) }

    /// Packs `weight` `[outputs, inputs]`; `bias` has one value for each output.
    public convenience init(_ weight: Tensor, bias: [Float], precision: Precision = .f32) {
        self.init(stacking: [weight], bias: bias, precision: precision)
    }

    /// Packs the rows of `parts`, one part after the other, straight from the file, a block at a time: the matrix is never
    /// widened as a whole, and read once. When `isInterleaved`, `parts` are a gate and an up projection of one shape. `bias` has
    /// one value for each row of the parts, in their order. Throws `WeightsError` with the tensor that holds an infinite value or NaN.
    public convenience init(
        stacking parts: [MappedRows], isInterleaved: Bool = false, bias: [Float]? = nil, precision: Precision = .f32,
        threads: Threads = .one
    ) throws {
        let inputs = parts.first?.columns ?? 0
        precondition(parts.allSatisfy { $0.columns == inputs }, "parts of \(parts.map(\.columns)) inputs")
        let packing = PanelPacking(
            rows: parts.map { $0.shape.first ?? 1 }, inputs: inputs, isInterleaved: isInterleaved, precision: precision)
        let (memory, isFinite) = packing.pack(threads: threads) { part, row, columns, target in
            let start = row * inputs
            parts[part].widen(start + columns.lowerBound..<start + columns.upperBound, to: target)
        }
        if !isFinite { try parts.forEach { try $0.checkFinite(threads: threads) } }
        self.init(packing, memory, bias: bias ?? [])
    }

    /// The same for parts that are in memory, each `[outputs, inputs]`.
    public convenience init(
        stacking parts: [Tensor], isInterleaved: Bool = false, bias: [Float]? = nil, precision: Precision = .f32,
        threads: Threads = .one
    ) {
        let inputs = parts.first?.columns ?? 0
        precondition(parts.allSatisfy { $0.columns == inputs }, "parts of \(parts.map(\.columns)) inputs")
        let packing = PanelPacking(
            rows: parts.map(\.rows), inputs: inputs, isInterleaved: isInterleaved, precision: precision)
        let (memory, _) = packing.pack(threads: threads) { part, row, columns, target in
            parts[part].scalars.withUnsafeBufferPointer { scalars in
                if let base = scalars.baseAddress {
                    target.update(from: base + row * inputs + columns.lowerBound, count: columns.count)
                }
            }
        }
        self.init(packing, memory, bias: bias ?? [])
    }

    /// A map whose packed form lies in memory that `owner` keeps, such as a mapped file: `bytes` bytes at a multiple of 64,
    /// as `withPackedBytes` gave them. `bias` as in `init(stacking:)`.
    public init(
        packed: UnsafeRawBufferPointer, owner: any AnyObject & Sendable, outputs: Int, inputs: Int,
        isInterleaved: Bool = false, bias: [Float]? = nil, precision: Precision
    ) {
        self.outputs = outputs
        self.inputs = inputs
        self.isInterleaved = isInterleaved
        self.precision = precision
        self.bias = Self.packed(bias ?? [], outputs: outputs, isInterleaved: isInterleaved)
        let size = Self.bytes(outputs: outputs, inputs: inputs, isInterleaved: isInterleaved, precision: precision)
        precondition(packed.count == size, "need \(size) packed bytes, got \(packed.count)")
        memory = PackedMemory(packed, owner: owner)
    }

    private init(_ packing: PanelPacking, _ memory: PackedMemory, bias: [Float]) {
        let rows = packing.rows, total = rows.reduce(0, +)
        isInterleaved = packing.isInterleaved
        precondition(bias.isEmpty || bias.count == total, "need \(total) bias values, got \(bias.count)")
        outputs = isInterleaved ? rows[0] : total
        inputs = packing.inputs
        precision = packing.precision
        self.bias = Self.packed(bias, outputs: outputs, isInterleaved: isInterleaved)
        self.memory = memory
    }

    /// Elements that the packed form of `[outputs, inputs]` takes in 32-bit floats.
    public static func size(outputs: Int, inputs: Int) -> Int { baton_packed_size(outputs, inputs) }

    /// Bytes of a packed form.
    public static func bytes(outputs: Int, inputs: Int, isInterleaved: Bool = false, precision: Precision) -> Int {
        precision.bytes(rows: weightRows(outputs, isInterleaved: isInterleaved), columns: inputs)
    }

    static func panels(_ rows: Int) -> Int { (rows + 47) / 48 }

    static func weightRows(_ outputs: Int, isInterleaved: Bool) -> Int {
        isInterleaved ? (outputs + 7) / 8 * 16 : outputs
    }

    static func padded(_ rows: Int) -> Int { (rows + 15) / 16 * 16 }

    /// Where row `row` of the packed form comes from; nil for padding. Without interleaving all parts count as one.
    static func source(of row: Int, outputs: Int, isInterleaved: Bool) -> (part: Int, row: Int)? {
        guard isInterleaved else { return row < outputs ? (0, row) : nil }
        let index = row / 16 * 8 + row % 8
        return index < outputs ? (row % 16 / 8, index) : nil
    }

    private static func packed(_ bias: [Float], outputs: Int, isInterleaved: Bool) -> [Float] {
        guard !bias.isEmpty else { return [] }
        return (0..<padded(weightRows(outputs, isInterleaved: isInterleaved))).map { row in
            source(of: row, outputs: outputs, isInterleaved: isInterleaved).map { bias[$0.part * outputs + $0.row] } ?? 0
        }
    }

    /// The packed form, to be written to a file: the same bytes on every processor.
    public func withPackedBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(memory) { try body(UnsafeRawBufferPointer(start: memory.base, count: bytes)) }
    }

    /// Pieces into which the work on `rows` rows is best cut for threads. With few rows weights come from memory as fast as
    /// they can: panels that lie side by side stay together, so that what a panel fetches ahead is what is needed next.
    public func pieces(rows: Int) -> Int { (panels + Self.together(rows) - 1) / Self.together(rows) }

    /// The panels of piece `piece` of `pieces(rows:)`.
    public func panels(ofPiece piece: Int, rows: Int) -> Range<Int> {
        let size = Self.together(rows)
        return min(panels, piece * size)..<min(panels, (piece + 1) * size)
    }

    private static func together(_ rows: Int) -> Int { rows <= 32 ? 4 : 1 }

    /// The outputs of `panels` for each row of `input` `[rows, inputs]`, into their columns of `output`
    /// `[rows, outputs]`, on top of what is there when `adding`. A row has the same bits alone and among others, and for
    /// any cut into panels; AVX2 and AVX-512 agree bit for bit.
    public func apply(
        to input: FloatRows, panels: Range<Int>, activation: Activation = .identity, adding: Bool = false,
        into output: FloatRows, on set: InstructionSet = .best
    ) {
        guard let storage = precision.storage else { preconditionFailure("8-bit weights take quantized rows") }
        check(rows: input.rows, columns: input.columns, panels, activation, output)
        bias.withUnsafeBufferPointer { bias in
            baton_multiply(
                set.kernel, storage, input.rows, outputs, inputs, input.base, input.stride, memory.base, inputs,
                panels.lowerBound, panels.upperBound, bias.isEmpty ? nil : bias.baseAddress, activation.kernel,
                adding ? 1 : 0, output.base, output.stride)
        }
    }

    /// The same for 8-bit weights and rows. The same bits on every instruction set.
    public func apply(
        to input: QuantizedRows, panels: Range<Int>, activation: Activation = .identity, adding: Bool = false,
        into output: FloatRows
    ) {
        precondition(precision == .int8, "quantized rows take 8-bit weights, these are \(precision)")
        check(rows: input.rows, columns: input.columns, panels, activation, output)
        bias.withUnsafeBufferPointer { bias in
            baton_multiply8(
                input.set.kernel, input.rows, outputs, inputs, input.base, input.stride, input.scales, memory.base,
                panels.lowerBound, panels.upperBound, bias.isEmpty ? nil : bias.baseAddress, activation.kernel,
                adding ? 1 : 0, output.base, output.stride)
        }
    }

    private func check(rows: Int, columns: Int, _ panels: Range<Int>, _ activation: Activation, _ output: FloatRows) {
        precondition(columns == inputs, "need \(inputs) inputs, got \(columns)")
        precondition(output.rows == rows && output.columns == outputs, "output is not [\(rows), \(outputs)]")
        precondition(panels.lowerBound >= 0 && panels.upperBound <= self.panels, "panels \(panels) of \(self.panels)")
        precondition((activation == .swiglu) == isInterleaved, "\(activation) of a map that is interleaved: \(isInterleaved)")
    }
}
