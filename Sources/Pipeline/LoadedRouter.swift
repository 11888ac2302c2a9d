import Backbones
import Files
public import Foundation
import Routing
public import Tensors
public import Tokenizers

/// A bundle with its backbone, checked against each other, ready to decide.
public struct LoadedRouter: Sendable {
    /// One decision, as `baton route --json` prints it.
    public struct Decision: Codable, Sendable, Equatable {
        public var worker: String
        /// `nil`: this router gives no roles.
        public var role: String?
        public var scores: [String: Double], probabilities: [String: Double]
        /// The same for roles, a softmax of their own; `nil` without roles.
        public var roleScores: [String: Double]?, roleProbabilities: [String: Double]?
        /// Tokens that the router read, and whether the request has more of them.
        public var tokens: Int, cut: Bool

        private enum CodingKeys: String, CodingKey {
            case worker, role, scores, probabilities, tokens, cut
            case roleScores = "role_scores"
            case roleProbabilities = "role_probabilities"
        }

        /// `role` stands in the text also where there is none.
        public func encode(to encoder: any Swift.Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(worker, forKey: .worker)
            try container.encode(role, forKey: .role)
            try container.encode(scores, forKey: .scores)
            try container.encode(probabilities, forKey: .probabilities)
            try container.encodeIfPresent(roleScores, forKey: .roleScores)
            try container.encodeIfPresent(roleProbabilities, forKey: .roleProbabilities)
            try container.encode(tokens, forKey: .tokens)
            try container.encode(cut, forKey: .cut)
        }
    }

    /// A request as the router reads it.
    public struct Question: Sendable {
        /// Tokens that are read; there is none to decide by where this is zero.
        public var tokens: Int { request.ids.count }
        let request: RequestTokens
        /// Where scores are equal, the choice is made by this and the bundle's seed.
        let tie: UInt64
    }

    public let bundle: RouterBundle
    private let encoder: Encoder
    let threads: Threads

    /// How far a probe's score may lie from the recorded one, in units of 1 + its size: other processors round otherwise,
    /// and what is rounded to 8 bits after that may fall on the other side.
    private var tolerance: Double { bundle.manifest.embed.precision == Precision.int8.rawValue ? 3e-2 : 1e-3 }

    /// The bundle in `folder` with the model in `model`, else at the bundle's recorded path, else in `Models/NAME`.
    /// `prefixMemory` bytes, where the model is a decoder, keep what requests began with for those that begin alike.
    ///
    /// Throws ``InputError`` where the model isn't the recorded one, by digest or by the scores of the probes.
    public init(reading folder: URL, model: URL? = nil, prefixMemory: Int = 0, threads: Threads) throws {
        bundle = try RouterBundle(reading: folder)
        self.threads = threads
        let manifest = bundle.manifest, path = try Self.modelFolder(manifest, bundle: folder, given: model)
        let directory = try ModelDirectory(reading: path)
        let plain = try Encoder(reading: manifest.embed, folder: folder, model: directory, threads: threads)
        guard try directory.weightsSHA256() == manifest.backbone.sha256 else {
            throw InputError(
                path.path, "is not the backbone of this bundle (SHA-256 of the weights differs); give its folder with --model")
        }
        // Scaling takes long the first time, so what a model is comes before.
        var encoder = try plain.scaled(for: bundle, folder: folder, model: directory, threads: threads)
        if prefixMemory > 0, directory.isDecoder { encoder.prefixes = PrefixCache(bytes: prefixMemory) }
        self.encoder = encoder
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
        let requests = try encoder.reader.tokens(of: probes.map(\.request), threads: threads)
        let states = try encoder.states(of: requests, threads: threads)
        guard states.columns == bundle.policy.head.width else {
            throw InputError(
                model.path, "gives states of width \(states.columns); the bundle's head reads \(bundle.policy.head.width)")
        }
        let scores = bundle.scores(for: states), names = bundle.manifest.workers + bundle.manifest.roles
        for (row, probe) in probes.enumerated() {
            for (worker, expected) in probe.scores.enumerated() {
                let difference = abs(scores[row][worker] - expected)
                guard difference <= tolerance * (1 + abs(expected)) else {
                    throw InputError(
                        folder.path,
                        "probe \(probe.id) gives \(scores[row][worker].fixed(4)) for \(names[worker]), "
                            + "not \(expected.fixed(4)): the backbone or the head is another one; export the router again")
                }
            }
        }
    }

    /// `request` as the router reads it. Throws where the model's template has no form for it.
    public func question(_ request: Conversation) throws -> Question {
        let tie = UInt64(SHA256.hex(of: Array(request.lastUserText.utf8)).prefix(16), radix: 16) ?? 0
        return Question(request: try encoder.reader.tokens(of: request), tie: tie)
    }

    /// The part of a too long request that is left out.
    public var cut: String { encoder.reader.truncation.rawValue }

    /// The most tokens that are read of any request.
    public var maxTokens: Int { encoder.maxTokens }

    /// Tokens whose states are not known yet: how long the decision takes.
    public func newTokens(of question: Question) -> Int { encoder.newTokens(of: question.request) }

    /// The worker for `text`, as for a request whose only message it is.
    public func decide(_ text: String, without excluded: Set<String> = []) throws -> Decision {
        try decide(question(Conversation(text: text)), without: excluded)
    }

    /// The worker for a request, those in `excluded` left out before the softmax, and its role where the router gives roles:
    /// the highest score of each. Ties break by the bundle's seed and the user's last text.
    ///
    /// Throws ``InputError`` where `excluded` names a worker that the bundle hasn't got, or leaves none.
    public func decide(_ question: Question, without excluded: Set<String> = []) throws -> Decision {
        let workers = bundle.manifest.workers, roles = bundle.manifest.roles
        if let unknown = excluded.subtracting(workers).min() {
            throw InputError("--without", "unknown worker \"\(unknown)\"; the bundle has \(workers.joined(separator: ", "))")
        }
        let allowed = workers.map { !excluded.contains($0) }
        let all = bundle.scores(for: try encoder.states(of: [question.request], threads: threads))[0]
        let scores = Array(all.prefix(workers.count)), roleScores = Array(all.dropFirst(workers.count))
        let seed = bundle.manifest.seed ^ question.tie
        guard let choice = chooseWorker(among: workers.indices.filter { allowed[$0] }, by: { scores[$0] }, seed: seed) else {
            throw InputError("--without", "leaves no worker")
        }
        func named(_ names: [String], _ values: [Double]) -> [String: Double] {
            Dictionary(uniqueKeysWithValues: zip(names, values))
        }
        var decision = Decision(
            worker: workers[choice], role: nil, scores: named(workers, scores),
            probabilities: named(workers, softmax(scores, allowed: allowed)), tokens: question.tokens,
            cut: question.request.isCut)
        if let role = chooseWorker(among: Array(roles.indices), by: { roleScores[$0] }, seed: seed) {
            decision.role = roles[role]
            decision.roleScores = named(roles, roleScores)
            decision.roleProbabilities = named(roles, softmax(roleScores))
        }
        return decision
    }
}
