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
        struct Method: Decodable { var mean: Double, se_splits: Double, per_split: [Double] }
        var methods: [String: Method]
    }

    private static let names = [
        "best_single": "best single", "domain_table": "domain rule", "knn": "kNN", "sft": "SFT",
        "evolved": "SFT + sep-CMA-ES", "oracle": "oracle",
    ]

    private func study(_ data: URL, _ flags: [String]) throws -> (study: Study, reference: Reference) {
        let model = try #require(Self.model), folder = try TemporaryFolder()
        let ending = try Command.baton(
            ["study", data.path, "--model", model.path, "--cache", "cache", "--json"] + flags, in: folder.url)
        try #require(ending.status == 0, "\(ending.messages)")
        return (
            try JSONDecoder().decode(Study.self, from: Data(ending.output.utf8)),
            try JSONDecoder().decode(
                Reference.self, from: Data(contentsOf: data.appendingPathComponent("reference.json")))
        )
    }

    @Test(.enabled(if: hasModel, withoutModel))
    func aStudyOfRealProgramsReachesTheReference() throws {
        let root = try #require(Self.root)
        let (study, reference) = try study(root.appendingPathComponent("Datasets/programs"), [])
        #expect(study.dataset == "programs")
        #expect(Set(study.workers) == ["cas", "nt", "smt", "mip", "lexicon", "brute"])
        #expect(study.splits.count == 6 && study.splits["0"]?.test_tasks == 116)
        for (ours, theirs) in Self.names {
            let mine = try #require(study.summary[ours]), theirs = try #require(reference.methods[theirs])
            let interval = mine.versus_best_single
            #expect(mine.standard_error >= 0 && interval.low <= interval.mean && interval.mean <= interval.high)
            if ["best_single", "domain_table", "oracle"].contains(ours) {
                #expect(abs(mine.reward - theirs.mean) <= 0.001, "\(ours)")
            } else {
                #expect(mine.reward >= theirs.mean - theirs.se_splits, "\(ours)")
            }
            let rewards = study.splits.values.compactMap { $0.methods[ours]?.reward }
            #expect(abs(mine.reward - rewards.reduce(0, +) / 6) < 1e-9, "\(ours)")
        }
        #expect(study.verdict.hasPrefix("Route"))
    }

    private static let zeroeval = root?.appendingPathComponent("../shared/data/zeroeval-small").standardizedFileURL
    private static var hasZeroeval: Bool {
        zeroeval.map { FileManager.default.fileExists(atPath: $0.appendingPathComponent("tasks.jsonl").path) } ?? false
    }

    @Test(
        .enabled(if: hasModel, withoutModel),
        .enabled(if: hasZeroeval, "../shared/data/zeroeval-small is not beside this checkout"))
    func aStudyOfRealModelsReachesTheReferenceOfASplit() throws {
        let (study, reference) = try study(try #require(Self.zeroeval), ["--splits", "0", "--generations", "5"])
        let split = try #require(study.splits["0"])
        for (ours, theirs) in Self.names {
            let reward = try #require(split.methods[ours]?.reward)
            let expected = try #require(reference.methods[theirs]?.per_split.first)
            // A tie on validation may fall otherwise and move a learned method by a point.
            #expect(
                abs(reward - expected) < (["best_single", "domain_table", "oracle"].contains(ours) ? 0.001 : 0.015), "\(ours)")
        }
    }
}
