import CKernels
import Synchronization

/// Lays rows of weights out in panels, a block of a panel at a time, so that what is widened stays in the first caches and a matrix
/// is never widened as a whole.
struct PanelPacking: Sendable {
    /// Rows of each part, which stand one after the other, or in turns of eight when interleaved.
    let rows: [Int]
    let inputs: Int
    let isInterleaved: Bool
    let precision: Precision

    /// Copies columns of a row of a part, widened, to where they are wanted.
    typealias Copy = @Sendable (_ part: Int, _ row: Int, _ columns: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> Void

    /// Columns that are widened at a time: 48 KiB of a panel.
    private static let block = 256

    /// The packed form, and whether all that was packed is finite: looked at while it is in the cache anyway.
    func pack(threads: Threads, copy: Copy) -> (memory: PackedMemory, isFinite: Bool) {
        precondition(!isInterleaved || rows.count == 2 && rows[0] == rows[1], "a gate and an up projection, not \(rows)")
        let outputs = isInterleaved ? rows[0] : rows.reduce(0, +)
        let count = PackedMatrix.weightRows(outputs, isInterleaved: isInterleaved)
        let memory = PackedMemory(count: precision.bytes(rows: count, columns: inputs))
        // Numbers of 8 bits need the scale of the whole row first.
        let depth = max(1, precision.storage == nil ? inputs : min(inputs, Self.block)), panels = PackedMatrix.panels(count)
        let scratches = Scratches(floats: 48 * depth, count: min(threads.count, panels)), flaw = Flaw()
        threads.run(stages: [panels]) { _, panel, worker in
            let first = panel * 48, width = min(48, PackedMatrix.padded(count) - first), scratch = scratches[worker]
            let sources = (first..<first + width).map { source(of: $0, outputs: outputs) }
            for column in stride(from: 0, to: inputs, by: depth) {
                let columns = column..<min(inputs, column + depth)
                for (row, source) in sources.enumerated() {
                    let target = scratch + row * depth
                    guard let source else {
                        target.update(repeating: 0, count: columns.count)
                        continue
                    }
                    copy(source.part, source.row, columns, target)
                    if baton_all_finite(columns.count, target) == 0 { flaw.found.store(true, ordering: .relaxed) }
                }
                memory.fill(
                    panel: panel, width: width, rows: count, inputs: inputs, columns: columns, precision: precision,
                    from: scratch, stride: depth)
            }
        }
        return (memory, !flaw.found.load(ordering: .relaxed))
    }

    /// Where row `row` of the packed form comes from; nil for padding.
    private func source(of row: Int, outputs: Int) -> (part: Int, row: Int)? {
        guard var (part, index) = PackedMatrix.source(of: row, outputs: outputs, isInterleaved: isInterleaved) else {
            return nil
        }
        while index >= rows[part] {
            index -= rows[part]
            part += 1
        }
        return (part, index)
    }
}

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Flaw: Sendable {
    let found = Atomic<Bool>(false)
}

/// Room for each worker. Safe because a worker is one thread at a time, and uses its own only.
private final class Scratches: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Float>
    private let floats: Int

    init(floats: Int, count: Int) {
        self.floats = floats
        base = .allocate(capacity: max(1, floats * count))
        base.initialize(repeating: 0, count: max(1, floats * count))
    }

    deinit { base.deallocate() }

    subscript(worker: Int) -> UnsafeMutablePointer<Float> { base + worker * floats }
}
