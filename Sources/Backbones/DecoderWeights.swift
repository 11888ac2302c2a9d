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

    /// Reads the weights that `configuration` promises. Throws `WeightsError` or `ModelError` with the tensor's name when one
    /// is missing, of another shape, not finite, or part of a layer and unknown.
    init(reading reader: WeightsReader, _ configuration: DecoderConfiguration) throws {
        source = DecoderLoader(reader: reader, configuration: configuration)
        tokens = try reader.table("embed_tokens.weight", [configuration.vocabulary, configuration.width])
        try reader.checkNames(
            layers: "layers.", count: configuration.layers, known: source.known, family: configuration.family.rawValue)
        layers = try (0..<configuration.layers).map(source.layer)
        norm = try reader.vector("norm.weight", configuration.width)
    }

    /// All packed maps with their names.
    var maps: [(name: String, map: PackedMatrix)] {
        layers.enumerated().flatMap { index, layer in LayerMap.allCases.map { ($0.name(in: index), layer[$0]) } }
    }
}

/// Where weights are read, at load and when singular values of a layer are scaled.
struct DecoderLoader: Sendable {
    let reader: WeightsReader
    let configuration: DecoderConfiguration

    func layer(_ index: Int) throws -> DecoderLayer {
        let size = configuration, name = "layers.\(index)."
        return DecoderLayer(
            attentionNorm: try reader.vector(name + "input_layernorm.weight", size.width), query: try map(.query, of: index),
            keyValue: try map(.keyValue, of: index),
            queryNorm: size.hasHeadNorm ? try reader.vector(name + "self_attn.q_norm.weight", size.headWidth) : nil,
            keyNorm: size.hasHeadNorm ? try reader.vector(name + "self_attn.k_norm.weight", size.headWidth) : nil,
            attentionOutput: try map(.attentionOutput, of: index),
            innerNorm: try reader.vector(name + "post_attention_layernorm.weight", size.width),
            gateUp: try map(.gateUp, of: index),
            down: try map(.down, of: index))
    }

    /// One map with the outputs of all its matrices, one after another or interleaved; those in `scaled` take the place of
    /// the file's.
    func map(_ map: LayerMap, of layer: Int, scaled: [LayerMatrix: Tensor] = [:]) throws -> PackedMatrix {
        let shapes = map.matrices.map { configuration.shape(of: $0) }, isInterleaved = map == .gateUp
        var bias: [Float]?
        if shapes.contains(where: \.hasBias) {
            bias = try zip(map.matrices, shapes).flatMap { matrix, shape in
                guard shape.hasBias else { return [Float](repeating: 0, count: shape.outputs) }
                return try reader.vector(matrix.name(in: layer) + ".bias", shape.outputs)
            }
        }
        guard scaled.isEmpty else {
            let parts = try map.matrices.map { try scaled[$0] ?? matrix($0, of: layer) }
            return PackedMatrix(
                stacking: parts, isInterleaved: isInterleaved, bias: bias, precision: reader.precision, threads: reader.threads)
        }
        let matrices = zip(map.matrices, shapes).map { ("\($0.name(in: layer)).weight", $1.outputs, $1.inputs) }
        return try reader.map(map.name(in: layer), of: matrices, isInterleaved: isInterleaved, bias: bias)
    }

    /// A copy of a matrix as the file has it, `[outputs, inputs]`, widened.
    func matrix(_ matrix: LayerMatrix, of layer: Int) throws -> Tensor {
        let shape = configuration.shape(of: matrix)
        return try reader.tensor(matrix.name(in: layer) + ".weight", [shape.outputs, shape.inputs])
    }

    /// What stands behind `layers.N.` in the names of a layer's tensors.
    var known: Set<String> {
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
