import Foundation
import Testing

/// The study of real outcomes with the real backbone, by the numbers of a reference that is not ours.
struct StudyTests {
    private static let root = Command.above("Package.swift")
    private static let model = root?.appendingPathComponent("Models/all-MiniLM-L6-v2")
    private static var hasModel: Bool {
        model.map { FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.safetensors").path) } ?? false
    }
    private static let withoutModel: Comment = "Models/all-MiniLM-L6-v2 is absent; \"make setup\" brings it"

    private struct Study: Decodable {
        struct Split: Decodable {
            struct Method: Decodable { var reward: Double }
            var test_tasks: Int
            var methods: [String: Method]
        }
        struct Method: Decodable {
            struct Interval: Decodable { var mean: Double, low: Double, high: Double }
            var reward: Double, standard_error: Double
            var versus_best_single: Interval
        }
        var dataset: String
        var workers: [String]
        var splits: [String: Split]
        var summary: [String: Method]
        var verdict: String
        var seconds: Double
    }

    private struct Reference: Decodable {
        struct Method: Decodable { var per_split: [Double] }
        var methods: [String: Method]
    }

    @Test(.enabled(if: hasModel, withoutModel))
    func aStudyOfRealProgramsReachesTheReference() throws {
        let root = try #require(Self.root), model = try #require(Self.model), folder = try TemporaryFolder()
        let data = root.appendingPathComponent("Datasets/programs")
        let ending = try Command.baton(
            ["study", data.path, "--model", model.path, "--splits", "0", "--generations", "5", "--cache", "cache", "--json"],
            in: folder.url)
        try #require(ending.status == 0, "\(ending.messages)")
        let study = try JSONDecoder().decode(Study.self, from: Data(ending.output.utf8))
        let reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: data.appendingPathComponent("reference.json")))

        #expect(study.dataset == "programs")
        #expect(Set(study.workers) == ["cas", "nt", "smt", "mip", "lexicon", "brute"])
        let split = try #require(study.splits["0"])
        #expect(study.splits.count == 1)
        #expect(split.test_tasks == 116)
        for method in ["best_single", "random", "domain_table", "knn", "sft", "evolved", "oracle"] {
            let summary = try #require(study.summary[method], "\(method)"), interval = summary.versus_best_single
            #expect(split.methods[method]?.reward == summary.reward)
            #expect(summary.standard_error >= 0 && interval.low <= interval.mean && interval.mean <= interval.high)
        }
        for (ours, theirs) in [("best_single", "best single"), ("oracle", "oracle")] {
            let expected = try #require(reference.methods[theirs]?.per_split.first)
            #expect(abs((split.methods[ours]?.reward ?? .nan) - expected) < 0.001, "\(ours)")
        }
        for (ours, theirs) in [("knn", "kNN"), ("sft", "SFT")] {
            let expected = try #require(reference.methods[theirs]?.per_split.first)
            let reward = try #require(split.methods[ours]?.reward), error = try #require(study.summary[ours]?.standard_error)
            #expect(reward >= expected - error, "\(ours)")
        }
        #expect(study.verdict.hasPrefix("Route"))
    }
}
