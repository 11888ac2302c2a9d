import Foundation
import Pipeline
import Routing
import Statistics
import Tensors
import Testing

struct SummaryTests {
    /// What workers a and b do on a task: successes of one sample each.
    private typealias Rule = (Int) -> (a: Int, b: Int)

    /// Every method on splits of 60 made up tasks: every third one is for training, validation and test. The state of
    /// a task says which of two kinds it is, if `isTold`.
    private func judged(isTold: Bool = true, splits: Int = 1, _ rule: Rule) throws -> [SplitResult] {
        try Folders.temporary { folder in
            let tasks = (0..<180).map { task in
                let (a, b) = rule(task)
                return #"{"id":"t\#(task)","domain":"d","prompt":"p","outcomes":{"a":[\#(a),1],"b":[\#(b),1]}}"#
            }
            try Data(tasks.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("tasks.jsonl"))
            try Data("worker\na\nb\n".utf8).write(to: folder.appendingPathComponent("workers.csv"))
            let parts = (0..<3).map { part in (0..<180).filter { $0 % 3 == part }.map { "t\($0)" } }
            let split = ["train": parts[0], "validation": parts[1], "test": parts[2]]
            let all = Dictionary(uniqueKeysWithValues: (0..<splits).map { ("\($0)", split) })
            try JSONEncoder().encode(all).write(to: folder.appendingPathComponent("splits.json"))
            let read = try Outcomes(reading: folder)
            let states = Tensor(
                shape: [180, 2],
                scalars: (0..<180).flatMap { isTold ? ($0 / 3 % 2 == 0 ? [1, 0] : [0, 1]) : [Float](arrayLiteral: 1, 1) })
            var evolve = EvolveSettings()
            evolve.generations = 2
            let comparison = Comparison(
                data: RecordedStates(outcomes: read, states: states), sft: SFTSettings(), evolve: evolve, withOptions: true,
                seed: 1)
            return try read.splitNames.map { comparison.judge($0, try #require(read.splits[$0]), threads: .one) }
        }
    }

    private func summary(_ splits: [SplitResult]) -> Summary { Summary(splits, bootstrap: 500, seed: 1) }

    private func method(_ name: String, of summary: Summary) throws -> MethodSummary {
        try #require(summary.methods.first { $0.name == name })
    }

    @Test func aClearGainSaysRoute() throws {
        let result = summary(try judged { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) })
        #expect(result.verdict.hasPrefix("Route: "))
        #expect(result.verdict.hasSuffix("100 % of the way to the oracle."))
        let preferred = try method(result.preferred, of: result)
        #expect(preferred.reward == 1 && preferred.gapClosed == 1)
        #expect(preferred.versusBestSingle.low > 0.3)
        #expect(try method("best_single", of: result).reward == 0.5)
    }

    @Test func whereTheOracleAddsNothingItSaysDoNotRoute() throws {
        let result = summary(try judged { $0 % 5 == 0 ? (0, 0) : (1, 1) })
        #expect(result.verdict.hasPrefix("Do not route: even an oracle"))
        #expect(try method("oracle", of: result).gapClosed == 0)
    }

    @Test func whereMethodsEarnWhatTheBestSingleWorkerEarnsItSaysDoNotRoute() throws {
        // Worker a is the better on both kinds, but b would help here and there.
        let result = summary(try judged(isTold: false) { $0 / 3 % 5 == 0 ? (0, 1) : (1, 0) })
        #expect(try method("oracle", of: result).reward == 1)
        #expect(try method("sft", of: result).versusBestSingle.mean == 0)
        #expect(result.verdict.hasPrefix("Do not route: "))
        #expect(result.verdict.hasSuffix("with these tasks that cannot be told from nothing."))
    }

    @Test func anIntervalAroundNothingOrBelowItSaysDoNotRoute() throws {
        func verdict(_ gains: (Int) -> Double) throws -> String {
            var splits = try judged { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) }
            let single = try #require(splits[0].method("best_single")).rewards
            let learned = ["knn", "sft", "sft_standardized", "sft_shrunk", "sft_logistic", "sft_constant", "evolved"]
            for index in splits[0].methods.indices where learned.contains(splits[0].methods[index].name) {
                splits[0].methods[index].estimates = []
                splits[0].methods[index].rewards = single.indices.map { single[$0] + gains($0) }
            }
            return summary(splits).verdict
        }
        #expect(try verdict { $0 % 2 == 0 ? 0.5 : -0.5 }.hasSuffix("cannot be told from nothing."))
        #expect(try verdict { $0 % 10 == 0 ? -0.5 : 0.05 }.hasPrefix("Do not route: "))
        #expect(try verdict { _ in -0.25 }.hasSuffix("a loss."))
        #expect(try verdict { $0 % 10 == 0 ? -0.5 : 0.5 }.hasPrefix("Route: "))
    }

