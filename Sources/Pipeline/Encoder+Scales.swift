import Backbones
import Files
import Foundation
import Tensors
import Tokenizers

extension Encoder {
    /// The encoder of a bundle's requests, the singular values of its backbone not yet scaled. `folder` is the bundle's.
    /// Throws one line about what of the bundle or of the model in `model` is not supported.
    init(reading embed: RouterBundle.Manifest.Embed, folder: URL, model directory: ModelDirectory, threads: Threads) throws {
        func value<Value: RawRepresentable<String>>(_ text: String, _ what: String) throws -> Value {
            guard let value = Value(rawValue: text) else {
                throw InputError(folder.path, "\(what) \"\(text)\" is not supported by this baton")
            }
            return value
        }
        try self.init(
            directory, prompt: value(embed.prompt, "prompt"), system: embed.system,
            truncation: value(embed.cut ?? "tail", "cut"),
            readout: value(embed.readout, "readout"), levels: .numbers(embed.layers), normalizes: embed.normalize,
            maxTokens: embed.maxTokens, precision: value(embed.precision, "precision"), threads: threads)
    }

    /// The same with the bundle's offsets applied, where it has any. Throws ``InputError`` where they are another model's.
    func scaled(for bundle: RouterBundle, folder: URL, model directory: ModelDirectory, threads: Threads) throws -> Encoder {
        guard let scales = bundle.manifest.scales, let offsets = bundle.offsets else { return self }
        guard let decoder = model as? DecoderModel else {
            throw InputError(folder.path, "scales singular values, and its backbone is no decoder; import the vector again")
        }
        let blocks = try PublishedBlocks(for: decoder)
        guard scales.layer == blocks.layer, scales.embedding == blocks.embeddingScales.rawValue, offsets.count == blocks.count
        else { throw InputError(folder.path, "its scales are those of another model; import the vector again") }
        return try scaled(
            decoder, by: offsets, blocks, digest: bundle.manifest.backbone.sha256,
            folders: [directory.url.appendingPathComponent(".baton"), folder], threads: threads)
    }

    /// The same with singular values of `decoder`, its model, scaled; `digest` is that of the weights. The decomposition is
    /// kept in the first of `folders` that takes it.
    func scaled(
        _ decoder: DecoderModel, by offsets: [Double], _ blocks: PublishedBlocks, digest: String, folders: [URL],
        threads: Threads
    ) throws -> Encoder {
        let values = try LayerDecomposition.kept(
            in: folders, of: decoder, digest: digest, layer: blocks.layer, embedding: true, threads: threads)
        return reading(with: try decoder.adapted(by: blocks.offsets(offsets), of: values, threads: threads))
    }
}
