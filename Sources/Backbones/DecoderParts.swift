/// Which parts a decoder has, by the keys of `config.json` as transformers 4 or 5 writes it. All may be absent, so that a
/// model of any kind can be told what it needs.
struct DecoderParts: Decodable {
    let model_type: String?
    let max_position_embeddings: Int?
    let hidden_act: String?
    let attention_bias: Bool?
    let mlp_bias: Bool?
    let rope_theta: Double?
    let rope_scaling: Rope?
    let rope_parameters: Rope?
    let partial_rotary_factor: Double?
    let sliding_window: Int?
    let use_sliding_window: Bool?
    let layer_types: [String]?
    let num_experts: Int?
    let num_local_experts: Int?
    let attn_logit_softcapping: Double?
    let quantization_config: Quantization?

    struct Quantization: Decodable { let quant_method: String? }

    struct Rope: Decodable {
        let rope_theta: Double?
        let rope_type: String?
        /// What `rope_type` was called at first.
        let type: String?
        let factor: Double?
        let low_freq_factor: Double?
        let high_freq_factor: Double?
        let original_max_position_embeddings: Double?

        var kind: String { rope_type ?? type ?? "default" }
    }

    var rope: Rope? { rope_parameters ?? rope_scaling }

    func theta(_ path: String) throws -> Double {
        let theta = rope_parameters?.rope_theta ?? rope_theta ?? 10_000
        guard theta.isFinite, theta > 1 else { throw ModelError("\(path): rope_theta must be above 1, not \(theta)") }
        return theta
    }

    func scaling(_ path: String) throws -> RotaryEmbedding.Scaling {
        guard let rope, rope.kind != "default" else { return .none }
        let factor = rope.factor ?? .nan
        guard factor.isFinite, factor > 0 else {
            throw ModelError("\(path): rope type \"\(rope.kind)\" needs a factor above 0")
        }
        if rope.kind == "linear" { return .linear(factor: factor) }
        guard let low = rope.low_freq_factor, let high = rope.high_freq_factor,
            let original = rope.original_max_position_embeddings, low.isFinite, high.isFinite, high > low, low > 0,
            original > 0,
            original.isFinite
        else {
            throw ModelError(
                "\(path): rope type \"llama3\" needs low_freq_factor < high_freq_factor and original_max_position_embeddings")
        }
        return .llama3(factor: factor, low: low, high: high, original: original)
    }

    /// What the model has and the pass hasn't, each with its key.
    var unsupported: [String] {
        var parts: [String] = []
        if let hidden_act, hidden_act != "silu" { parts.append("hidden_act \"\(hidden_act)\" (silu is)") }
        if max(num_experts ?? 0, num_local_experts ?? 0) > 1 { parts.append("a mixture of experts (num_experts)") }
        let slides = layer_types?.contains { $0 != "full_attention" }
        if slides ?? (use_sliding_window ?? (sliding_window != nil && sliding_window ?? 0 < max_position_embeddings ?? .max)) {
            parts.append("attention over a sliding window (sliding_window, layer_types)")
        }
        if let rope, !["default", "linear", "llama3"].contains(rope.kind) {
            parts.append("rotary positions of type \"\(rope.kind)\" (default, linear and llama3 are)")
        }
        if let partial_rotary_factor, partial_rotary_factor != 1 {
            parts.append("partial rotary positions (partial_rotary_factor)")
        }
        if attn_logit_softcapping != nil { parts.append("capped attention scores (attn_logit_softcapping)") }
        if let method = quantization_config?.quant_method {
            parts.append("weights quantised by \"\(method)\" (quantization_config)")
        }
        return parts
    }

    var unknownFamily: String {
        let known = (["bert"] + DecoderConfiguration.Family.allCases.map(\.rawValue)).joined(separator: ", ")
        let parts = unsupported
        let missing = parts.isEmpty ? "" : "; and it needs \(parts.joined(separator: "; "))"
        return "model_type \"\(model_type ?? "")\" is not supported; supported are \(known)\(missing)"
    }
}
