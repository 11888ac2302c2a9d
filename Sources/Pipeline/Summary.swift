public import Statistics

/// What all splits together say of one method.
public struct MethodSummary: Sendable, Equatable {
    public var name: String
    /// Mean over splits of the mean test reward.
    public var reward: Double
    /// Over splits; over tasks where there is one split.
    public var standardError: Double
    /// Mean over splits of the mean validation reward.
    public var validationReward: Double?
    /// Difference to the best single worker, paired by task and clustered by it, with a 95 % interval.
    public var versusBestSingle: Estimate
    /// Two-sided, of no difference to the best single worker; adjusted by Holm over the methods that a user could choose.
    public var pValue: Double, adjustedPValue: Double?
    /// Share of the gap between best single and oracle that is closed.
    public var gapClosed: Double
    /// Expected calibration error of the estimated success of the chosen worker; `nil` where there is no estimate.
    public var calibration: Calibration?
    /// What validation chose, where all splits agree or there is one.
    public var note: String
}

/// The verdict of a study or of one run.
public struct Summary: Sendable {
    public var methods: [MethodSummary]
    /// Route, or do not, and why: one sentence.
    public var verdict: String
    /// The method that validation prefers among those that a router bundle can hold.
    public var preferred: String

    /// Those that nobody can choose, or that are the yardstick.
    static let notChoosable: Set<String> = ["best_single", "random", "oracle", "oracle_crossfit"]

    /// Those that a run can end with: heads that a bundle holds, and `baton serve` serves. The best single worker needs none.
    static let servable = Set(["sft", "sft_plain", "evolved"] + OptimizerMethod.allCases.map(\.rawValue))

    /// Summary of `splits`, which all hold the same methods.
    public init(_ splits: [SplitResult], bootstrap: Int, seed: UInt64) {
        let names = splits.first?.methods.map(\.name) ?? []
        let paired = PairedDifferences(splits, against: "best_single", names: names)
        let tests = paired.tests(replicates: bootstrap, seed: seed)
        let rewards = names.map { name in splits.compactMap { $0.method(name)?.reward } }
        let means = rewards.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
        func reward(_ name: String) -> Double { names.firstIndex(of: name).map { means[$0] } ?? 0 }
        let gap = reward("oracle") - reward("best_single")

        let choosable = names.indices.filter { !Self.notChoosable.contains(names[$0]) }
        let adjusted = Dictionary(
            uniqueKeysWithValues: zip(choosable, holm(choosable.map { tests[$0].pValue })))
        methods = names.indices.map { index in
            let parts = splits.compactMap { $0.method(names[index]) }
            let validation = parts.compactMap(\.validationReward)
            return MethodSummary(
                name: names[index], reward: means[index],
                standardError: splits.count > 1
                    ? Statistics.standardError(of: rewards[index]) : Statistics.standardError(of: parts.first?.rewards ?? []),
                validationReward: validation.isEmpty ? nil : validation.reduce(0, +) / Double(validation.count),
                versusBestSingle: tests[index].estimate, pValue: tests[index].pValue, adjustedPValue: adjusted[index],
                gapClosed: gap > 0 ? (means[index] - reward("best_single")) / gap : 0,
                calibration: Self.calibration(parts), note: Self.commonNote(parts.map(\.note)))
        }
        let best = methods.filter { Self.servable.contains($0.name) }
            .max { ($0.validationReward ?? 0) < ($1.validationReward ?? 0) }
        preferred = best?.name ?? "best_single"
        verdict = Self.verdict(best, among: methods)
        if let best {
            verdict += Self.sentence(Self.unservable(methods, aheadOf: best, splits, bootstrap: bootstrap, seed: seed))
        }
    }