    /// Rewards of a method on all test tasks, in place of what it earned.
    private func judged(_ rewards: [String: (Int) -> Double], validation: [String: Double]) throws -> [SplitResult] {
        var splits = try judged { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) }
        for index in splits[0].methods.indices {
            let name = splits[0].methods[index].name
            if let reward = rewards[name] { splits[0].methods[index].rewards = (0..<60).map(reward) }
            if let reward = validation[name] { splits[0].methods[index].validationReward = reward }
            splits[0].methods[index].estimates = []
        }
        return splits
    }

    @Test func whatCannotBeServedIsNeverRecommendedHoweverFarAhead() throws {
        let rewards: [String: (Int) -> Double] = [
            "best_single": { _ in 0.5 }, "sft": { _ in 0.7 }, "evolved": { _ in 0.6 }, "knn": { _ in 0.8 },
            "domain_table": { $0 % 10 == 0 ? 0 : 0.9 }, "sft_shrunk": { $0 % 2 == 0 ? 0.2 : 1.3 },
        ]
        let result = summary(try judged(rewards, validation: ["sft": 0.8, "evolved": 0.7, "knn": 1, "sft_plain": 0]))
        #expect(result.preferred == "sft")
        #expect(result.verdict.hasPrefix("Route: sft earns 0.700 where the best single worker earns 0.500, +20.0 points"))
        // Domain table: 0.81 on average, with an interval of some width. Shrunk: ahead on average only.
        #expect(result.verdict.contains("domain_table, which is told the domain, by +11.0 points (95 % interval +"))
        #expect(
            result.verdict.contains("Ahead of it, but nothing that a router can serve: ")
                && result.verdict.contains("knn by +10.0 points (95 % interval +10.0 to +10.0)"))
        #expect(!result.verdict.contains("sft_shrunk"))
    }

    @Test func whereNothingServedIsWorthItTheVerdictNamesWhatIsButStillSaysDoNotRoute() throws {
        let even: (Int) -> Double = { $0 % 2 == 0 ? 0 : 1 }
        let result = summary(
            try judged(
                ["best_single": { _ in 0.5 }, "sft": even, "evolved": even, "sft_plain": even, "knn": { _ in 0.8 }],
                validation: ["knn": 1]))
        #expect(["sft", "sft_plain", "evolved"].contains(result.preferred))
        #expect(result.verdict.hasPrefix("Do not route: ") && result.verdict.contains(" Ahead of it, "))
    }

    @Test func adjustedPValuesAreThoseOfMethodsThatOneCouldChoose() throws {
        let result = summary(try judged { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) })
        let shown = Set(result.methods.filter { $0.adjustedPValue != nil }.map(\.name))
        #expect(Set(result.methods.map(\.name)).subtracting(shown) == ["best_single", "random", "oracle"])
        #expect(shown.isSuperset(of: ["knn", "sft", "evolved", "domain_table", "sft_shrunk"]))
        for method in result.methods {
            if let adjusted = method.adjustedPValue { #expect(adjusted >= method.pValue && adjusted <= 1) }
        }
        #expect(try #require(try method("sft", of: result).adjustedPValue) > method("sft", of: result).pValue)
        #expect(!["domain_table", "knn", "oracle", "random"].contains(result.preferred))
    }

    @Test func everySplitWeighsTheSameWhateverItsNumberOfTasks() throws {
        var splits = try judged(splits: 2) { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) }
        // The second split keeps ten of its sixty test tasks, and there its methods earn nothing more.
        splits[1].testRows = Array(splits[1].testRows.prefix(10))
        for index in splits[1].methods.indices {
            splits[1].methods[index].rewards = [Double](repeating: 0.25, count: 10)
            splits[1].methods[index].estimates = []
        }
        let result = summary(splits)
        let single = try method("best_single", of: result), sft = try method("sft", of: result)
        #expect(abs(single.reward - (0.5 + 0.25) / 2) < 1e-12)
        #expect(abs(sft.reward - (1 + 0.25) / 2) < 1e-12)
        #expect(abs(sft.versusBestSingle.mean - 0.25) < 1e-12)
        #expect(abs(sft.standardError - 0.375) < 1e-12)
    }

    @Test func aConstantGainHasAnIntervalOfNoWidthWhereSplitsAreUnequal() throws {
        var splits = try judged(splits: 2) { $0 / 3 % 2 == 0 ? (1, 0) : (0, 1) }
        // The second split has ten other tasks than the first, so that draws of tasks hold more or less of each split.
        splits[1].testRows = (1000..<1010).map { $0 }
        for split in splits.indices {
            for index in splits[split].methods.indices {
                let gain = splits[split].methods[index].name == "sft" ? 0.25 : 0
                splits[split].methods[index].rewards = splits[split].testRows.map { _ in 0.5 + gain }
                splits[split].methods[index].estimates = []
            }
        }
        let gain = try method("sft", of: summary(splits)).versusBestSingle
        #expect(gain == Estimate(mean: 0.25, low: 0.25, high: 0.25))
    }
}
