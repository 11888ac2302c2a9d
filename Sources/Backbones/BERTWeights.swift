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

    /// Reads the weights that `configuration` promises, with or without `bert.` before their names,
    /// LayerNorms with the names of today or the first ones (`gamma`, `beta`). Throws
    /// `WeightsError` with the tensor's name when one is missing, of another shape, or not finite.
    init(
        reading weights: MappedWeights, _ configuration: BERTConfiguration, precision: Precision, threads: Threads
    ) throws {
        let prefix = weights.shape(of: "bert.embeddings.word_embeddings.weight") == nil ? "" : "bert."
        let loader = Loader(weights: weights, prefix: prefix, precision: precision, threads: threads)
        let width = configuration.width, table = prefix + "embeddings.word_embeddings.weight"
        words = try weights.rows(named: table, shape: [configuration.vocabulary, width])
        try weights.checkFinite(table)
        positions = try loader.tensor("embeddings.position_embeddings.weight", [configuration.positions, width])
        segments = try loader.tensor("embeddings.token_type_embeddings.weight", [configuration.segments, width])
        embeddingNorm = try loader.norm("embeddings.LayerNorm", width)
        let beyond = "\(prefix)encoder.layer.\(configuration.layers)."
        if let name = weights.names.first(where: { $0.hasPrefix(beyond) }) {
            throw ModelError("no layer for tensor \"\(name)\": config.json has num_hidden_layers \(configuration.layers)")
        }
        layers = try (0..<configuration.layers).map { index in
            let name = "encoder.layer.\(index)"
            return BERTLayer(
                query: try loader.map(["\(name).attention.self.query"], outputs: width, inputs: width),
                keyValue: try loader.map(
                    ["\(name).attention.self.key", "\(name).attention.self.value"], outputs: width, inputs: width),
                attentionOutput: try loader.map(["\(name).attention.output.dense"], outputs: width, inputs: width),
                attentionNorm: try loader.norm("\(name).attention.output.LayerNorm", width),
                widening: try loader.map(["\(name).intermediate.dense"], outputs: configuration.inner, inputs: width),
                narrowing: try loader.map(["\(name).output.dense"], outputs: width, inputs: configuration.inner),
                outputNorm: try loader.norm("\(name).output.LayerNorm", width))
        }
    }
}

private struct Loader {
    let weights: MappedWeights
    let prefix: String
    let precision: Precision
    let threads: Threads

    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let tensor = try weights.tensor(named: prefix + name, shape: shape)
        try weights.checkFinite(prefix + name)
        return tensor
    }

    func norm(_ name: String, _ width: Int) throws -> Normalization {
        Normalization(
            gain: try tensor(present("\(name).weight", or: "\(name).gamma"), [width]).scalars,
            shift: try tensor(present("\(name).bias", or: "\(name).beta"), [width]).scalars)
    }

    /// `old` when only that is there: some models are still published with the names of BERT's first code.
    private func present(_ name: String, or old: String) -> String {
        weights.shape(of: prefix + name) == nil && weights.shape(of: prefix + old) != nil ? old : name
    }

    /// One map with the outputs of all `names`, one after another.
    func map(_ names: [String], outputs: Int, inputs: Int) throws -> PackedMatrix {
        let rows = try names.map { name in
            let name = "\(prefix)\(name).weight"
            try weights.checkFinite(name)
            return try weights.rows(named: name, shape: [outputs, inputs])
        }
        let bias = try names.flatMap { try tensor("\($0).bias", [outputs]).scalars }
        return PackedMatrix(stacking: rows, bias: bias, precision: precision, threads: threads)
    }
}
