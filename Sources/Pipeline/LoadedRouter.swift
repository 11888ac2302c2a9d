import Backbones
import Files
public import Foundation
import Routing
public import Tensors

/// A bundle with its backbone, checked against each other, ready to decide.
public struct LoadedRouter: Sendable {
    /// One decision, as `baton route --json` prints it.
    public struct Decision: Codable, Sendable, Equatable {
        public var worker: String
        /// `nil`: this router gives no roles.
        public var role: String?
        public var scores: [String: Double], probabilities: [String: Double]

        /// `role` stands in the text also where there is none.
        public func encode(to encoder: any Swift.Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(worker, forKey: .worker)
            try container.encode(role, forKey: .role)
            try container.encode(scores, forKey: .scores)
            try container.encode(probabilities, forKey: .probabilities)
        }
    }

    public let bundle: RouterBundle
    let embedding: Embedding
    let threads: Threads

    /// How far a probe's score may lie from the recorded one, in units of 1 + its size: other processors round otherwise,
    /// and what is rounded to 8 bits after that may fall on the other side.
    private var tolerance: Double { embedding.encoder.model.precision == .int8 ? 3e-2 : 1e-3 }

    /// The bundle in `folder` with the model in `model`, else at the bundle's recorded path, else in `Models/NAME`.
    ///
    /// Throws ``InputError`` where the model isn't the recorded one, by digest or by the scores of the probes.
    public init(reading folder: URL, model: URL? = nil, threads: Threads) throws {
        bundle = try RouterBundle(reading: folder)
        self.threads = threads
        let manifest = bundle.manifest, path = try Self.modelFolder(manifest, bundle: folder, given: model)
        var settings = EmbedSettings()
        guard let readout = Readout(rawValue: manifest.embed.readout),
            let precision = Precision(rawValue: manifest.embed.precision)
        else {
            throw InputError(folder.path, "readout \(manifest.embed.readout) at \(manifest.embed.precision) is not supported")
        }
        settings.readout = readout
        settings.precision = precision
        settings.layers = .numbers(manifest.embed.layers)
        settings.normalize = manifest.embed.normalize
        settings.maxTokens = manifest.embed.maxTokens
        embedding = try Embedding(model: path, settings: settings)
        guard embedding.provenance.modelSHA256 == manifest.backbone.sha256 else {
            throw InputError(
                path.path, "is not the backbone of this bundle (SHA-256 of the weights differs); give its folder with --model")
        }
        try checkProbes(folder: folder, model: path)
    }

    private static func modelFolder(_ manifest: RouterBundle.Manifest, bundle: URL, given: URL?) throws -> URL {
        if let given { return given }
        let recorded = URL(fileURLWithPath: manifest.backbone.path, relativeTo: bundle).standardizedFileURL
        let usual = URL(fileURLWithPath: "Models").appendingPathComponent(manifest.backbone.name)
        for candidate in [recorded, usual] where FileManager.default.fileExists(atPath: candidate.path) { return candidate }
        throw InputError(
            recorded.path, "the bundle's backbone \(manifest.backbone.name) is not there; say where it is with --model")
    }

    private func checkProbes(folder: URL, model: URL) throws {
        let probes = bundle.manifest.probes
        let states = try embedding.encoder.states(for: probes.map(\.text), threads: threads)
        guard states.columns == bundle.policy.head.width else {
            throw InputError(
                model.path, "gives states of width \(states.columns); the bundle's head reads \(bundle.policy.head.width)")
        }
        let scores = bundle.policy.scores(for: states)
        for (row, probe) in probes.enumerated() {
            for (worker, expected) in probe.scores.enumerated() {
                let difference = abs(scores[row, worker] - expected)
                guard difference <= tolerance * (1 + abs(expected)) else {
                    throw InputError(
                        folder.path,
                        "probe \(probe.id) gives \(scores[row, worker].fixed(4)) for \(bundle.manifest.workers[worker]), "
                            + "not \(expected.fixed(4)): the backbone or the head is another one; export the router again")
                }
            }
        }
    }

    /// The worker for `text`, those in `excluded` left out before the softmax. Ties break by the bundle's seed and the text.
    ///
    /// Throws ``InputError`` where `excluded` names a worker that the bundle hasn't got, or leaves none.
    public func decide(_ text: String, without excluded: Set<String> = []) throws -> Decision {
        let workers = bundle.manifest.workers
        if let unknown = excluded.subtracting(workers).min() {
            throw InputError("--without", "unknown worker \"\(unknown)\"; the bundle has \(workers.joined(separator: ", "))")
        }
        let allowed = workers.map { !excluded.contains($0) }
        let states = try embedding.encoder.states(for: [text], threads: threads)
        let table = bundle.policy.scores(for: states)
        let scores = workers.indices.map { table[0, $0] }
        let tie = SHA256.hex(of: Array(text.utf8)).prefix(16)
        guard
            let choice = chooseWorker(
                among: workers.indices.filter { allowed[$0] }, by: { scores[$0] },
                seed: bundle.manifest.seed ^ (UInt64(tie, radix: 16) ?? 0))
        else { throw InputError("--without", "leaves no worker") }
        let probabilities = softmax(scores, allowed: allowed)
        return Decision(
            worker: workers[choice], role: nil, scores: Dictionary(uniqueKeysWithValues: zip(workers, scores)),
            probabilities: Dictionary(uniqueKeysWithValues: zip(workers, probabilities)))
    }
}
