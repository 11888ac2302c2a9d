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
            public var prompt: String, readout: String, layers: [Int], normalize: Bool, precision: String, maxTokens: Int
            /// The instruction before the request, where the prompt is `chat` or `transcript`.
            public var system: String?
            /// The part of a too long request that is left out; older bundles, without it, leave out its end.
            public var cut: String?
        }

        /// What the block `offsets` scales: the singular values of a layer of the backbone, and of its table of tokens.
        public struct Scales: Codable, Sendable, Equatable {
            public var layer: Int
            /// `tied` or `untied`: whether the last or the first offsets are the table's (``Backbones/EmbeddingScales``).
            public var embedding: String
        }

        /// One trained block in the flat vector, in order.
        public struct Block: Codable, Sendable, Equatable {
            public var name: String
            public var shape: [Int]
        }

        /// A text with the scores that it must give.
        public struct Probe: Codable, Sendable, Equatable {
            /// One turn of a request.
            public struct Turn: Codable, Sendable, Equatable {
                public var role: String, content: String
            }

            public var id: String
            public var text: String
            /// The whole request, where more of it is read than the user's last text; nil where that is all there is.
            public var turns: [Turn]?
            public var scores: [Double]
        }

        /// Where the head comes from: a search of ours, or a vector that was trained elsewhere.
        public struct Provenance: Codable, Sendable, Equatable {
            public var states: String?, search: String?
            public var generation: Int?
            public var validationReward: Double?
            /// SHA-256 of the vector's file.
            public var vector: String?
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
        public var scales: Scales?
        public var weightsSha256: String
        public var probes: [Probe]
        public var provenance: Provenance
    }

    public let manifest: Manifest
    public let policy: RoutingPolicy
    /// One score a role; nil where the router gives no roles.
    public let roles: RoutingHead?
    /// Offsets of singular values, in the order of a published vector; nil where the backbone is read as it is.
    public let offsets: [Double]?

    static let format = 2
    static let manifestName = "router.json", weightsName = "router.safetensors"

    init(manifest: Manifest, policy: RoutingPolicy, roles: RoutingHead? = nil, offsets: [Double]? = nil) {
        self.manifest = manifest
        self.policy = policy
        self.roles = roles
        self.offsets = offsets
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
        let workers = manifest.workers
        let rows = workers.count + manifest.roles.count
        guard Self.fits(manifest), !workers.isEmpty, Set(workers).count == workers.count, !manifest.probes.isEmpty,
            Set(manifest.roles).count == manifest.roles.count, manifest.probes.allSatisfy({ $0.scores.count == rows })
        else { throw InputError(file.path, "blocks, workers and probes do not fit together; export the router again") }
        let mapped = try MappedWeights(reading: weights)
        let tensors = try manifest.blocks.map { block in
            try mapped.checkFinite(block.name)
            return try mapped.tensor(named: block.name, shape: block.shape)
        }
        let names = manifest.blocks.map(\.name), hasPrior = names.contains("table")
        policy = RoutingPolicy(
            head: RoutingHead(workers: workers, weight: tensors[0].rows(at: Array(0..<workers.count))),
            prior: hasPrior ? DomainPrior(classifier: tensors[1], table: tensors[2]) : nil)
        roles =
            manifest.roles.isEmpty
            ? nil : RoutingHead(workers: manifest.roles, weight: tensors[0].rows(at: Array(workers.count..<rows)))
        offsets = names.contains("offsets") ? tensors[1].scalars.map(Double.init) : nil
    }

    /// Scores of the workers, then of the roles where there are some, for each state.
    func scores(for states: Tensor) -> [[Double]] {
        let workers = policy.scores(for: states), roles = roles?.scores(for: states)
        return (0..<states.rows).map { row in
            (0..<workers.columns).map { workers[row, $0] } + (0..<(roles?.columns ?? 0)).map { roles?[row, $0] ?? 0 }
        }
    }

    /// The head, its roles behind its workers, and the parts of its prior or the offsets where it has them.
    private static func tensors(of policy: RoutingPolicy, roles: RoutingHead?, offsets: [Double]?) -> [(
        name: String, tensor: Tensor
    )] {
        let rows = policy.head.workers.count + (roles?.workers.count ?? 0)
        let weight = policy.head.weight.scalars + (roles?.weight.scalars ?? [])
        var tensors = [(name: "head", tensor: Tensor(shape: [rows, policy.head.width], scalars: weight))]
        if let prior = policy.prior { tensors += [("classifier", prior.classifier), ("table", prior.table)] }
        if let offsets {
            tensors.append(("offsets", Tensor(shape: [offsets.count], scalars: offsets.map { Float($0) })))
        }
        return tensors
    }

    static func blocks(of policy: RoutingPolicy, roles: RoutingHead? = nil, offsets: [Double]? = nil) -> [Manifest.Block] {
        tensors(of: policy, roles: roles, offsets: offsets).map { .init(name: $0.name, shape: $0.tensor.shape) }
    }

    /// Whether the blocks are those of a policy for the manifest's workers, roles and backbone.
    private static func fits(_ manifest: Manifest) -> Bool {
        let workers = manifest.workers.count, width = manifest.backbone.width, shapes = manifest.blocks.map(\.shape)
        guard width > 0, width < 1 << 30, shapes.allSatisfy({ $0.allSatisfy { $0 > 0 && $0 < 1 << 30 } }) else { return false }
        let head = [workers + manifest.roles.count, width]
        switch manifest.blocks.map(\.name) {
        case ["head"]: return shapes == [head] && manifest.scales == nil
        case ["head", "offsets"]: return shapes[0] == head && shapes[1].count == 1 && manifest.scales != nil
        case ["head", "classifier", "table"]:
            guard let domains = shapes[2].first else { return false }
            return shapes == [head, [domains, width + 1], [domains, workers]] && manifest.roles.isEmpty
                && manifest.scales == nil
        default: return false
        }
    }

    /// The bytes of `router.safetensors`.
    static func weights(of policy: RoutingPolicy, roles: RoutingHead? = nil, offsets: [Double]? = nil) -> Data {
        Safetensors.data(tensors: tensors(of: policy, roles: roles, offsets: offsets))
    }

    /// Writes the bundle into `folder`, the manifest last; false where it stands there already.
    @discardableResult func write(to folder: URL) throws -> Bool {
        let file = folder.appendingPathComponent(Self.manifestName)
        var text = try JSONEncoder.forFiles(pretty: true).encode(manifest)
        text.append(UInt8(ascii: "\n"))
        let weights = Self.weights(of: policy, roles: roles, offsets: offsets)
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
