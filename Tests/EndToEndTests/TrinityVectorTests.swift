import Foundation
import Testing

/// A published vector on a small Qwen3, from its NumPy file to a decision.
struct TrinityVectorTests {
    private struct Decision: Decodable {
        var worker: String, role: String?
        var scores: [String: Double], probabilities: [String: Double]
        var role_scores: [String: Double], role_probabilities: [String: Double]
    }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let fixtures = try Self.fixtures()
        try FileManager.default.copyItem(at: fixtures.appendingPathComponent("decoders/qwen3_tiny"), to: file("model"))
        try FileManager.default.copyItem(at: fixtures.appendingPathComponent("trinity/qwen3_tiny.npy"), to: file("vector.npy"))
    }

    private static func fixtures() throws -> URL {
        try #require(Command.above("Package.swift")).appendingPathComponent("Tests/NumericsTests/Fixtures")
    }

    private func file(_ path: String) -> URL { folder.url.appendingPathComponent(path) }

    private func baton(_ arguments: String...) throws -> Command.Ending { try Command.baton(arguments, in: folder.url) }

    private func imported(_ flags: String...) throws {
        let arguments = ["import", "vector.npy", "--format", "trinity-vector", "--model", "model", "--run", "run"]
        let ending = try Command.baton(arguments + flags, in: folder.url)
        try #require(ending.status == 0, "\(ending.messages)")
    }

    private func decision(_ flags: String...) throws -> Decision {
        let ending = try Command.baton(["route", "run/router", "How far is the moon?", "--json"] + flags, in: folder.url)
        try #require(ending.status == 0, "\(ending.messages)")
        return try JSONDecoder().decode(Decision.self, from: Data(ending.output.utf8))
    }

    @Test func anImportedVectorGivesWorkerAndRole() throws {
        try imported("--workers", "a, b,c,d,e,f,g")
        let decision = try decision()
        #expect(Set(decision.scores.keys) == Set(["a", "b", "c", "d", "e", "f", "g"]))
        #expect(Set(decision.role_scores.keys) == ["worker", "thinker", "verifier"])
        for (choice, scores, shares) in [
            (decision.worker, decision.scores, decision.probabilities),
            (decision.role ?? "", decision.role_scores, decision.role_probabilities),
        ] {
            #expect(scores.max { $0.value < $1.value }?.key == choice)
            #expect(abs(shares.values.reduce(0, +) - 1) < 1e-9)
        }
        #expect(Set(decision.scores.values).count == 7)

        let masked = try self.decision("--without", decision.worker)
        #expect(masked.worker != decision.worker && masked.role == decision.role)
        let text = try baton("route", "run/router", "How far is the moon?")
        #expect(text.status == 0 && text.output.hasPrefix("\(decision.worker) as \(decision.role ?? "")\n"))
        let inspected = try baton("inspect", "run/router")
        #expect(inspected.output.contains("tables tied") && inspected.output.contains("thinker"))
    }

    @Test func theSameVectorIsTheSameBundleWhereverItsScalesAreKept() throws {
        try imported()
        let first = try Data(contentsOf: file("run/router/router.json")), kept = file("model/.baton")
        #expect(try FileManager.default.contentsOfDirectory(atPath: kept.path).count == 1)
        #expect(String(decoding: first, as: UTF8.self).contains("worker_7"))
        let before = try decision().scores
        try imported("--threads", "1")
        #expect(try Data(contentsOf: file("run/router/router.json")) == first)
        // A model's folder that takes nothing: the scales go beside the bundle.
        try FileManager.default.removeItem(at: kept)
        try Data().write(to: kept)
        try imported()
        #expect(try Data(contentsOf: file("run/router/router.json")) == first)
        let names = try FileManager.default.contentsOfDirectory(atPath: file("run/router").path)
        #expect(names.filter { $0.hasPrefix("singular-layer2-embedding-") }.count == 1)
        #expect(try decision("--threads", "1").scores == before)
    }

    @Test func aVectorThatDoesNotFitIsOneLine() throws {
        let fixtures = try Self.fixtures()
        try FileManager.default.copyItem(
            at: fixtures.appendingPathComponent("bert_tiny"), to: file("bert"))
        try Data("not a vector".utf8).write(to: file("text.npy"))
        var short = try Data(contentsOf: file("vector.npy"))
        let header = try #require(short.range(of: Data("(1216,)".utf8)))
        short.replaceSubrange(header, with: Data("(1200,)".utf8))
        try short.prefix(short.count - 16 * 8).write(to: file("short.npy"))
        for (arguments, expected) in [
            (["short.npy", "--model", "model"], "has 1200 numbers; for the model in"),
            (["text.npy", "--model", "model"], "is no .npy file"),
            (["absent.npy", "--model", "model"], "no such file"),
            (["vector.npy", "--model", "bert"], "is no decoder"),
            (["vector.npy", "--model", "model", "--workers", "a,b"], "is for 7 workers"),
            (["vector.npy", "--model", "model", "--workers", "a,b,c,d,e,f,a"], "is for 7 workers"),
        ] {
            let ending = try Command.baton(
                ["import"] + arguments + ["--format", "trinity-vector", "--run", "run"], in: folder.url)
            #expect(ending.status == 2 && ending.lines.count == 1, "\(ending.messages)")
            #expect(ending.messages.contains(expected), "\(ending.messages)")
        }
        #expect(!FileManager.default.fileExists(atPath: file("run/router/router.json").path))
    }

    @Test func anotherModelAndAServerAreRefused() throws {
        try imported()
        let other = try Self.fixtures().appendingPathComponent("decoders/qwen3_tiny_bf16")
        let moved = try baton("route", "run/router", "hello", "--model", other.path)
        #expect(moved.status == 2 && moved.messages.contains("is not the backbone of this bundle"), "\(moved.messages)")
        let served = try baton("serve", "run/router", "--pool", "offline", "--port", "0")
        #expect(served.status == 2 && served.messages.contains("gives roles"), "\(served.messages)")
        #expect(served.lines.count == 1)
        let flags = try baton("import", "outcomes", "--format", "outcomes", "--run", "run", "--workers", "a")
        #expect(flags.status == 64)
    }
}
