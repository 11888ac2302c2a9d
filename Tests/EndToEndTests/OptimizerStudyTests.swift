import Foundation
import Testing

/// The comparison of optimisers, by the command.
struct OptimizerStudyTests {
    private static let root = Command.above("Package.swift")
    private static let model = root?.appendingPathComponent("Models/all-MiniLM-L6-v2")
    private static var hasModel: Bool {
        model.map { FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.safetensors").path) } ?? false
    }

    private struct Study: Decodable {
        struct Interval: Decodable { var mean: Double, low: Double, high: Double }
        struct Method: Decodable {
            var name: String, start: String
            var reward: Double, standard_error: Double, seed_deviation: Double
            var versus_sft: Interval, versus_best_single: Interval
            var episodes: Int
        }
        struct Optimizers: Decodable {
            var episodes: Int, seeds: Int
            var methods: [Method]
        }
        struct Split: Decodable {
            struct Method: Decodable { var reward: Double }
            var methods: [String: Method]
        }
        var splits: [String: Split]
        var optimizers: Optimizers
    }

    @Test(.enabled(if: hasModel, "Models/all-MiniLM-L6-v2 is absent; \"make setup\" brings it"))
    func theTableHasEveryMethodAtTheSameBudget() throws {
        let root = try #require(Self.root), model = try #require(Self.model), folder = try TemporaryFolder()
        let data = root.appendingPathComponent("Datasets/programs").path
        func run(_ threads: String) throws -> Study {
            let ending = try Command.baton(
                [
                    "study", data, "--model", model.path, "--cache", "cache", "--json", "--splits", "0,5", "--methods",
                    "optimizers", "--seeds", "2", "--episodes", "2048", "--evaluate.bootstrap", "200", "--threads", threads,
                ], in: folder.url)
            try #require(ending.status == 0, "\(ending.messages)")
            return try JSONDecoder().decode(Study.self, from: Data(ending.output.utf8))
        }
        let study = try run("2"), table = study.optimizers
        #expect(table.episodes == 2048 && table.seeds == 2)
        #expect(
            table.methods.map(\.name) == [
                "random_search", "reinforce", "isotropic_es", "sep_cma_es", "sft", "sft_reinforce", "sft_isotropic_es",
                "sft_sep_cma_es",
            ])
        for method in table.methods {
            #expect(method.episodes <= 2048 && (method.name == "sft") == (method.episodes == 0), "\(method.name)")
            #expect(method.start == (method.name.hasPrefix("sft") ? "sft" : "zero"))
            let splits = study.splits.values.compactMap { $0.methods[method.name]?.reward }
            #expect(splits.count == 2 && abs(method.reward - splits.reduce(0, +) / 2) < 1e-9, "\(method.name)")
            for interval in [method.versus_sft, method.versus_best_single] {
                #expect(interval.low <= interval.mean && interval.mean <= interval.high, "\(method.name)")
            }
        }
        let sft = try #require(table.methods.first { $0.name == "sft" })
        #expect(sft.versus_sft.mean == 0 && sft.seed_deviation == 0)
        #expect(try run("1").optimizers.methods.map(\.reward) == table.methods.map(\.reward))
    }

    @Test(arguments: [
        (["--seeds", "2"], "baton: --seeds: "), (["--episodes", "5"], "baton: --episodes: "),
        (["--methods", "optimizers", "--seeds", "0"], "baton: --seeds: expected 1 to 1000"),
        (["--methods", "optimizers", "--episodes", "0"], "baton: --episodes: expected 1 to"),
    ])
    func badFlagsAreOneLine(flags: [String], message: String) throws {
        let folder = try TemporaryFolder()
        let ending = try Command.baton(["study", "nowhere"] + flags, in: folder.url)
        #expect(ending.status == 2 && ending.messages.hasPrefix(message), "\(ending.messages)")
    }
}
