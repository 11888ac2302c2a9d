import Files
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
            Set(workers).count == workers.count, !manifest.probes.isEmpty,
            manifest.probes.allSatisfy({ $0.scores.count == workers.count })
        else { throw InputError(file.path, "blocks, workers and probes do not fit together; export the router again") }
        let mapped = try MappedWeights(reading: weights)
        try mapped.checkFinite("head")
        head = RoutingHead(workers: manifest.workers, weight: try mapped.tensor(named: "head", shape: shape))
    }

    /// The bytes of `router.safetensors`.
    static func weights(of head: RoutingHead) -> Data { Safetensors.data(tensors: [("head", head.weight)]) }

    /// Writes the bundle into `folder`, the manifest last; false where it stands there already.
    func write(to folder: URL) throws -> Bool {
        let file = folder.appendingPathComponent(Self.manifestName)
        var text = try JSONEncoder.forFiles(pretty: true).encode(manifest)
        text.append(UInt8(ascii: "\n"))
        let weights = Self.weights(of: head)
        if (try? readFile(file)) == text, (try? readFile(folder.appendingPathComponent(Self.weightsName))) == weights {
            return false
        }
        // While the weights change there must be no manifest that vouches for others.
        try Durable.makeFolder(folder)
        try Durable.remove(file)
        try Durable.replace(folder.appendingPathComponent(Self.weightsName), by: weights)
        try Durable.replace(file, by: text)
        return true
    }
}
