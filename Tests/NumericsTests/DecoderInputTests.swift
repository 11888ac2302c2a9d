import Backbones
import Foundation
import Tensors
import Testing

/// Decoder directories that don't tell the truth, or ask for what is not computed.
@Suite struct DecoderInputTests {
    private func copied<Result>(_ name: String, _ body: (URL) throws -> Result) throws -> Result {
        try Fixtures.folder { folder in
            let copy = folder.appendingPathComponent(name)
            try FileManager.default.copyItem(at: Fixtures.url("decoders/\(name)"), to: copy)
            return try body(copy)
        }
    }

    private func edit(_ folder: URL, _ change: (inout [String: Any]) -> Void) throws {
        let file = folder.appendingPathComponent("config.json")
        var config = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        change(&config)
        try JSONSerialization.data(withJSONObject: config).write(to: file)
    }

    private func message(of folder: URL) throws -> String {
        do {
            _ = try ModelDirectory(reading: folder).backbone()
            return "nothing was thrown"
        } catch { return "\(error)" }
    }

    @Test(arguments: DecoderTests.models) func bothGenerationsOfConfigAreTheSameModel(_ name: String) throws {
        let batch = PackedBatch([(0..<90).map { Int32($0 * 5) }])
        let expected = try ModelDirectory(reading: Fixtures.url("decoders/\(name)")).backbone()
            .states(of: batch, readout: .last, levels: nil, threads: .one)
        try copied(name) { folder in
            let file = folder.appendingPathComponent("config.json")
            try FileManager.default.removeItem(at: file)
            try FileManager.default.moveItem(at: folder.appendingPathComponent("config_v4.json"), to: file)
            let states = try ModelDirectory(reading: folder).backbone()
                .states(of: batch, readout: .last, levels: nil, threads: .one)
            #expect(states == expected)
        }
    }

    @Test(arguments: [
        ("model_type", "\"mistral\"", "model_type \"mistral\" is not supported; supported are bert, llama, qwen2, qwen3"),
        ("hidden_act", "\"gelu\"", "hidden_act \"gelu\" (silu is)"), ("num_experts", "8", "a mixture of experts"),
        ("layer_types", #"["full_attention", "sliding_attention"]"#, "sliding window"),
        ("rope_parameters", #"{"rope_type": "yarn", "factor": 4}"#, "rotary positions of type \"yarn\""),
        ("partial_rotary_factor", "0.5", "partial_rotary_factor"),
        ("quantization_config", #"{"quant_method": "gptq"}"#, "weights quantised by \"gptq\""),
        ("num_key_value_heads", "3", "not a multiple of num_key_value_heads 3"), ("head_dim", "33", "head_dim is 33"),
        ("num_hidden_layers", "3", "no layer for tensor \"model.layers.3."),
        ("num_hidden_layers", "5", "no tensor \"model.layers.4."),
        ("hidden_size", "0", "hidden_size is 0"), ("hidden_size", "65", "has shape [512, 64], expected [512, 65]"),
        ("intermediate_size", "161", "expected [161, 64]"), ("vocab_size", "513", "expected [513, 64]"),
        ("rms_norm_eps", "0", "rms_norm_eps"), ("rope_parameters", #"{"rope_theta": 0}"#, "rope_theta must be above 1"),
        ("rope_parameters", #"{"rope_type": "llama3", "factor": 8}"#, "needs low_freq_factor"),
        ("rope_parameters", #"{"rope_type": "linear"}"#, "needs a factor"), ("attention_bias", "true", "no tensor"),
        ("num_attention_heads", "\"4\"", "\"num_attention_heads\" is of the wrong type"),
        ("max_position_embeddings", "\(1 << 40)", "which is no size of a model"),
    ])
    func whatIsNotComputedIsNamed(_ key: String, _ value: String, _ expected: String) throws {
        try copied("qwen3_tiny") { folder in
            let value = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
            try edit(folder) { $0[key] = value }
            let message = try message(of: folder)
            #expect(message.contains(expected) && !message.contains("\n"), "\(message)")
        }
    }

    @Test func severalMissingPartsStandInOneLine() throws {
        try copied("llama_tiny") { folder in
            try edit(folder) {
                $0["model_type"] = "gemma2"
                $0["hidden_act"] = "gelu_pytorch_tanh"
                $0["attn_logit_softcapping"] = 50.0
            }
            let message = try message(of: folder)
            #expect(message.contains("\"gemma2\" is not supported") && message.contains("gelu_pytorch_tanh"))
            #expect(message.contains("attn_logit_softcapping"))
        }
    }

    @Test func aPartThatTheConfigDeniesIsNamedByItsTensor() throws {
        try copied("qwen3_tiny") { folder in
            try edit(folder) { $0["model_type"] = "llama" }
            let message = try message(of: folder)
            #expect(message.contains("self_attn.k_norm.weight\" is of a part that a llama"), "\(message)")
        }
    }

    @Test func textsThatDoNotFitAreRefused() throws {
        let model = try DecoderModel(ModelDirectory(reading: Fixtures.url("decoders/qwen3_tiny")))
        func refused(_ expected: String, _ text: [Int32], _ levels: [Int]? = nil) {
            #expect(expected.isEmpty == false)
            do {
                _ = try model.states(of: PackedBatch([text]), readout: .last, levels: levels)
                Issue.record("nothing was thrown for \(expected)")
            } catch { #expect("\(error)".contains(expected)) }
        }
        refused("513 tokens", [Int32](repeating: 5, count: 513))
        refused("token id 512", [1, 512])
        refused("token id -1", [-1])
        refused("levels 3, 5", [1], [3, 5])
        #expect(try model.states(of: PackedBatch([]), readout: .last).shape == [0, 64])
    }
}
