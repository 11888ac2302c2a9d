import Foundation
import Testing

extension BadInput {
    private static let embed = ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "out/states.h5"]
    private static let weights = "model/model.safetensors"

    /// A case of the weights' header, whose text `edit` replaces.
    private static func header(_ name: String, says words: String..., replacing old: String, by new: String) -> BadInput {
        var bad = BadInput("safetensors: \(name)", by: embed) { try $0.editHeader(weights, old, new) }
        bad.words = ["model.safetensors"] + words
        return bad
    }

    private static func edit(_ name: String, _ file: String, says words: String..., replacing old: String, by new: String)
        -> BadInput
    {
        var bad = BadInput("\(file): \(name)", by: embed) { try $0.edit("model/\(file)", old, new) }
        bad.words = words
        return bad
    }

    static let models: [BadInput] = [
        BadInput("safetensors: cut in half", says: weights, "cut off", by: embed) { try $0.halve(weights) },
        BadInput("safetensors: empty", says: weights, "too few", by: embed) { try $0.write("", to: weights) },
        BadInput("safetensors: a gigantic header", says: weights, "header", by: embed) {
            try $0.setHeaderLength(weights, .max)
        },
        BadInput("safetensors: a header beyond the file", says: weights, "header", by: embed) {
            try $0.setHeaderLength(weights, 10_000_000)
        },
        BadInput("safetensors: a header shorter than it is", says: weights, "header", by: embed) {
            try $0.setHeaderLength(weights, 1000)
        },
        header("overlapping tensors", says: "embeddings.LayerNorm.weight", "overlap", replacing: "[256,512]", by: "[128,384]"),
        header("reversed offsets", says: "embeddings.LayerNorm.weight", "backwards", replacing: "[256,512]", by: "[512,256]"),
        header("not JSON", says: "not the JSON", replacing: "{\"__metadata__\"", by: "[\"__metadata__\""),
        header(
            "two tensors of one name", says: "embeddings.LayerNorm.bias", "twice",
            replacing: "\"embeddings.LayerNorm.weight\"", by: "\"embeddings.LayerNorm.bias\""),
        header("unknown dtype", says: "unknown dtype \"Q7\"", replacing: "\"F32\"", by: "\"Q7\""),
        header("a dtype that is not read", says: "I32", replacing: "\"F32\"", by: "\"I32\""),
        header("wrong shape", says: "embeddings.word_embeddings.weight", "shape", replacing: "[512,64]", by: "[256,128]"),
        header(
            "a shape that overflows", says: "embeddings.word_embeddings.weight", "overflow",
            replacing: "[512,64]", by: "[9223372036854775807,9223372036854775807]"),
        header("a negative size", says: "embeddings.word_embeddings.weight", replacing: "[512,64]", by: "[-512,-64]"),
        header(
            "missing tensor", says: "no tensor \"embeddings.LayerNorm.bias\"",
            replacing: "embeddings.LayerNorm.bias", by: "embeddings.LayerNorm.bios"),
        BadInput("safetensors: NaN weights", says: weights, "embeddings.LayerNorm.bias", "NaN", by: embed) {
            try $0.setFirstWeight(weights, .nan)
        },
        BadInput("safetensors: infinite weights", says: weights, "embeddings.LayerNorm.bias", "infinite", by: embed) {
            try $0.setFirstWeight(weights, -.infinity)
        },
        BadInput("safetensors: NaN weights of a run", says: weights, "NaN", by: ["run", "recipe.yaml"]) {
            try $0.setFirstWeight(weights, .nan)
        },
        BadInput("safetensors: missing", says: "no model.safetensors", by: embed) { try $0.remove(weights) },

        BadInput("config.json: missing", says: "model", "no config.json", by: embed) { try $0.remove("model/config.json") },
        edit(
            "unknown architecture", "config.json", says: "config.json", "model_type", "\"mamba\"",
            replacing: "\"model_type\": \"bert\"", by: "\"model_type\": \"mamba\""),
        edit(
            "a width that the weights contradict", "config.json", says: "model.safetensors", "shape",
            replacing: "\"hidden_size\": 64", by: "\"hidden_size\": 128"),
        edit(
            "more layers than the weights", "config.json", says: "no tensor \"encoder.layer.4",
            replacing: "\"num_hidden_layers\": 4", by: "\"num_hidden_layers\": 6"),
        edit(
            "fewer layers than the weights", "config.json", says: "layer",
            replacing: "\"num_hidden_layers\": 4", by: "\"num_hidden_layers\": 2"),
        edit(
            "heads that do not divide the width", "config.json", says: "config.json", "num_attention_heads",
            replacing: "\"num_attention_heads\": 4", by: "\"num_attention_heads\": 5"),
        edit(
            "a size of the wrong type", "config.json", says: "config.json", "hidden_size",
            replacing: "\"hidden_size\": 64", by: "\"hidden_size\": \"64\""),
        edit(
            "a size that no memory holds", "config.json", says: "config.json", "hidden_size",
            replacing: "\"hidden_size\": 64", by: "\"hidden_size\": 4611686018427387904"),
        edit(
            "a negative size", "config.json", says: "config.json", "vocab_size",
            replacing: "\"vocab_size\": 512", by: "\"vocab_size\": -512"),
        edit("not JSON", "config.json", says: "config.json", "JSON", replacing: "{", by: "{{"),

        BadInput("tokenizer.json: missing", says: "no tokenizer.json", by: embed) { try $0.remove("model/tokenizer.json") },
        edit("without vocabulary", "tokenizer.json", says: "tokenizer.json", "vocab", replacing: "\"vocab\"", by: "\"words\""),
        edit(
            "of another type", "tokenizer.json", says: "tokenizer.json", "Unigram",
            replacing: "{\"type\":\"WordPiece\",\"unk_token\"", by: "{\"type\":\"Unigram\",\"unk_token\""),
        edit("not JSON", "tokenizer.json", says: "tokenizer.json", "JSON", replacing: "{", by: "[{"),
        BadInput("tokenizer.json: cut in half", says: "tokenizer.json", by: embed) { try $0.halve("model/tokenizer.json") },

        BadInput("model: no such folder", says: "nowhere", by: embed + ["--model", "nowhere"]),
        BadInput("model: a file", says: "texts.jsonl", by: embed + ["--model", "texts.jsonl"]),
        BadInput("model: no such folder, of a run", says: "nowhere", by: ["run", "recipe.yaml", "--model", "nowhere"]),
    ]
}

extension Workshop {
    /// Replaces text in the header of a safetensors file, and sets its length anew.
    func editHeader(_ path: String, _ old: String, _ new: String) throws {
        let data = try bytes(path), end = Self.headerEnd(data)
        var header = String(decoding: data[8..<end], as: UTF8.self)
        let range = try #require(header.range(of: old), "the header has no \(old)")
        header.replaceSubrange(range, with: new)
        try write(Self.bytes(of: UInt64(header.utf8.count)) + Data(header.utf8) + data[end...], to: path)
    }

    func setHeaderLength(_ path: String, _ length: UInt64) throws {
        try write(Self.bytes(of: length) + bytes(path).dropFirst(8), to: path)
    }

    /// Sets the first value of the first tensor.
    func setFirstWeight(_ path: String, _ value: Float) throws {
        var data = try bytes(path)
        let end = Self.headerEnd(data)
        data.replaceSubrange(end..<(end + 4), with: Self.bytes(of: value.bitPattern))
        try write(data, to: path)
    }

    private static func headerEnd(_ data: Data) -> Int {
        8 + Int(data.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    private static func bytes(of value: some FixedWidthInteger) -> Data {
        withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
}
