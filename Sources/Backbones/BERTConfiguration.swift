import Foundation

/// The sizes of a BERT, from its `config.json`.
struct BERTConfiguration: Sendable, Equatable {
    let layers: Int
    let width: Int
    let heads: Int
    let inner: Int
    let vocabulary: Int
    let positions: Int
    let segments: Int
    let epsilon: Float

    var headWidth: Int { width / heads }

    /// Reads and checks the sizes. Throws `ModelError` with the key when the model is none that we compute.
    init(reading directory: ModelDirectory) throws {
        let file: File = try ModelDirectory.decode("config.json", in: directory.url)
        let path = directory.configuration.path
        guard file.model_type == "bert" else {
            throw ModelError("\(path): model_type is \"\(file.model_type ?? "")\"; supported is \"bert\"")
        }
        guard file.hidden_act == nil || file.hidden_act == "gelu" else {
            throw ModelError(
                "\(path): hidden_act is \"\(file.hidden_act ?? "")\"; supported is \"gelu\", by the error function")
        }
        guard file.position_embedding_type == nil || file.position_embedding_type == "absolute" else {
            throw ModelError(
                "\(path): position_embedding_type is \"\(file.position_embedding_type ?? "")\"; supported is \"absolute\"")
        }
        guard file.is_decoder != true else { throw ModelError("\(path): is_decoder is true; only encoders are supported") }
        layers = file.num_hidden_layers
        width = file.hidden_size
        heads = file.num_attention_heads
        inner = file.intermediate_size
        vocabulary = file.vocab_size
        positions = file.max_position_embeddings
        segments = file.type_vocab_size ?? 2
        epsilon = Float(file.layer_norm_eps ?? 1e-12)
        let sizes = [
            ("num_hidden_layers", layers), ("hidden_size", width), ("num_attention_heads", heads), ("intermediate_size", inner),
            ("vocab_size", vocabulary), ("max_position_embeddings", positions), ("type_vocab_size", segments),
        ]
        for (key, size) in sizes where size < 1 || size > 1 << 24 {
            throw ModelError("\(path): \(key) is \(size), which is no size of a model")
        }
        guard width % heads == 0 else {
            throw ModelError("\(path): hidden_size \(width) is not a multiple of num_attention_heads \(heads)")
        }
        guard epsilon > 0, epsilon < 1 else { throw ModelError("\(path): layer_norm_eps must lie between 0 and 1") }
    }

    private struct File: Decodable {
        let model_type: String?
        let hidden_act: String?
        let position_embedding_type: String?
        let is_decoder: Bool?
        let num_hidden_layers: Int
        let hidden_size: Int
        let num_attention_heads: Int
        let intermediate_size: Int
        let vocab_size: Int
        let max_position_embeddings: Int
        let type_vocab_size: Int?
        let layer_norm_eps: Double?
    }
}
