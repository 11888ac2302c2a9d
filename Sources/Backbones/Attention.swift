import Tensors

/// Scratch of one thread for attention: packed keys and values of one head, and a block of scores.
struct AttentionScratch: Sendable {
    private let keys: FloatRows
    private let values: FloatRows
    private let scores: FloatRows

    // Rows of queries at a time: the scores of a block stay in the cache.
    private static let block = 64

    init(_ workspace: Workspace, tokens: Int, headWidth: Int) {
        keys = workspace.rows(1, columns: PackedMatrix.size(outputs: tokens, inputs: headWidth))
        values = workspace.rows(1, columns: PackedMatrix.size(outputs: headWidth, inputs: tokens))
        scores = workspace.rows(min(Self.block, tokens), columns: tokens)
    }

    /// Elements that a scratch takes from its workspace.
    static func room(tokens: Int, headWidth: Int) -> Int {
        Workspace.room(rows: 1, columns: PackedMatrix.size(outputs: tokens, inputs: headWidth))
            + Workspace.room(rows: 1, columns: PackedMatrix.size(outputs: headWidth, inputs: tokens))
            + Workspace.room(rows: min(block, tokens), columns: tokens)
    }

    /// softmax(query · keyᵀ / √width) · value for one head of one text (Vaswani et al. 2017, eq. 1); no mask.
    /// `query` and `output` `[queries, width]`, `key` and `value` `[tokens, width]`.
    func attend(query: FloatRows, key: FloatRows, value: FloatRows, into output: FloatRows) {
        let scale = 1 / Float(query.columns).squareRoot()
        key.packTransposed(into: keys)
        value.pack(into: values)
        for first in stride(from: 0, to: query.rows, by: Self.block) {
            let rows = first..<min(query.rows, first + Self.block)
            let block = scores.rows(0..<rows.count).columns(0..<key.rows)
            query.rows(rows).multiply(packed: keys, into: block)
            block.softmax(scale: scale)
            block.multiply(packed: values, into: output.rows(rows))
        }
    }
}
