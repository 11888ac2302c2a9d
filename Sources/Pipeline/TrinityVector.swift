import Backbones
import Files
public import Foundation
import Routing
public import Tensors
import Tokenizers

/// What TRINITY's paper and code fix of a published policy, and what they don't print and we fix.
enum Trinity {
    /// The last three rows of the head, in this order. The code's "solver" is the paper's worker.
    static let roles = ["worker", "thinker", "verifier"]

    /// The instruction before the request. The authors' is not printed in the paper; this is one of ours to the same effect, so
    /// that decisions are near those of the published system and not the same.
    static func instruction(workers: Int) -> String {
        """
        You are the dispatcher of a team of \(workers) assistants. Read the problem and what has been said about it so far, and \
        decide which assistant goes on and in which role: one that works on a solution, one that thinks about how to proceed, \
        or one that verifies what there is. You write no answer: the state in which you would begin it is your decision.
        """
    }

    /// Texts that a bundle carries with their scores, so that another backbone or a damaged head is noticed.
    static let probes = [
        "What is 17 + 25?", "Write a function that reverses a linked list.",
        "Why is the sky blue at noon and red in the evening?", "Translate to French: the cat sleeps on the chair.",
    ]
}

/// A vector of singular-value offsets and a head, trained elsewhere in TRINITY's layout, as a router of ours.
public struct TrinityVector {
    /// What came of an import.
    public struct Report: Codable, Sendable, Equatable {
        public var router: String
        public var workers: [String], roles: [String]
        /// Numbers of the vector that scale singular values, and those of the head.
        public var offsets: Int, head: Int
        /// The layer that is scaled, and which offsets the table of tokens gets (`tied`: the last; `untied`: the first).
        public var layer: Int
        public var embedding: String
    }

    private let file: URL, model: URL
    private let numbers: [Double]

    /// Reads a `.npy` file; `model` is the folder of the decoder that it was trained on.
    ///
    /// Throws one line with the file that is missing or wrong.
    public init(reading file: URL, model: URL) throws {
        (self.file, self.model) = (file, model)
        numbers = try NumPyVector.read(file)
    }

    /// Writes the router into `folder`, with these workers in the order of the head's rows; `worker_1` and so on by default.
    ///
    /// Throws ``InputError`` where the vector's length is not the model's, or the names are too few, too many or not
    /// different ones.
    public func perform(into folder: URL, name: String?, workers names: [String]?, threads: Threads) throws -> Report {
        let directory = RunDirectory(folder)
        guard !directory.exists(directory.recipe) else {
            throw InputError(directory.recipe.path, "is a run of its own; import a vector into another folder")
        }
        // The instruction depends on the number of workers, which the length says.
        let files = try ModelDirectory(reading: model)
        guard files.isDecoder else {
            throw InputError(model.path, "is no decoder, and so has no chat to read; give a Qwen3, Qwen2 or Llama directory")
        }
        let bare = try Encoder(files, prompt: .chat, readout: .penultimate, normalizes: false, threads: threads)
        guard let decoder = bare.model as? DecoderModel else { throw InputError(model.path, "is no decoder") }
        let blocks = try PublishedBlocks(for: decoder), width = decoder.width, digest = try files.weightsSHA256()
        let workers = try self.workers(names, blocks, width: width), system = Trinity.instruction(workers: workers.count)
        let offsets = numbers.prefix(blocks.count).map { Double(Float($0)) }
        let weight = numbers.dropFirst(blocks.count).map { Float($0) }, cut = workers.count * width
        let policy = RoutingPolicy(
            head: RoutingHead(
                workers: workers, weight: Tensor(shape: [workers.count, width], scalars: Array(weight.prefix(cut)))))
        let roles = RoutingHead(
            workers: Trinity.roles, weight: Tensor(shape: [Trinity.roles.count, width], scalars: Array(weight.dropFirst(cut))))
        let kept = [model.appendingPathComponent(".baton"), directory.router]
        let encoder = try bare.reading(system: system).scaled(
            decoder, by: offsets, blocks, digest: digest, folders: kept, threads: threads)

        let manifest = RouterBundle.Manifest(
            format: RouterBundle.format, name: name ?? directory.url.lastPathComponent, workers: workers,
            roles: Trinity.roles, turnLimit: 1, seed: 0,
            embed: .init(
                prompt: encoder.reader.prompt.rawValue, readout: encoder.readout.rawValue, layers: encoder.levels,
                normalize: encoder.normalizes, precision: Precision.f32.rawValue, maxTokens: encoder.maxTokens,
                system: system, cut: encoder.reader.truncation.rawValue),
            backbone: .init(
                name: model.standardizedFileURL.lastPathComponent,
                path: relativePath(of: model.standardizedFileURL, from: directory.router.standardizedFileURL),
                sha256: digest, width: width),
            blocks: RouterBundle.blocks(of: policy, roles: roles, offsets: offsets),
            scales: .init(layer: blocks.layer, embedding: blocks.embeddingScales.rawValue),
            weightsSha256: SHA256.hex(of: RouterBundle.weights(of: policy, roles: roles, offsets: offsets)), probes: [],
            provenance: .init(vector: try SHA256.hex(ofFile: file)))
        try bundle(manifest, policy, roles, offsets, encoder: encoder, threads: threads).write(to: directory.router)
        return Report(
            router: directory.router.path, workers: workers, roles: Trinity.roles, offsets: offsets.count,
            head: weight.count, layer: blocks.layer, embedding: blocks.embeddingScales.rawValue)
    }

    /// The bundle with the scores of its probes.
    private func bundle(
        _ manifest: RouterBundle.Manifest, _ policy: RoutingPolicy, _ roles: RoutingHead, _ offsets: [Double],
        encoder: Encoder, threads: Threads
    ) throws -> RouterBundle {
        var manifest = manifest
        let states = try encoder.states(for: Trinity.probes, threads: threads)
        let scores = RouterBundle(manifest: manifest, policy: policy, roles: roles).scores(for: states)
        manifest.probes = zip(Trinity.probes, scores).enumerated().map { index, probe in
            .init(id: "probe-\(index)", text: probe.0, scores: probe.1)
        }
        return RouterBundle(manifest: manifest, policy: policy, roles: roles, offsets: offsets)
    }

    /// The workers' names, as many as the length leaves rows for.
    private func workers(_ names: [String]?, _ blocks: PublishedBlocks, width: Int) throws -> [String] {
        let rest = numbers.count - blocks.count, roles = Trinity.roles.count, count = rest / width - roles
        guard rest % width == 0, count > 0 else {
            throw InputError(
                file.path,
                "has \(numbers.count) numbers; for the model in \(model.path) a vector has \(blocks.count) offsets and (workers + \(roles)) · \(width) weights, such as \(blocks.count + (7 + roles) * width) for 7 workers"
            )
        }
        let names = names ?? (1...count).map { "worker_\($0)" }
        guard names.count == count, Set(names).count == count, !names.contains("") else {
            throw InputError(
                file.path,
                "is for \(count) workers; give as many different names, not \(names.count): \(names.joined(separator: ", "))")
        }
        return names
    }
}
