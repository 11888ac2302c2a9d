import Tensors

/// LayerNorm's gain and shift.
struct Normalization: Sendable {
    let gain: [Float]
    let shift: [Float]
}

/// One layer: attention, then the two-layer network, each followed by the residual sum and LayerNorm.
struct BERTLayer: Sendable {
    let query: PackedMatrix
    /// Keys, then values: `[2 · width, width]`.
    let keyValue: PackedMatrix
    let attentionOutput: PackedMatrix
    let attentionNorm: Normalization
    let widening: PackedMatrix
    let narrowing: PackedMatrix
    let outputNorm: Normalization
}

/// All weights of a BERT, laid out for the pass. The table of words stays where it lies in the file.
struct BERTWeights: Sendable {
    let words: MappedRows
    let positions: Tensor
    let segments: Tensor
    let embeddingNorm: Normalization
    let layers: [BERTLayer]

    static let table = "embeddings.word_embeddings.weight"

    /// Reads the weights that `configuration` promises, LayerNorms with the names of today or the first ones (`gamma`, `beta`).
    /// Throws `WeightsError` or `ModelError` with the tensor's name when one is missing, of another shape, not finite, or part
    /// of a layer and unknown.
    init(reading reader: WeightsReader, _ configuration: BERTConfiguration) throws {
        let width = configuration.width, inner = configuration.inner
        words = try reader.table(Self.table, [configuration.vocabulary, width])
        positions = try reader.tensor("embeddings.position_embeddings.weight", [configuration.positions, width])
        segments = try reader.tensor("embeddings.token_type_embeddings.weight", [configuration.segments, width])
        embeddingNorm = try reader.norm("embeddings.LayerNorm", width)
        try reader.checkNames(layers: "encoder.layer.", count: configuration.layers, known: Self.known, family: "bert")
        layers = try (0..<configuration.layers).map { index in
            let name = "encoder.layer.\(index)."
            func map(_ map: BERTMap, _ outputs: Int, _ inputs: Int) throws -> PackedMatrix {
                try reader.map(
                    "layers.\(index).\(map)", of: map.modules.map { ("\(name)\($0).weight", outputs, inputs) },
                    bias: try map.modules.flatMap { try reader.vector("\(name)\($0).bias", outputs) })
            }
            return BERTLayer(
                query: try map(.query, width, width), keyValue: try map(.keyValue, width, width),
                attentionOutput: try map(.attentionOutput, width, width),
                attentionNorm: try reader.norm(name + "attention.output.LayerNorm", width),
                widening: try map(.widening, inner, width), narrowing: try map(.narrowing, width, inner),
                outputNorm: try reader.norm(name + "output.LayerNorm", width))
        }
    }

    /// All packed maps with their names.
    var maps: [(name: String, map: PackedMatrix)] {
        layers.enumerated().flatMap { index, layer in BERTMap.allCases.map { ("layers.\(index).\($0)", layer[$0]) } }
    }

    /// What stands behind `encoder.layer.N.` in the names of a layer's tensors.
    private static let known: Set<String> = {
        let maps = BERTMap.allCases.flatMap(\.modules).flatMap { ["\($0).weight", "\($0).bias"] }
        let norms = ["attention.output.LayerNorm", "output.LayerNorm"].flatMap { norm in
            ["weight", "bias", "gamma", "beta"].map { "\(norm).\($0)" }
        }
        return Set(maps + norms)
    }()
}

/// A product of the pass: one matrix, or two of the same inputs, one behind the other.
enum BERTMap: String, Sendable, CaseIterable {
    case query, keyValue, attentionOutput, widening, narrowing

    /// Their names in a layer.
    var modules: [String] {
        switch self {
        case .query: ["attention.self.query"]
        case .keyValue: ["attention.self.key", "attention.self.value"]
        case .attentionOutput: ["attention.output.dense"]
        case .widening: ["intermediate.dense"]
        case .narrowing: ["output.dense"]
        }
    }
}

extension BERTLayer {
    subscript(map: BERTMap) -> PackedMatrix {
        switch map {
        case .query: query
        case .keyValue: keyValue
        case .attentionOutput: attentionOutput
        case .widening: widening
        case .narrowing: narrowing
        }
    }
}

extension WeightsReader {
    fileprivate func norm(_ name: String, _ width: Int) throws -> Normalization {
        Normalization(
            gain: try vector(present("\(name).weight", or: "\(name).gamma"), width),
            shift: try vector(present("\(name).bias", or: "\(name).beta"), width))
    }

    /// `old` when only that is there: some models are still published with the names of BERT's first code.
    private func present(_ name: String, or old: String) -> String {
        weights.shape(of: prefix + name) == nil && weights.shape(of: prefix + old) != nil ? old : name
    }
}
