import Tensors

/// One layer: attention, then the gated network, each behind an RMSNorm and added to the residual.
struct DecoderLayer: Sendable {
    let attentionNorm: [Float]
    var query: PackedMatrix
    /// Keys, then values: `[2 · keyWidth, width]`.
    var keyValue: PackedMatrix
    /// Gains of each head's norm, `[headWidth]`; nil without one.
    let queryNorm: [Float]?
    let keyNorm: [Float]?
    var attentionOutput: PackedMatrix
    let innerNorm: [Float]
    /// Gates and what they let through, interleaved: `[inner, width]` each.
    var gateUp: PackedMatrix
    var down: PackedMatrix
}

/// All weights of a decoder, laid out for the pass. The table of tokens stays where it lies in the file; the output
/// matrix of the language model is not read.
struct DecoderWeights: Sendable {
    let tokens: MappedRows
    /// What each row of `tokens` is multiplied by, `[width, width]`; nil where it is read as it is.
    var tokenMap: PackedMatrix?
    var layers: [DecoderLayer]
    let norm: [Float]
    /// Where all of them come from.
    let source: DecoderLoader

    /// Reads the weights that `configuration` promises, with or without `model.` before their names. Throws
    /// `WeightsError` or `ModelError` with the tensor's name when one is missing, of another shape, not finite, or part
    /// of a layer and unknown.
    init(
        reading weights: MappedWeights, _ configuration: DecoderConfiguration, precision: Precision, threads: Threads
    ) throws {
        let prefix = weights.shape(of: "model.embed_tokens.weight") == nil ? "" : "model."
        source = DecoderLoader(
            weights: weights, prefix: prefix, configuration: configuration, precision: precision, threads: threads)
        tokens = try weights.rows(
            named: prefix + "embed_tokens.weight", shape: [configuration.vocabulary, configuration.width])
        try source.checkNames()
        layers = try (0..<configuration.layers).map(source.layer)
        norm = try source.vector("norm.weight", configuration.width)
    }
}

/// Where weights are read, at load and when singular values of a layer are scaled.
struct DecoderLoader: Sendable {
    let weights: MappedWeights
    let prefix: String
    let configuration: DecoderConfiguration
    let precision: Precision
    let threads: Threads

    func layer(_ index: Int) throws -> DecoderLayer {
        let size = configuration, name = "layers.\(index)."
        return DecoderLayer(
            attentionNorm: try vector(name + "input_layernorm.weight", size.width), query: try map(.query, of: index),
            keyValue: try map(.keyValue, of: index),
            queryNorm: size.hasHeadNorm ? try vector(name + "self_attn.q_norm.weight", size.headWidth) : nil,
            keyNorm: size.hasHeadNorm ? try vector(name + "self_attn.k_norm.weight", size.headWidth) : nil,
            attentionOutput: try map(.attentionOutput, of: index),
            innerNorm: try vector(name + "post_attention_layernorm.weight", size.width), gateUp: try map(.gateUp, of: index),
            down: try map(.down, of: index))
    }

    func vector(_ name: String, _ count: Int) throws -> [Float] {
        let tensor = try weights.tensor(named: prefix + name, shape: [count])
        try weights.checkFinite(prefix + name)
        return tensor.scalars
    }

    /// One map with the outputs of all its matrices, one after another or interleaved; those in `scaled` take the place of
    /// the file's.
    func map(_ map: LayerMap, of layer: Int, scaled: [LayerMatrix: Tensor] = [:]) throws -> PackedMatrix {
        let shapes = map.matrices.map { configuration.shape(of: $0) }, isInterleaved = map == .gateUp
        var bias: [Float]?
        if shapes.contains(where: \.hasBias) {
            bias = try zip(map.matrices, shapes).flatMap { matrix, shape in
                guard shape.hasBias else { return [Float](repeating: 0, count: shape.outputs) }
                return try vector(matrix.name(in: layer) + ".bias", shape.outputs)
            }
        }
        guard scaled.isEmpty else {
            let parts = try map.matrices.map { try scaled[$0] ?? matrix($0, of: layer) }
            return PackedMatrix(
                stacking: parts, isInterleaved: isInterleaved, bias: bias, precision: precision, threads: threads)
        }
        return PackedMatrix(
            stacking: try map.matrices.map { try rows($0, of: layer) }, isInterleaved: isInterleaved, bias: bias,
            precision: precision, threads: threads)
    }

    /// A matrix as the file has it, `[outputs, inputs]`, where it lies.
    func rows(_ matrix: LayerMatrix, of layer: Int) throws -> MappedRows {
        let shape = configuration.shape(of: matrix), name = prefix + matrix.name(in: layer) + ".weight"
        try weights.checkFinite(name)
        return try weights.rows(named: name, shape: [shape.outputs, shape.inputs])
    }

    /// A copy of it, widened.
    func matrix(_ matrix: LayerMatrix, of layer: Int) throws -> Tensor {
        let shape = configuration.shape(of: matrix), name = prefix + matrix.name(in: layer) + ".weight"
        try weights.checkFinite(name)
        return try weights.tensor(named: name, shape: [shape.outputs, shape.inputs])
    }

    /// A tensor of a layer that the pass would not read is a part that it hasn't got, or a layer that config.json denies.
    func checkNames() throws {
        for name in weights.names where name.hasPrefix(prefix + "layers.") {
            let path = name.dropFirst((prefix + "layers.").count).split(separator: ".", maxSplits: 1).map(String.init)
            guard path.count == 2, let index = Int(path[0]) else { continue }
            guard index < configuration.layers else {
                throw ModelError("no layer for tensor \"\(name)\": config.json has num_hidden_layers \(configuration.layers)")
            }
            guard known.contains(path[1]) else {
                throw ModelError(
                    "tensor \"\(name)\" is of a part that a \(configuration.family.rawValue) with this config.json hasn't got")
            }
        }
    }

    private var known: Set<String> {
        var names = Set(["input_layernorm.weight", "post_attention_layernorm.weight"])
        func add(_ modules: [String], _ hasBias: Bool) {
            for module in modules { names.formUnion(["\(module).weight"] + (hasBias ? ["\(module).bias"] : [])) }
        }
        add(["q_proj", "k_proj", "v_proj"].map { "self_attn.\($0)" }, configuration.hasQueryBias)
        add(["self_attn.o_proj"], configuration.hasOutputBias)
        add(["gate_proj", "up_proj", "down_proj"].map { "mlp.\($0)" }, configuration.hasInnerBias)
        if configuration.hasHeadNorm { add(["self_attn.q_norm", "self_attn.k_norm"], false) }
        // Written by the first Llamas; the frequencies follow from config.json.
        names.insert("self_attn.rotary_emb.inv_freq")
        return names
    }
}
