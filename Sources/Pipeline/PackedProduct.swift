import Tensors

/// A product with packed weights `[1024, 1024]`, to be timed.
struct PackedProduct {
    private static let size = 1024

    private let map: PackedMatrix

    init(_ precision: Precision) {
        let size = Self.size
        map = PackedMatrix(Self.pattern(rows: size), bias: [Float](repeating: 0, count: size), precision: precision)
    }

    /// Operations per second of `rows` rows on `threads`, the best of a few tries; making 8-bit numbers of rows counts as time.
    func rate(rows: Int, threads: Threads) -> Double {
        let size = Self.size, memory = Workspace()
        memory.reset(
            for: 2 * Workspace.room(rows: rows, columns: size) + Workspace.room(quantizedRows: rows, columns: size))
        let input = memory.rows(rows, columns: size), output = memory.rows(rows, columns: size)
        let bytes = memory.quantizedRows(rows, columns: size), map = map
        input.fill(with: Self.pattern(rows: rows))
        let clock = ContinuousClock()
        let best = (0..<5).map { _ in
            clock.measure {
                if map.precision == .int8 {
                    threads.run((rows + 7) / 8) { piece in
                        let part = piece * 8..<min(rows, piece * 8 + 8)
                        input.rows(part).quantize(into: bytes.rows(part))
                    }
                }
                threads.run(map.pieces(rows: rows)) { piece in
                    let panels = map.panels(ofPiece: piece, rows: rows)
                    if map.precision == .int8 {
                        map.apply(to: bytes, panels: panels, into: output)
                    } else {
                        map.apply(to: input, panels: panels, into: output)
                    }
                }
            }
        }.min()
        return 2 * Double(rows * size * size) / ((best ?? .seconds(1)) / .seconds(1))
    }

    private static func pattern(rows: Int) -> Tensor {
        Tensor(shape: [rows, size], scalars: (0..<rows * size).map { Float($0 % 7) - 3 })
    }
}
