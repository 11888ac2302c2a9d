import Reports
public import Statistics

/// What the comparison of optimisers came to: a row a method.
public struct OptimizerTable: Sendable, Equatable {
    /// One optimiser over all splits and seeds.
    public struct Row: Sendable, Equatable {
        public var method: OptimizerMethod
        /// Mean over splits and seeds of the mean test reward.
        public var reward: Double
        /// Of the splits' means over seeds; over tasks where there is one split. Seeds of one split share its tasks, so
        /// they are not counted as independent.
        public var standardError: Double
        /// Standard deviation of the test reward from seed to seed, the mean over splits; 0 with one seed.
        public var seedDeviation: Double
        public var validationReward: Double
        /// Paired by task and clustered by it, with 95 % intervals.
        public var versusSFT: Estimate, versusBestSingle: Estimate
        /// The most episodes that a run played.
        public var episodes: Int
    }

    public let settings: OptimizerSettings
    public let rows: [Row]

    init(
        _ settings: OptimizerSettings, splits: [SplitResult], runs: [[OptimizerMethod: [OptimizerRun]]], bootstrap: Int,
        seed: UInt64
    ) {
        self.settings = settings
        let methods = OptimizerMethod.allCases, names = methods.map(\.rawValue)
        func differences(to yardstick: String) -> [Estimate] {
            PairedDifferences(splits, against: yardstick, names: names).tests(replicates: bootstrap, seed: seed).map(\.estimate)
        }
        let versusSFT = differences(to: OptimizerMethod.sft.rawValue), versusSingle = differences(to: "best_single")
        rows = methods.enumerated().map { index, method in
            let results = splits.compactMap { $0.method(method.rawValue) }, rewards = results.map(\.reward)
            let own = runs.compactMap { $0[method] }
            return Row(
                method: method, reward: mean(of: rewards),
                standardError: splits.count > 1
                    ? Statistics.standardError(of: rewards) : Statistics.standardError(of: results.first?.rewards ?? []),
                seedDeviation: mean(
                    of: own.map { runs in
                        Statistics.standardError(of: runs.map { mean(of: $0.rewards) }) * Double(runs.count).squareRoot()
                    }),
                validationReward: mean(of: results.compactMap(\.validationReward)),
                versusSFT: versusSFT[index], versusBestSingle: versusSingle[index],
                episodes: own.joined().map(\.episodes).max() ?? 0)
        }
    }

    /// For a terminal and for the report.
    var table: Table {
        Table(
            columns: [
                .init("optimiser"), .init("start"), .init("reward", .right), .init("±", .right), .init("seeds' sd", .right),
                .init("vs SFT", .right), .init("95 % interval", .right), .init("vs best single", .right),
                .init("95 % interval", .right), .init("episodes", .right),
            ],
            rows: rows.map { row in
                let isYardstick = row.method == .sft
                return [
                    row.method.rawValue, row.method.startsFromSFT ? "SFT" : "zero", row.reward.fixed(4),
                    row.standardError.fixed(4), row.seedDeviation.fixed(4), isYardstick ? "" : Self.signed(row.versusSFT.mean),
                    isYardstick ? "" : Self.interval(row.versusSFT), Self.signed(row.versusBestSingle.mean),
                    Self.interval(row.versusBestSingle), "\(row.episodes)",
                ]
            })
    }

    /// What the columns mean.
    var legend: String {
        """
        Equal budgets of \(settings.episodes) drawn episodes, \(settings.seeds) seed\(settings.seeds == 1 ? "" : "s"). Each method \
        gives the head that validation prefers; reward is that of the best scored worker on test, the mean over splits and \
        seeds. Differences are paired by task, their intervals bootstrapped over tasks.
        """
    }

    private static func signed(_ value: Double) -> String { (value < 0 ? "−" : "+") + abs(value).fixed(4) }

    private static func interval(_ estimate: Estimate) -> String { "\(signed(estimate.low)) … \(signed(estimate.high))" }
}

extension OptimizerTable: Encodable {
    private struct Document: Encodable {
        struct Method: Encodable {
            var name: String, start: String
            var reward: Double, standardError: Double, seedDeviation: Double, validationReward: Double
            var versusSft: Estimate, versusBestSingle: Estimate
            var episodes: Int
        }
        var episodes: Int, seeds: Int
        var methods: [Method]
    }

    public func encode(to encoder: any Encoder) throws {
        let methods = rows.map { row in
            Document.Method(
                name: row.method.rawValue, start: row.method.startsFromSFT ? "sft" : "zero", reward: row.reward,
                standardError: row.standardError, seedDeviation: row.seedDeviation, validationReward: row.validationReward,
                versusSft: row.versusSFT, versusBestSingle: row.versusBestSingle, episodes: row.episodes)
        }
        try Document(episodes: settings.episodes, seeds: settings.seeds, methods: methods).encode(to: encoder)
    }
}
