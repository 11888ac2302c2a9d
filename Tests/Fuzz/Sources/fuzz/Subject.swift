import Backbones
import Foundation
import Tensors
import Tokenizers

/// A kind of file in a model directory that a stranger may have written.
enum Subject: String, CaseIterable {
    /// A whole safetensors file.
    case weights
    /// The JSON of a safetensors header, with its length before and 4,096 bytes of data behind.
    case header
    /// `config.json`, beside weights and tokenizer that are in order.
    case config
    /// The index of a model in shards.
    case index
    case tokenizer
    /// `tokenizer_config.json`, where chat templates stand.
    case chat
    /// A NumPy vector.
    case vector

    /// The file in the model's folder that is written anew for each input.
    var file: String {
        switch self {
        case .weights, .header: "model.safetensors"
        case .config: "config.json"
        case .index: "model.safetensors.index.json"
        case .tokenizer: "tokenizer.json"
        case .chat: "tokenizer_config.json"
        case .vector: "vector.npy"
        }
    }

    /// The file's bytes for what the fuzzer gives.
    func contents(_ input: UnsafeBufferPointer<UInt8>) -> Data {
        guard self == .header else { return Data(buffer: input) }
        // Spaces make the file end where a page does: what reads on behind it ends the process.
        let page = 4096, spaces = page - (8 + input.count) % page
        let length = withUnsafeBytes(of: UInt64(input.count + spaces).littleEndian) { Data($0) }
        return length + Data(buffer: input) + Data(repeating: 0x20, count: spaces) + Data(count: page)
    }

    /// Reads the folder as Baton would, and uses what it gets.
    func use(_ folder: URL) throws {
        switch self {
        case .weights, .header: try Self.read(MappedWeights(reading: folder.appendingPathComponent(file)))
        case .config, .index: try Self.pass(ModelDirectory(reading: folder))
        case .tokenizer: try Self.encode(TokenizerFile(reading: folder.appendingPathComponent(file)).tokenizer())
        case .chat: try Self.talk(folder)
        case .vector: _ = try NumPyVector.read(folder.appendingPathComponent(file))
        }
    }

    /// Every tensor, widened, row by row and as a whole.
    private static func read(_ weights: MappedWeights) throws {
        for name in weights.names {
            guard let shape = weights.shape(of: name) else { continue }
            try weights.checkFinite(name)
            _ = try weights.tensor(named: name, shape: shape)
            guard shape.count == 2 else { continue }
            _ = try weights.rows(named: name, shape: shape)
        }
    }

    /// A model, where there is one, and one pass.
    private static func pass(_ directory: ModelDirectory) throws {
        let model = try directory.backbone(precision: .f32, threads: .one)
        let tokens = [Int32](0..<Int32(min(5, model.vocabularySize, model.maxTokens)))
        _ = try model.states(of: PackedBatch([tokens]), readout: directory.readout, levels: [model.layers], threads: .one)
    }

    private static let text = "Wie ſpät ist\u{301} es, 12345 Mal?\r\n\t<|im_start|>def f(x): [CLS] ## 한국어 \u{1F9ED} isn't"

    /// A text with what splits and normalisers look for.
    private static func encode(_ tokenizer: any Tokenizer) throws {
        let ids = tokenizer.encode(text)
        guard ids.allSatisfy({ $0 >= 0 && Int($0) < tokenizer.vocabularySize }) else { throw Broken.id }
        for truncation in Truncation.allCases {
            guard tokenizer.encode(text, maxTokens: 7, cutting: truncation).ids.count <= 7 else { throw Broken.length }
        }
    }

    private static func talk(_ folder: URL) throws {
        let template = try ChatTemplate(reading: folder)
        _ = try template.text(of: Conversation(system: "a\nb", user: text))
    }
}

/// What must not happen, whatever the file.
enum Broken: Error { case id, length, message(String) }
