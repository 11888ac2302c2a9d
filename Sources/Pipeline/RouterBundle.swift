public import Foundation
public import Routing
import Tensors

/// What leaves the house: `router.safetensors` and, written last, `router.json`. A folder without the latter is no bundle.
public struct RouterBundle: Sendable, Equatable {
    /// `router.json`, as it stands in the file.
    public struct Manifest: Codable, Sendable, Equatable {
        /// The model that the head reads.
        public struct Backbone: Codable, Sendable, Equatable {
            public var name: String
            /// From the bundle's folder to the model's.
            public var path: String
            public var sha256: String
            public var width: Int
        }

        /// How a text becomes the state that the head reads.
        public struct Embed: Codable, Sendable, Equatable {
            public var prompt: String, readout: String, normalize: Bool, precision: String, maxTokens: Int
        }

        /// One trained block in the flat vector, in order.
        public struct Block: Codable, Sendable, Equatable {
            public var name: String
            public var shape: [Int]
        }

        /// A text with the scores that it must give.
        public struct Probe: Codable, Sendable, Equatable {
            public var id: String
            public var text: String
            public var scores: [Double]
        }

        /// Where the head comes from.
        public struct Provenance: Codable, Sendable, Equatable {
            public var states: String, search: String
            public var generation: Int
            public var validationReward: Double
        }

        public var format: Int
        public var name: String
        public var workers: [String]
        public var roles: [String]
        public var turnLimit: Int
        public var seed: UInt64
        public var embed: Embed
        public var backbone: Backbone
        public var blocks: [Block]
        public var weightsSha256: String
        public var probes: [Probe]
        public var provenance: Provenance
    }

    public let manifest: Manifest
    public let head: RoutingHead

    static let format = 1
    static let manifestName = "router.json", weightsName = "router.safetensors"

    init(manifest: Manifest, head: RoutingHead) {
        self.manifest = manifest
        self.head = head
    }

    /// The bundle in `folder`. Throws ``InputError`` where it is none, or its parts disagree.
    public init(reading folder: URL) throws {
        let file = folder.appendingPathComponent(Self.manifestName)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw InputError(folder.path, "holds no \(Self.manifestName), so it is no bundle; make one with `baton export`")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { manifest = try decoder.decode(Manifest.self, from: readFile(file)) } catch let error as DecodingError {
            throw InputError(file.path, "\(error.oneLine); export the router again")
        }
        guard manifest.format == Self.format else {
            throw InputError(file.path, "has format \(manifest.format); this baton reads format \(Self.format)")
        }
        let weights = folder.appendingPathComponent(Self.weightsName)
        guard FileManager.default.fileExists(atPath: weights.path) else { throw InputError(weights.path, "no such file") }
        guard try SHA256.hex(ofFile: weights) == manifest.weightsSha256 else {
            throw InputError(weights.path, "is not the file that \(Self.manifestName) was written for; export the router again")
        }
        let workers = manifest.workers, shape = [workers.count, manifest.backbone.width]
        guard manifest.blocks == [Manifest.Block(name: "head", shape: shape)], !workers.isEmpty, shape[1] > 0,
            manifest.probes.allSatisfy({ $0.scores.count == workers.count })
        else { throw InputError(file.path, "blocks, workers and probes do not fit together; export the router again") }
        let mapped = try MappedWeights(reading: weights)
        try mapped.checkFinite("head")
        head = RoutingHead(workers: manifest.workers, weight: try mapped.tensor(named: "head", shape: shape))
    }

    /// Writes the bundle into `folder`, the manifest last.
    func write(to folder: URL) throws {
        let file = folder.appendingPathComponent(Self.manifestName)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        var text = try encoder.encode(manifest)
        text.append(UInt8(ascii: "\n"))
        let weights = Safetensors.data(tensors: [("head", head.weight)])
        if (try? readFile(file)) == text, (try? readFile(folder.appendingPathComponent(Self.weightsName))) == weights { return }
        // While the weights change there must be no manifest that vouches for others.
        try Durable.makeFolder(folder)
        try Durable.remove(file)
        try Durable.replace(folder.appendingPathComponent(Self.weightsName), by: weights)
        try Durable.replace(file, by: text)
    }
}

/// The bundle of a run.
struct ExportStage {
    /// Texts that a bundle carries with their scores.
    private static let probes = 4

    let run: Run

    func perform(to folder: URL) throws {
        guard let generation = run.directory.checkpointedGenerations.last else {
            throw InputError(
                run.directory.checkpoints.path, "holds no checkpoint; run `baton evolve \(run.directory.url.path)` first")
        }
        let checkpoint = try Checkpoint(reading: run.directory.checkpoint(generation: generation))
        let (data, split, states) = try run.recorded()
        let bundle = try bundle(checkpoint, data: data, split: split, states: states, folder: folder.standardizedFileURL)
        try bundle.write(to: folder)
        run.monitor.note(
            "export: \(bundle.manifest.workers.count) workers, generation \(bundle.manifest.provenance.generation), in \(folder.path)"
        )
    }

    private func bundle(
        _ checkpoint: Checkpoint, data: RecordedStates, split: OutcomeFolder.Split, states: States, folder: URL
    ) throws -> RouterBundle {
        let kept = checkpoint.search.kept, made = states.provenance
        guard kept.head.width == states.values.columns else {
            throw InputError(
                run.directory.states.path,
                "width \(states.values.columns) is not the head's \(kept.head.width); run `baton run` again")
        }
        let step = max(1, split.train.count / Self.probes)
        let rows = Array(stride(from: 0, to: split.train.count, by: step).prefix(Self.probes)).map { split.train[$0] }
        let scores = kept.head.scores(for: states.values.rows(at: rows))
        let probes = rows.enumerated().map { index, row in
            RouterBundle.Manifest.Probe(
                id: data.folder.ids[row], text: data.folder.prompts[row],
                scores: (0..<scores.columns).map { scores[index, $0] })
        }
        let weights = Safetensors.data(tensors: [("head", kept.head.weight)])
        return RouterBundle(
            manifest: RouterBundle.Manifest(
                format: RouterBundle.format, name: run.recipe.name, workers: kept.head.workers, roles: [], turnLimit: 1,
                seed: run.recipe.seed,
                embed: .init(
                    prompt: made.prompt, readout: made.readout, normalize: made.normalize, precision: made.precision,
                    maxTokens: made.maxTokens),
                backbone: .init(
                    name: made.model, path: relativePath(of: run.recipe.model, from: folder), sha256: made.modelSHA256,
                    width: kept.head.width),
                blocks: [.init(name: "head", shape: kept.head.weight.shape)],
                weightsSha256: SHA256.hex(of: weights), probes: probes,
                provenance: .init(
                    states: states.key, search: checkpoint.key, generation: kept.generation,
                    validationReward: kept.validationReward)),
            head: kept.head)
    }
}
