import Foundation

/// The sizes and choices of a decoder, from its `config.json` as transformers 4 or 5 writes it.
struct DecoderConfiguration: Sendable, Equatable {
    /// The families that are computed: pre-RMSNorm decoders with rotary positions, grouped queries and SwiGLU.
    enum Family: String, Sendable, CaseIterable {
        case llama, qwen2, qwen3
    }

    let family: Family
    let layers: Int
    let width: Int
    let heads: Int
    let keyHeads: Int
    let headWidth: Int
    let inner: Int
    let vocabulary: Int
    let positions: Int
    let epsilon: Float
    let rotary: RotaryEmbedding
    /// Whether q, k and v have biases; the output of attention; the feed-forward network.
    let hasQueryBias: Bool, hasOutputBias: Bool, hasInnerBias: Bool
    /// Whether the table of tokens is the language model's output too, by `tie_word_embeddings`; nil when it doesn't say.
    let isTied: Bool?
    /// Whether each head of q and k has an RMSNorm.
    var hasHeadNorm: Bool { family == .qwen3 }

    var queryWidth: Int { heads * headWidth }
    var keyWidth: Int { keyHeads * headWidth }

    /// Reads and checks the file. Throws `ModelError` with the key when the model is none that we compute.
    init(reading directory: ModelDirectory) throws {
        // What is missing is said before what a strange file hasn't got.
        let parts: DecoderParts = try ModelDirectory.decode("config.json", in: directory.url)
        let path = directory.configuration.path
        guard let family = Family(rawValue: parts.model_type ?? "") else { throw ModelError("\(path): \(parts.unknownFamily)") }
        guard parts.unsupported.isEmpty else {
            throw ModelError(
                "\(path): this \(family.rawValue) needs what is not supported: \(parts.unsupported.joined(separator: "; "))")
        }
        try self.init(try ModelDirectory.decode("config.json", in: directory.url), parts, family, path: path)
    }

    private init(_ file: DecoderSizes, _ parts: DecoderParts, _ family: Family, path: String) throws {
        self.family = family
        layers = file.num_hidden_layers
        width = file.hidden_size
        heads = file.num_attention_heads
        keyHeads = file.num_key_value_heads ?? heads
        inner = file.intermediate_size
        vocabulary = file.vocab_size
        positions = file.max_position_embeddings
        let sizes = [
            ("num_hidden_layers", layers), ("hidden_size", width), ("num_attention_heads", heads),
            ("num_key_value_heads", keyHeads), ("intermediate_size", inner), ("vocab_size", vocabulary),
            ("max_position_embeddings", positions), ("head_dim", file.head_dim ?? 1),
        ]
        for (key, size) in sizes where size < 1 || size > 1 << 24 {
            throw ModelError("\(path): \(key) is \(size), which is no size of a model")
        }
        guard heads % keyHeads == 0 else {
            throw ModelError("\(path): num_attention_heads \(heads) is not a multiple of num_key_value_heads \(keyHeads)")
        }
        guard file.head_dim != nil || width % heads == 0 else {
            throw ModelError("\(path): hidden_size \(width) is not a multiple of num_attention_heads \(heads), and no head_dim")
        }
        headWidth = file.head_dim ?? width / heads
        guard headWidth % 2 == 0, heads * headWidth <= 1 << 24 else {
            throw ModelError("\(path): head_dim is \(headWidth); rotary positions need an even one, and sizes that fit a model")
        }
        epsilon = Float(file.rms_norm_eps ?? 1e-6)
        guard epsilon > 0, epsilon < 1 else { throw ModelError("\(path): rms_norm_eps must lie between 0 and 1") }
        rotary = try RotaryEmbedding(headWidth: headWidth, theta: parts.theta(path), scaling: parts.scaling(path))
        isTied = file.tie_word_embeddings
        hasQueryBias = parts.attention_bias ?? (family == .qwen2)
        hasOutputBias = (parts.attention_bias ?? false) && family != .qwen2
        hasInnerBias = parts.mlp_bias ?? false
    }
}

/// The sizes, as the file has them.
private struct DecoderSizes: Decodable {
    let num_hidden_layers: Int
    let hidden_size: Int
    let num_attention_heads: Int
    let num_key_value_heads: Int?
    let head_dim: Int?
    let intermediate_size: Int
    let vocab_size: Int
    let max_position_embeddings: Int
    let rms_norm_eps: Double?
    let tie_word_embeddings: Bool?
}
