import Foundation
import Tensors

/// Numbers in -4 ..< 4 that look random, the same each time.
func numbers(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor {
    var state = seed
    return Tensor(
        shape: [rows, columns],
        scalars: (0..<rows * columns).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 33)) / 0x1p29
        })
}

/// What `body` leaves in a window that held `tensor`.
func changed(_ tensor: Tensor, _ body: (FloatRows) -> Void) -> Tensor {
    let workspace = Workspace()
    workspace.reset(for: Workspace.room(rows: tensor.rows, columns: tensor.columns))
    let rows = workspace.rows(tensor.rows, columns: tensor.columns)
    rows.fill(with: tensor)
    body(rows)
    return rows.tensor
}

/// Tensors as rows of a mapped file, where models have theirs.
func mapped(_ tensors: [Tensor]) throws -> [MappedRows] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kernels-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("weights.safetensors")
    try Safetensors.write(tensors: tensors.enumerated().map { ("part\($0)", $1) }, to: file)
    let weights = try MappedWeights(reading: file)
    return try tensors.enumerated().map { try weights.rows(named: "part\($0)", shape: $1.shape) }
}

/// What `map` makes of the rows of `a`, in the arithmetic of its precision, panel by panel; on top of `start`, if given.
func product(
    _ a: Tensor, _ map: PackedMatrix, _ activation: Activation = .identity, on start: Tensor? = nil,
    panels: [Range<Int>]? = nil,
    set: InstructionSet
) -> Tensor {
    let workspace = Workspace()
    workspace.reset(
        for: Workspace.room(rows: a.rows, columns: a.columns) + Workspace.room(rows: a.rows, columns: map.outputs)
            + Workspace.room(quantizedRows: a.rows, columns: a.columns, on: set))
    let input = workspace.rows(a.rows, columns: a.columns), output = workspace.rows(a.rows, columns: map.outputs)
    let bytes = workspace.quantizedRows(a.rows, columns: a.columns, on: set)
    input.fill(with: a)
    output.fill(
        with: start ?? Tensor(shape: [a.rows, map.outputs], scalars: [Float](repeating: .nan, count: a.rows * map.outputs)))
    if map.precision == .int8 { input.quantize(into: bytes) }
    for range in panels ?? [0..<map.panels] {
        if map.precision == .int8 {
            map.apply(to: bytes, panels: range, activation: activation, adding: start != nil, into: output)
        } else {
            map.apply(to: input, panels: range, activation: activation, adding: start != nil, into: output, on: set)
        }
    }
    return output.tensor
}
