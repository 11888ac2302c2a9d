import Tensors

/// A part of a pass: pieces that may run at the same time, each writing what is its own.
struct Stage: Sendable {
    let pieces: Int
    /// Whether a level of hidden states is complete behind it.
    var completesLevel = false
    let run: @Sendable (_ piece: Int, _ worker: Int) -> Void

    // Rows of one piece where each row is on its own. Small enough that two threads share a short sentence.
    private static let rowsPerPiece = 8

    /// Rows that each stand on their own.
    static func rows(_ count: Int, completesLevel: Bool = false, _ body: @escaping @Sendable (Range<Int>) -> Void) -> Stage {
        let size = rowsPerPiece
        return Stage(pieces: (count + size - 1) / size, completesLevel: completesLevel) { piece, _ in
            body(piece * size..<min(count, (piece + 1) * size))
        }
    }

    /// A product: a piece is some panels of outputs, which are added to what is there when `adding`.
    static func product(
        _ map: PackedMatrix, _ input: Operand, _ output: FloatRows, activation: Activation = .identity, adding: Bool = false
    ) -> Stage {
        Stage(pieces: map.pieces(rows: input.floats.rows)) { piece, _ in
            input.multiply(map, piece: piece, activation: activation, adding: adding, into: output)
        }
    }

    /// Several products as one stage: a piece is some panels of one of them.
    static func products(_ products: [(map: PackedMatrix, input: Operand, output: FloatRows)]) -> Stage {
        let counts = products.map { $0.map.pieces(rows: $0.input.floats.rows) }
        return Stage(pieces: counts.reduce(0, +)) { piece, _ in
            var piece = piece
            for (product, count) in zip(products, counts) {
                if piece < count { return product.input.multiply(product.map, piece: piece, into: product.output) }
                piece -= count
            }
        }
    }
}
