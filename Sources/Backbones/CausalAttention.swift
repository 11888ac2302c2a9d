import Tensors

/// Packed keys and values of every text and key head of a batch, and scratch of each thread for scores.
/// softmax(query · keyᵀ / √width + mask) · value (Vaswani et al. 2017, eq. 1); a token sees itself and those before it.
struct CausalAttention: Sendable {
    let headWidth: Int
    private let keys: [FloatRows]
    private let values: [FloatRows]
    private let scores: [FloatRows]

    /// Rows of queries at a time: the scores of a block stay in the cache.
    static let block = FloatRows.attentionBlock

    /// Room for texts of `lengths` tokens with `keyHeads` heads each.
    init(_ workspace: Workspace, lengths: [Int], keyHeads: Int, headWidth: Int, workers: Int) {
        self.headWidth = headWidth
        let sizes = lengths.flatMap { [Int](repeating: $0, count: keyHeads) }
        keys = sizes.map { workspace.rows(1, columns: PackedMatrix.size(outputs: $0, inputs: headWidth)) }
        values = sizes.map { workspace.rows(1, columns: PackedMatrix.size(outputs: headWidth, inputs: $0)) }
        let longest = lengths.max() ?? 0
        scores = (0..<workers).map { _ in workspace.rows(min(Self.block, longest), columns: longest) }
    }

    /// Elements that it takes from its workspace.
    static func room(lengths: [Int], keyHeads: Int, headWidth: Int, workers: Int) -> Int {
        let longest = lengths.max() ?? 0
        let packed = lengths.reduce(0) { sum, tokens in
            sum + Workspace.room(rows: 1, columns: PackedMatrix.size(outputs: tokens, inputs: headWidth))
                + Workspace.room(rows: 1, columns: PackedMatrix.size(outputs: headWidth, inputs: tokens))
        }
        return packed * keyHeads + workers * Workspace.room(rows: min(block, longest), columns: longest)
    }

    /// Lays out the keys and values of one head of one text, each `[tokens, headWidth]`.
    func pack(_ slot: Int, key: FloatRows, value: FloatRows) {
        key.packTransposed(into: keys[slot])
        value.pack(into: values[slot])
    }

    /// The context of some rows of one query head, `[rows, headWidth]`; the first of them is token `first` of its text.
    func attend(_ slot: Int, query: FloatRows, first: Int, tokens: Int, into output: FloatRows, worker: Int) {
        query.attend(
            keys: keys[slot], values: values[slot], tokens: tokens, causalFrom: first, scale: 1 / Float(headWidth).squareRoot(),
            scores: scores[worker], into: output)
    }
}