    /// What earned more on test than `best` and than the best single worker, by intervals above nothing, and cannot be
    /// served; with the difference to `best`.
    private static func unservable(
        _ methods: [MethodSummary], aheadOf best: MethodSummary, _ splits: [SplitResult], bootstrap: Int, seed: UInt64
    ) -> [(name: String, difference: Estimate)] {
        let names = methods.filter {
            !notChoosable.contains($0.name) && !servable.contains($0.name) && $0.reward > best.reward
                && $0.versusBestSingle.low > 0
        }.map(\.name)
        guard !names.isEmpty else { return [] }
        let tests = PairedDifferences(splits, against: best.name, names: names).tests(replicates: bootstrap, seed: seed)
        return zip(names, tests).map { (name: $0, difference: $1.estimate) }.filter { $0.difference.low > 0 }
    }

    private static func sentence(_ ahead: [(name: String, difference: Estimate)]) -> String {
        if ahead.isEmpty { return "" }
        let parts = ahead.map { name, difference in
            let told = name == "domain_table" ? ", which is told the domain," : ""
            return "\(name)\(told) by \(signed(difference.mean)) points "
                + "(95 % interval \(signed(difference.low)) to \(signed(difference.high)))"
        }
        return " Ahead of it, but nothing that a router can serve: \(parts.joined(separator: "; "))."
    }

    private static func calibration(_ parts: [MethodResult]) -> Calibration? {
        let judged = parts.filter { !$0.estimates.isEmpty }
        guard !judged.isEmpty else { return nil }
        return Calibration(predicted: judged.flatMap(\.estimates), observed: judged.flatMap(\.rewards))
    }

    private static func commonNote(_ notes: [String]) -> String {
        let distinct = Set(notes.filter { !$0.isEmpty })
        return distinct.count == 1 ? distinct.first ?? "" : distinct.isEmpty ? "" : "varies"
    }

    private static func verdict(_ best: MethodSummary?, among methods: [MethodSummary]) -> String {
        func find(_ name: String) -> MethodSummary? { methods.first { $0.name == name } }
        guard let best, let single = find("best_single"), let oracle = find("oracle") else {
            return "Do not route: there is nothing to compare."
        }
        let interval = best.versusBestSingle
        let numbers =
            "\(best.name) earns \(best.reward.fixed(3)) where the best single worker earns \(single.reward.fixed(3)), "
            + "\(signed(interval.mean)) points (95 % interval \(signed(interval.low)) to \(signed(interval.high)))"
        if oracle.reward - single.reward < 0.005 {
            return
                "Do not route: even an oracle would earn only \(signed(oracle.reward - single.reward)) points over the best single worker."
        }
        if interval.low <= 0 {
            return interval.high < 0
                ? "Do not route: \(numbers), a loss."
                : "Do not route: \(numbers); with these tasks that cannot be told from nothing."
        }
        return "Route: \(numbers), \((best.gapClosed * 100).fixed(0)) % of the way to the oracle."
    }

    private static func signed(_ difference: Double) -> String {
        (difference < 0 ? "−" : "+") + (abs(difference) * 100).fixed(1)
    }
}

/// Reward differences of every method to one, task by task, over all splits.
struct PairedDifferences {
    private var differences: [[Double]]
    private var clusters: [Int]
    /// Each split counts the same in the mean reward, so it does here, whatever the number of its test tasks.
    private var weights: [Double] = []

    init(_ splits: [SplitResult], against yardstick: String, names: [String]) {
        differences = names.map { _ in [] }
        clusters = splits.flatMap(\.testRows)
        for split in splits {
            let base = split.method(yardstick)?.rewards ?? []
            weights.append(contentsOf: split.testRows.map { _ in 1 / Double(split.testRows.count) })
            for (index, name) in names.enumerated() {
                let rewards = split.method(name)?.rewards ?? base
                differences[index].append(contentsOf: zip(rewards, base).map { $0 - $1 })
            }
        }
    }

    func tests(replicates: Int, seed: UInt64) -> [(estimate: Estimate, pValue: Double)] {
        Bootstrap.paired(methods: differences, clusters: clusters, weights: weights, replicates: replicates, seed: seed)
    }
}
