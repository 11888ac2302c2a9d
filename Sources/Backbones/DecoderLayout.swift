import Tensors

/// Where each token of a pass lies: tokens whose states are known already take no row, but keys and values.
struct DecoderLayout: Sendable {
    /// Some rows of one text whose attention is computed together; the first is token `first` of the text.
    struct QueryBlock: Sendable {
        let text: Int
        let rows: Range<Int>
        let first: Int
    }

    /// Ids of the tokens that are computed, and their positions in their texts.
    let tokens: [Int32]
    let positions: [Int32]
    /// The row of each of them among all keys and values.
    let places: [Int]
    /// Tokens of each text, known ones included, and where their keys and values begin.
    let lengths: [Int]
    private let bounds: [Int]
    /// The row of the token that is read, for each text; its first token's where all are.
    let read: [Int]
    let queryBlocks: [QueryBlock]
    let readBlocks: [QueryBlock]

    init(_ task: DecoderTask) {
        let batch = task.batch
        var tokens: [Int32] = [], positions: [Int32] = [], places: [Int] = [], read: [Int] = []
        var blocks: [QueryBlock] = [], readBlocks: [QueryBlock] = []
        for text in 0..<batch.count {
            let range = batch.range(text), known = task.knownTokens(text), row = tokens.count
            tokens += batch.tokens[range.dropFirst(known)]
            positions += (known..<range.count).map(Int32.init)
            places += range.dropFirst(known)
            let token = task.readout.token(of: range.count) ?? known
            read.append(row + token - known)
            readBlocks.append(QueryBlock(text: text, rows: text..<text + 1, first: token))
            for first in stride(from: known, to: range.count, by: CausalAttention.block) {
                let last = min(first + CausalAttention.block, range.count)
                blocks.append(QueryBlock(text: text, rows: row + first - known..<row + last - known, first: first))
            }
        }
        self.tokens = tokens
        self.positions = positions
        self.places = places
        self.read = read
        self.readBlocks = readBlocks
        queryBlocks = blocks
        lengths = (0..<batch.count).map { batch.range($0).count }
        bounds = batch.bounds
    }

    /// All tokens, known ones included.
    var all: Int { bounds.last ?? 0 }
    var longest: Int { lengths.max() ?? 0 }

    /// The rows of keys and values of text `index`.
    func range(_ index: Int) -> Range<Int> { bounds[index]..<bounds[index + 1] }

    /// The blocks of whole sixteens of each text, new ones empty and at most the task's `newBlocks` of them in all; none
    /// without a prefix cache.
    func blocks(_ task: DecoderTask, layers: Int, columns: Int) -> [[PrefixBlock]] {
        guard let known = task.known else { return lengths.map { _ in [] } }
        var room = task.newBlocks
        return lengths.indices.map { text in
            let missing = min(room, task.missingBlocks(text))
            room -= missing
            return known[text] + (0..<missing).map { _ in PrefixBlock(layers: layers, columns: columns) }
        }
    }
}
