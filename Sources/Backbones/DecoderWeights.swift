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
    var layers: [DecoderLayer]
    let norm: [Float]

    /// Reads the weights that `configuration` promises, with or without `model.` before their names. Throws
    /// `WeightsError` or `ModelError` with the tensor's name when one is missing, of another shape, not finite, or part
    /// of a layer and unknown.
    init(
        reading weights: MappedWeights, _ configuration: DecoderConfiguration, precision: Precision, threads: Threads
    ) throws {
        let prefix = weights.shape(of: "model.embed_tokens.weight") == nil ? "" : "model."
        let loader = DecoderLoader(
            weights: weights, prefix: prefix, configuration: configuration, precision: precision, threads: threads)
        tokens = try weights.rows(
            named: prefix + "embed_tokens.weight", shape: [configuration.vocabulary, configuration.width])
        try loader.checkNames()
        layers = try (0..<configuration.layers).map(loader.layer)
        norm = try loader.vector("norm.weight", configuration.width)
    }
}

private struct DecoderLoader {
    let weights: MappedWeights
    let prefix: String
    let configuration: DecoderConfiguration
    let precision: Precision
    let threads: Threads

    func layer(_ index: Int) throws -> DecoderLayer {
        let size = configuration, name = "layers.\(index)."
        let attention = name + "self_attn.", network = name + "mlp."
        return DecoderLayer(
            attentionNorm: try vector(name + "input_layernorm.weight", size.width),
            query: try map([(attention + "q_proj", size.queryWidth)], inputs: size.width, hasBias: size.hasQueryBias),
            keyValue: try map(
                [(attention + "k_proj", size.keyWidth), (attention + "v_proj", size.keyWidth)], inputs: size.width,
                hasBias: size.hasQueryBias),
            queryNorm: size.hasHeadNorm ? try vector(attention + "q_norm.weight", size.headWidth) : nil,
            keyNorm: size.hasHeadNorm ? try vector(attention + "k_norm.weight", size.headWidth) : nil,
            attentionOutput: try map(
                [(attention + "o_proj", size.width)], inputs: size.queryWidth, hasBias: size.hasOutputBias),
            innerNorm: try vector(name + "post_attention_layernorm.weight", size.width),
            gateUp: try map(
                [(network + "gate_proj", size.inner), (network + "up_proj", size.inner)], inputs: size.width,
                isInterleaved: true, hasBias: size.hasInnerBias),
            down: try map([(network + "down_proj", size.width)], inputs: size.inner, hasBias: size.hasInnerBias))
    }

    func vector(_ name: String, _ count: Int) throws -> [Float] {
        let tensor = try weights.tensor(named: prefix + name, shape: [count])
        try weights.checkFinite(prefix + name)
        return tensor.scalars
    }

    /// One map with the outputs of all `parts`, one after another or interleaved.
    func map(
        _ parts: [(name: String, outputs: Int)], inputs: Int, isInterleaved: Bool = false, hasBias: Bool
    ) throws -> PackedMatrix {
        let rows = try parts.map { part in
            let name = prefix + part.name + ".weight"
            try weights.checkFinite(name)
            return try weights.rows(named: name, shape: [part.outputs, inputs])
        }
        let bias = hasBias ? try parts.flatMap { try vector($0.name + ".bias", $0.outputs) } : nil
        return PackedMatrix(
            stacking: rows, isInterleaved: isInterleaved, bias: bias, precision: precision, threads: threads)
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
