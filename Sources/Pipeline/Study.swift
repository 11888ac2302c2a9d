import Files
public import Foundation
import Routing
import Statistics
import Synchronization
public import Tensors

/// Every method on the splits of a folder of recorded outcomes: is routing worth it on this data?
public struct Study: Sendable {
    /// What a study is asked.
    public struct Options: Sendable {
        public var model: URL
        public var cache: URL
        /// Names of splits; `nil` for all.
        public var splits: [String]?
        /// Whether the options of the head are compared too.
        public var allMethods: Bool
        /// Compares optimisers instead of methods.
        public var optimizers: OptimizerSettings?
        public var seed: UInt64 = 0
        public var embed = EmbedSettings()
        public var sft = SFTSettings()
        public var evolve = EvolveSettings.reference
        public var evaluate = EvaluateSettings()

        /// A study's own defaults, with recipe keys overridden by `overrides`. Throws ``InputError`` naming the flag.
        public init(
            model: URL, cache: URL, splits: [String]?, allMethods: Bool, optimizers: OptimizerSettings? = nil,
            overrides: [(key: String, value: String)]
        ) throws {
            self.model = model
            self.cache = cache
            self.splits = splits
            self.allMethods = allMethods
            self.optimizers = optimizers
            var reader = RecipeReader(overrides: overrides)
            seed = try reader.seed("seed", or: 0)
            embed = try EmbedSettings(from: &reader)
            sft = try SFTSettings(from: &reader)
            evolve = try EvolveSettings(from: &reader, defaults: .reference)
            evaluate = try EvaluateSettings(from: &reader)
            try reader.finish()
        }
    }

    /// What came out.
    public struct Result: Sendable {
        public var outcomes: Outcomes
        public var provenance: States.Provenance
        public var splits: [SplitResult]
        public var summary: Summary
        /// Where optimisers were compared.
        public var optimizers: OptimizerTable?
        /// Wall time of the whole study.
        public var seconds: Double
    }

    let options: Options
    let threads: Threads
    let monitor: Monitor

    /// The numbers don't depend on `threads`.
    public init(options: Options, threads: Threads, monitor: Monitor) {
        self.options = options
        self.threads = threads
        self.monitor = monitor
    }

    /// Embeds what isn't in the cache, compares every method on every split, and sums up.
    public func run(on url: URL) throws -> Result {
        let clock = ContinuousClock(), start = clock.now
        let folder = try Outcomes(reading: url)
        let names = try splitNames(in: folder), splits = try names.map { try folder.split(named: $0) }
        let embedding = try Embedding(model: options.model, settings: options.embed)
        let states = try embedding.cachedStates(
            texts: folder.prompts, cache: options.cache, threads: threads, monitor: monitor)
        try monitor.checkpoint("after the hidden states")
        try options.evolve.check(weights: folder.table.workers.count * states.columns)
        let judged = compare(Array(zip(names, splits)), in: RecordedStates(outcomes: folder, states: states))
        try monitor.checkpoint("before the summary")
        let results = judged.map(\.split), bootstrap = options.evaluate.bootstrap
        return Result(
            outcomes: folder, provenance: embedding.provenance, splits: results,
            summary: Summary(results, bootstrap: bootstrap, seed: options.seed),
            optimizers: options.optimizers.map {
                OptimizerTable($0, splits: results, runs: judged.map(\.runs), bootstrap: bootstrap, seed: options.seed)
            }, seconds: (clock.now - start) / .seconds(1))
    }

    private func splitNames(in folder: Outcomes) throws -> [String] {
        let names = options.splits ?? folder.splitNames
        guard !names.isEmpty, Set(names).count == names.count else {
            throw InputError("--splits", "expected all, or names by commas, each once")
        }
        return names
    }

    private typealias Judged = (split: SplitResult, runs: [OptimizerMethod: [OptimizerRun]])

