import Tensors

/// Scratch of one thread for attention: packed keys and values of one head, and a block of scores.
struct AttentionScratch: Sendable {
    private let keys: FloatRows
    private let values: FloatRows
    private let scores: FloatRows

    private static let block = FloatRows.attentionBlock

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
        key.packTransposed(into: keys)
        value.pack(into: values)
        query.attend(
            keys: keys, values: values, tokens: key.rows, scale: 1 / Float(query.columns).squareRoot(), scores: scores,
            into: output)
    }
}
