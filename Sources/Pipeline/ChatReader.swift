import Backbones
import Files
import Foundation
import Tensors
import Tokenizers

/// A decoder that reads requests in its own chat template, as it is or with scaled singular values: what a published policy
/// decides by.
struct ChatReader: Sendable {
    /// What a bundle's `embed.prompt` says where its texts are read so.
    static let prompt = "chat"

    private(set) var model: DecoderModel
    let modelSHA256: String
    let maxTokens: Int
    private let tokenizer: any Tokenizer
    private let template: ChatTemplate
    private var system: String?
    private let readout: Readout
    private let levels: [Int]

    /// The model in `folder`, as it is. Texts are cut to `maxTokens`, the template's own tokens counted; nil is what the
    /// model has positions for. Throws one line about the first file that is missing or none of ours.
    init(model folder: URL, system: String?, readout: Readout, maxTokens: Int?) throws {
        let directory = try ModelDirectory(reading: folder)
        guard let decoder = try directory.backbone() as? DecoderModel else {
            throw InputError(folder.path, "is no decoder, and so has no chat to read; give a Qwen3, Qwen2 or Llama directory")
        }
        model = decoder
        tokenizer = try TokenizerFile(reading: folder.appendingPathComponent("tokenizer.json")).tokenizer()
        template = try ChatTemplate(reading: folder)
        guard tokenizer.vocabularySize <= model.vocabularySize else {
            throw InputError(folder.path, "tokenizer.json has ids up to \(tokenizer.vocabularySize - 1), config.json fewer")
        }
        modelSHA256 = try directory.weightsSHA256()
        self.system = system
        self.readout = readout
        self.maxTokens = min(maxTokens ?? model.maxTokens, model.maxTokens)
        levels = [model.layers]
    }

    /// The reader of a bundle, its offsets applied.
    init(_ bundle: RouterBundle, readout: Readout, folder: URL, model path: URL, threads: Threads) throws {
        let embed = bundle.manifest.embed
        let plain = try ChatReader(model: path, system: embed.system, readout: readout, maxTokens: embed.maxTokens)
        guard embed.layers == plain.levels, !embed.normalize else {
            throw InputError(folder.path, "layers \(embed.layers) of a chat prompt; the last one, not normalised, is read")
        }
        // Before what takes long; the caller says what to do.
        guard let scales = bundle.manifest.scales, let offsets = bundle.offsets,
            plain.modelSHA256 == bundle.manifest.backbone.sha256
        else {
            self = plain
            return
        }
        let blocks = try PublishedBlocks(for: plain.model)
        guard scales.layer == blocks.layer, scales.embedding == blocks.embeddingScales.rawValue, offsets.count == blocks.count
        else { throw InputError(folder.path, "its scales are those of another model; import the vector again") }
        self = try plain.scaled(
            by: offsets, blocks, folders: [path.appendingPathComponent(".baton"), folder], threads: threads)
    }

    /// The same with singular values scaled. The decomposition is kept in the first of `folders` that takes it.
    func scaled(by offsets: [Double], _ blocks: PublishedBlocks, folders: [URL], threads: Threads) throws -> ChatReader {
        let values = try LayerDecomposition.kept(
            in: folders, of: model, digest: modelSHA256, layer: blocks.layer, embedding: true, threads: threads)
        var reader = self
        reader.model = try model.adapted(by: blocks.offsets(offsets), of: values, threads: threads)
        return reader
    }

    /// The same with another instruction before the request.
    func reading(system: String) -> ChatReader {
        var reader = self
        reader.system = system
        return reader
    }

    /// One state for each request, `[requests, width]`. Throws ``InputError`` with the first that has none.
    func states(for requests: [String], threads: Threads) throws -> Tensor {
        var scalars: [Float] = []
        for request in requests {
            let text = try prompt(request)
            let state = try model.states(of: PackedBatch([text]), readout: readout, levels: levels, threads: threads)
            guard state.scalars.allSatisfy(\.isFinite) else {
                throw InputError("the request", "has no finite state: the model's weights overflow 32-bit floats")
            }
            scalars += state.scalars
        }
        return Tensor(shape: [requests.count, model.width], scalars: scalars)
    }

    /// The ids that the model reads: the instruction, the request, the head of an answer without thoughts.
    private func prompt(_ request: String) throws -> [Int32] {
        try template.encode(Conversation(system: system, user: request), with: tokenizer, maxTokens: maxTokens).ids
    }
}
