import Tensors

/// What the two blocks of a published vector that scale the vocabulary's tables do to hidden states.
public enum EmbeddingScales: String, Sendable, CaseIterable {
    /// The model's input and output tables are one tensor. The published code writes the scaled input table into it, and then
    /// the scaled output table, both made from the same original: the last one stays. So the block of `lm_head` scales what
    /// tokens are read as, and the block of `embed_tokens`, the first of the vector, does nothing.
    case tied
    /// Two tables: the block of `embed_tokens` scales what tokens are read as, that of `lm_head` a table that no hidden
    /// state depends on.
    case untied
}

/// The blocks of a published vector of singular-value offsets, in the order of a state dict: the input table, the seven matrices
/// of the second-to-last layer, the output table, each with an offset for every singular value.
public struct PublishedBlocks: Sendable, Equatable {
    public struct Block: Sendable, Equatable {
        public let name: String
        public let count: Int
    }

    public let layer: Int
    public let embeddingScales: EmbeddingScales
    public let blocks: [Block]

    /// Numbers in all.
    public var count: Int { blocks.reduce(0) { $0 + $1.count } }

    /// The blocks for `model`. Throws `ModelError` when it has no second-to-last layer.
    public init(for model: DecoderModel) throws {
        guard model.layers >= 2 else { throw ModelError("a model of \(model.layers) layer has no second-to-last one") }
        let size = model.configuration, table = min(size.vocabulary, size.width)
        layer = model.layers - 2
        embeddingScales = model.isTied ? .tied : .untied
        let matrices = LayerMatrix.allCases.map {
            Block(name: "layers.\(size.layers - 2).\($0.rawValue)", count: size.rank(of: $0))
        }
        blocks = [Block(name: "embed_tokens", count: table)] + matrices + [Block(name: "lm_head", count: table)]
    }

    /// What the `count` numbers of a vector do to hidden states.
    public func offsets(_ numbers: [Double]) -> ScaleOffsets {
        precondition(numbers.count == count, "\(numbers.count) numbers for blocks of \(count)")
        var parts: [[Double]] = [], first = 0
        for block in blocks {
            parts.append(Array(numbers[first..<first + block.count]))
            first += block.count
        }
        return ScaleOffsets(
            layer: Dictionary(uniqueKeysWithValues: zip(LayerMatrix.allCases, parts.dropFirst())),
            embedding: embeddingScales == .tied ? parts.last : parts.first)
    }
}

extension DecoderModel {
    /// Whether the table of tokens is the output table too: as config.json says, else whether the file has another.
    var isTied: Bool { configuration.isTied ?? (weights.source.reader.weights.shape(of: "lm_head.weight") == nil) }
}