    /// Splits are independent, so each is one piece of work; a study of one split threads inside it.
    private func compare(_ splits: [(name: String, split: Outcomes.Split)], in data: RecordedStates) -> [Judged] {
        let inner = splits.count > 1 ? Threads.one : threads
        let finished = Finished(), order = data.outcomes.splitNames
        return threads.map(splits.count) { index in
            let (name, split) = splits[index]
            guard !monitor.stopping() else {
                return (SplitResult(name: name, testRows: [], methods: [], history: [], keptGeneration: 0), [:])
            }
            // The seed is that of the split's name, not of its place among those asked for.
            let seed = options.seed &+ UInt64(order.firstIndex(of: name) ?? 0) &* 1009
            let result = judge(name, split, in: data, seed: seed, threads: inner)
            let done = finished.add(), last = options.optimizers == nil ? "evolved" : OptimizerMethod.sftSepCMAES.rawValue
            let evolved = result.split.method(last)?.reward ?? 0, single = result.split.method("best_single")?.reward ?? 0
            monitor.progress(
                "study", done, of: splits.count,
                detail: "split \(name): best single \(single.fixed(3)), \(last) \(evolved.fixed(3))")
            return result
        }
    }

    private func judge(
        _ name: String, _ split: Outcomes.Split, in data: RecordedStates, seed: UInt64, threads: Threads
    ) -> Judged {
        if let settings = options.optimizers {
            return OptimizerComparison(
                data: data, sft: options.sft, evolve: options.evolve, settings: settings, seed: seed, monitor: monitor
            ).judge(name, split, threads: threads)
        }
        let comparison = Comparison(
            data: data, sft: options.sft, evolve: options.evolve, withOptions: options.allMethods, seed: seed,
            monitor: monitor)
        return (comparison.judge(name, split, threads: threads), [:])
    }
}

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Finished: Sendable {
    private let count = Mutex(0)

    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

// MARK: JSON

extension Study.Result {
    /// The object that `baton study --json` prints.
    public func json() throws -> Data {
        let object = Document(
            dataset: outcomes.name, workers: outcomes.table.workers,
            splits: Dictionary(uniqueKeysWithValues: splits.map { ($0.name, Document.Split($0)) }),
            summary: Dictionary(uniqueKeysWithValues: summary.methods.map { ($0.name, Document.Method($0)) }),
            verdict: summary.verdict, preferred: summary.preferred, optimizers: optimizers, seconds: seconds)
        return try JSONEncoder.forFiles().encode(object)
    }

    struct Document: Encodable {
        struct Split: Encodable {
            struct Method: Encodable {
                var reward: Double
                var validationReward: Double?
                var note: String?
            }

            var testTasks: Int
            var methods: [String: Method]

            init(_ split: SplitResult) {
                testTasks = split.testRows.count
                methods = Dictionary(
                    uniqueKeysWithValues: split.methods.map {
                        (
                            $0.name,
                            Method(
                                reward: $0.reward, validationReward: $0.validationReward, note: $0.note.isEmpty ? nil : $0.note)
                        )
                    })
            }
        }

        struct Interval: Encodable {
            var mean: Double, low: Double, high: Double
        }

        struct Method: Encodable {
            var reward: Double
            var standardError: Double
            var versusBestSingle: Interval
            var pValue: Double, adjustedPValue: Double?
            var gapClosed: Double
            var calibrationError: Double?

            init(_ method: MethodSummary) {
                reward = method.reward
                standardError = method.standardError
                let estimate = method.versusBestSingle
                versusBestSingle = Interval(mean: estimate.mean, low: estimate.low, high: estimate.high)
                pValue = method.pValue
                adjustedPValue = method.adjustedPValue
                gapClosed = method.gapClosed
                calibrationError = method.calibration?.expectedCalibrationError
            }
        }

        var dataset: String
        var workers: [String]
        var splits: [String: Split]
        var summary: [String: Method]
        var verdict: String
        var preferred: String
        var optimizers: OptimizerTable?
        var seconds: Double
    }
}
