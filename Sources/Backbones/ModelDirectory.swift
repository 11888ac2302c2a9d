public import Foundation
public import Tensors
import Tokenizers

/// A folder as Hugging Face lays models out: `config.json`, `model.safetensors` (or shards and their index),
/// `tokenizer.json`, and what sentence-transformers adds.
public struct ModelDirectory: Sendable {
    public let url: URL
    /// How texts become vectors, by `1_Pooling/config.json`. When the folder does not say, the token before the
    /// last for a decoder, as TRINITY reads it; else the mean over all tokens,
    /// because a plain BERT's `[CLS]` was trained for another task than comparison.
    public let readout: Readout
    /// Whether vectors get length 1, by `modules.json`; no when the folder does not say.
    public let normalizes: Bool
    /// Longest text in tokens, by `sentence_bert_config.json`; nil when the folder does not say.
    public let maxTokens: Int?
    /// Whether the model is a decoder, by `model_type`.
    public let isDecoder: Bool
    /// What of a request is read: a chat where a decoder has a template for it, and the folder doesn't say how to pool, as
    /// those do that were trained on texts by themselves; else the user's last text.
    public let prompt: Prompt
    /// Files of weights, in the order of their names.
    public let weightFiles: [URL]

    /// Looks into a folder. Throws `ModelError` when a needed file is missing, or asks for a pooling or a
    /// module that is none of ours.
    public init(reading url: URL) throws {
        self.url = url
        for name in ["config.json", "tokenizer.json"] where !Self.exists(name, in: url) {
            throw ModelError(
                "\(url.path): no \(name); a model directory needs config.json, tokenizer.json and model.safetensors")
        }
        weightFiles = try Self.weightFiles(in: url)
        let family = DecoderConfiguration.Family(
            rawValue: try Self.decode("config.json", in: url, DecoderParts.self).model_type ?? "")
        isDecoder = family != nil
        let poolingIsSaid = Self.exists("1_Pooling/config.json", in: url)
        readout = try poolingIsSaid ? Self.pooling(in: url) : isDecoder ? .penultimate : .mean
        prompt = try isDecoder && !poolingIsSaid && ChatTemplate.stands(in: url) ? .chat : .lastUser
        normalizes = try Self.normalizes(in: url)
        if Self.exists("sentence_bert_config.json", in: url) {
            let config: SentenceConfig = try Self.decode("sentence_bert_config.json", in: url)
            guard config.max_seq_length.map({ $0 >= 3 }) ?? true else {
                throw ModelError("\(url.path)/sentence_bert_config.json: max_seq_length must be at least 3")
            }
            maxTokens = config.max_seq_length
        } else {
            maxTokens = nil
        }
    }

    /// The model, by the `model_type` of `config.json`, its matrices at `precision`, packed or kept as `cache` says. Throws
    /// `ModelError` or `WeightsError` in one line with the file.
    public func backbone(
        precision: Precision = .f32, threads: Threads = .available, cache: PackedCache = .standard
    ) throws -> any Backbone {
        let file: DecoderParts = try Self.decode("config.json", in: url)
        return file.model_type == "bert"
            ? try BERT(self, precision: precision, threads: threads, cache: cache)
            : try DecoderModel(self, precision: precision, threads: threads, cache: cache)
    }

    /// SHA-256 of the weights: of the file, or of the shards' hashes one after another.
    public func weightsSHA256() throws -> String {
        try WeightsDigest.of(weightFiles, in: url)
    }

    var configuration: URL { url.appendingPathComponent("config.json") }
    var tokenizer: URL { url.appendingPathComponent("tokenizer.json") }

    static func decode<Value: Decodable>(
        _ name: String, in folder: URL, _ type: Value.Type = Value.self
    ) throws -> Value {
        let file = folder.appendingPathComponent(name)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(contentsOf: file))
        } catch DecodingError.keyNotFound(let key, _) {
            throw ModelError("\(file.path): no \"\(key.stringValue)\"")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw ModelError("\(file.path): \(path.isEmpty ? "the file" : "\"\(path)\"") is of the wrong type")
        } catch is DecodingError {
            throw ModelError("\(file.path): not the JSON object it should be")
        } catch {
            throw ModelError("\(file.path): cannot be read")
        }
    }

    private static func exists(_ name: String, in folder: URL) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }

    private static func weightFiles(in folder: URL) throws -> [URL] {
        if exists("model.safetensors", in: folder) { return [folder.appendingPathComponent("model.safetensors")] }
        guard exists("model.safetensors.index.json", in: folder) else {
            throw ModelError("\(folder.path): no model.safetensors and no model.safetensors.index.json")
        }
        let index: ShardIndex = try decode("model.safetensors.index.json", in: folder)
        let names = Set(index.weight_map.values).sorted()
        guard !names.isEmpty, names.allSatisfy({ !$0.contains("/") }) else {
            throw ModelError("\(folder.path)/model.safetensors.index.json: names no files, or files elsewhere")
        }
        return names.map { folder.appendingPathComponent($0) }
    }

    private static func pooling(in folder: URL) throws -> Readout {
        let pooling: Pooling = try decode("1_Pooling/config.json", in: folder)
        guard pooling.modes.count == 1, let readout = pooling.modes.first.flatMap({ Pooling.readouts[$0] }) else {
            let found = pooling.modes.isEmpty ? "no pooling_mode_*" : pooling.modes.joined(separator: " and ")
            throw ModelError(
                "\(folder.path)/1_Pooling/config.json: \(found) is true; one of cls, mean and last token pooling is supported")
        }
        return readout
    }

    private static func normalizes(in folder: URL) throws -> Bool {
        guard exists("modules.json", in: folder) else { return false }
        let modules: [Module] = try decode("modules.json", in: folder)
        let kinds = modules.map { $0.type.split(separator: ".").last.map(String.init) ?? "" }
        if let index = kinds.firstIndex(where: { !["Transformer", "Pooling", "Normalize"].contains($0) }) {
            throw ModelError(
                "\(folder.path)/modules.json: module \"\(modules[index].type)\"; Transformer, Pooling and Normalize are supported"
            )
        }
        return kinds.contains("Normalize")
    }
}

// Keys as the files have them.
private struct Module: Decodable { let type: String }
private struct SentenceConfig: Decodable { let max_seq_length: Int? }
private struct ShardIndex: Decodable { let weight_map: [String: String] }

/// The keys `pooling_mode_…` that are true, sorted; other keys are read over.
private struct Pooling: Decodable {
    let modes: [String]

    static let readouts: [String: Readout] = [
        "pooling_mode_cls_token": .cls, "pooling_mode_mean_tokens": .mean, "pooling_mode_lasttoken": .last,
    ]

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        modes = try values.allKeys.filter { key in
            guard key.stringValue.hasPrefix("pooling_mode_") else { return false }
            return try values.decodeIfPresent(Bool.self, forKey: key) ?? false
        }.map(\.stringValue).sorted()
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
