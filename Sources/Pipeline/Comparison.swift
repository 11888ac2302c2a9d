import Foundation
public import Routing
import Statistics
public import Tensors

/// What one method earned on the test tasks of one split.
public struct MethodResult: Sendable, Equatable {
    /// The name that users script against: `best_single`, `knn`, `sft` …
    public var name: String
    /// Reward of each test task.
    public var rewards: [Double]
    /// Worker of each test task; `nil` where the method names none (random, oracle).
    public var choices: [Int?] = []
    /// Estimated success of the chosen worker on each test task; empty where the method makes no estimate.
    public var estimates: [Double] = []
    /// Mean reward on validation; `nil` where the method has none.
    public var validationReward: Double?
    /// What validation chose, for people.
    public var note = ""

    /// Mean over the test tasks.
    public var reward: Double { rewards.isEmpty ? 0 : rewards.reduce(0, +) / Double(rewards.count) }
}

/// All methods on one split.
public struct SplitResult: Sendable {
    /// The split's name.
    public var name: String
    /// The rows of the folder's table that were judged: test tasks on which any worker was tried.
    public var testRows: [Int]
    /// In the order in which they are shown.
    public var methods: [MethodResult]
    /// Generations of the search that was kept.
    public var history: [GenerationRecord]
    /// The generation whose mean was kept; 0 is the start.
    public var keptGeneration: Int

    /// The method of that name.
    public func method(_ name: String) -> MethodResult? { methods.first { $0.name == name } }
}

/// The recorded outcomes with the state of every task: what every comparison reads.
public struct RecordedStates: Sendable {
    public let outcomes: Outcomes
    /// `[tasks, width]`, in the order of the outcomes' tasks.
    public let states: Tensor

    /// `states` are those of the tasks of `outcomes`, in their order.
    public init(outcomes: Outcomes, states: Tensor) {
        precondition(states.rows == outcomes.ids.count, "\(states.rows) states for \(outcomes.ids.count) tasks")
        self.outcomes = outcomes
        self.states = states
    }

    /// The tasks of `rows`.
    public func set(_ rows: [Int]) -> TaskSet {
        TaskSet(
            states: states.rows(at: rows), outcomes: outcomes.table.rows(at: rows), domains: rows.map { outcomes.domains[$0] })
    }
}

/// Fits and judges every method on one split.
public struct Comparison: Sendable {
    /// Heads that a run has already: they are judged, not fitted.
    public struct Heads: Sendable {
        public var sft: RoutingPolicy, evolved: RoutingPolicy
        /// What validation chose for SFT, for people.
        public var note = ""
        public var history: [GenerationRecord]
        public var keptGeneration: Int
    }

    let data: RecordedStates
    let sft: SFTSettings
    let evolve: EvolveSettings
    let withOptions: Bool
    let seed: UInt64
    let monitor: Monitor

    /// `withOptions` adds the options of the head: standardised, shrunk, logistic, constant.
    public init(
        data: RecordedStates, sft: SFTSettings, evolve: EvolveSettings, withOptions: Bool, seed: UInt64,
        monitor: Monitor = .silent
    ) {
        self.data = data
        self.sft = sft
        self.evolve = evolve
        self.withOptions = withOptions
        self.seed = seed
        self.monitor = monitor
    }

    /// The parts of one split, ready for methods.
    struct Parts {
        var train: TaskSet, validation: TaskSet, test: TaskSet
        var means: [Double]

        var bestSingle: Int { means.indices.max { means[$0] < means[$1] } ?? 0 }
    }

    /// Every method on split `name`. The result doesn't depend on the number of threads.
    public func judge(_ name: String, _ split: Outcomes.Split, heads: Heads? = nil, threads: Threads) -> SplitResult {
        var parts = Parts(
            train: data.set(split.train), validation: data.set(split.validation), test: data.set(split.test), means: [])
        parts.means = parts.train.outcomes.rankingMeans()
        let heads = heads ?? fitted(parts, threads: threads)
        var methods = baselines(parts, threads: threads)
        methods.append(method("sft", policy: heads.sft, parts, note: heads.note, threads: threads))
        if withOptions { methods.append(contentsOf: options(parts, threads: threads)) }
        let note = "generation \(heads.keptGeneration)"
        methods.append(method("evolved", policy: heads.evolved, parts, note: note, threads: threads))
        methods.append(contentsOf: ceilings(parts))
        return SplitResult(
            name: name, testRows: split.test, methods: methods, history: heads.history, keptGeneration: heads.keptGeneration)
    }

    private func fitted(_ parts: Parts, threads: Threads) -> Heads {
        let trained = sft.train(parts.train, validation: parts.validation, threads: threads)
        let start = evolve.start(trained)
        let best = HeadSearch.best(
            from: start.head, settings: evolve, train: parts.train.mapped(by: start.map, threads: threads),
            validation: parts.validation.mapped(by: start.map, threads: threads), seed: seed, threads: threads,
            monitor: monitor)
        return Heads(
            sft: trained.policy, evolved: evolve.policy(best.kept, start: trained),
            note: note(trained), history: best.history,
            keptGeneration: best.kept.generation)
    }

    private func note(_ trained: TrainedHead) -> String { "τ \(trained.temperature.short), λ \(trained.ridge.short)" }

    // MARK: Methods

    private func baselines(_ parts: Parts, threads: Threads) -> [MethodResult] {
        func single(_ set: TaskSet) -> Matrix { Matrix(repeating: parts.means, rows: set.outcomes.tasks) }
        let table = DomainTable(parts.train.outcomes, domains: parts.train.domains)
        let neighbours = NearestNeighbours(train: parts.train, validation: parts.validation, threads: threads)
        return [
            method(
                "best_single", parts, test: single(parts.test), validation: single(parts.validation),
                note: parts.means.isEmpty ? "" : data.outcomes.table.workers[parts.bestSingle]),
            random(parts),
            method(
                "domain_table", parts, test: table.scores(parts.test.domains),
                validation: table.scores(parts.validation.domains)),
            method(
                "knn", parts, test: neighbours.scores(for: parts.test.states, threads: threads),
                validation: neighbours.scores(for: parts.validation.states, threads: threads),
                note: "k \(neighbours.count)"),
        ]
    }

    private func options(_ parts: Parts, threads: Threads) -> [MethodResult] {
        let trainer = HeadTrainer(options: sft.options, threads: threads)
        let plain = trainer.fit(train: parts.train, validation: parts.validation)
        let standardized = trainer.fitStandardized(train: parts.train, validation: parts.validation)
        let shrunk = ShrunkHead(shrinking: plain.head, bestSingle: parts.bestSingle, validation: parts.validation)
        let logistic = LogisticHead(train: parts.train, validation: parts.validation, options: sft.options, threads: threads)
        let constant = trainer.fit(train: parts.train.withConstant, validation: parts.validation.withConstant)
        let margin = shrunk.margin == .infinity ? "infinite" : shrunk.margin.fixed(3)
        return [
            method("sft_plain", policy: plain.policy, parts, note: note(plain), threads: threads),
            method("sft_standardized", policy: standardized.policy, parts, note: note(standardized), threads: threads),
            calibrated("sft_shrunk", parts, note: "margin \(margin)") { shrunk.scores(for: $0.states) },
            method(
                "sft_logistic", parts, test: logistic.scores(for: parts.test.states),
                validation: logistic.scores(for: parts.validation.states), note: "λ \(logistic.ridge.short)"),
            calibrated("sft_constant", parts, note: note(constant)) {
                constant.head.scores(for: $0.withConstant.states, threads: threads)
            },
        ]
    }

    private func random(_ parts: Parts) -> MethodResult {
        func means(_ set: TaskSet) -> [Double] {
            set.outcomes.rewards(choosingBy: Matrix(rows: set.outcomes.tasks, columns: set.outcomes.workers.count))
        }
        return MethodResult(name: "random", rewards: means(parts.test), validationReward: mean(of: means(parts.validation)))
    }

    private func ceilings(_ parts: Parts) -> [MethodResult] {
        let outcomes = parts.test.outcomes
        var results = [MethodResult(name: "oracle", rewards: outcomes.rewards(choosingBy: outcomes.rates))]
        let crossFitted = OracleCeiling(
            cells: (0..<outcomes.tasks).map { task in outcomes.workers.indices.map { outcomes.cell(task, $0) } },
            deterministic: Set(
                outcomes.workers.indices.filter { data.outcomes.deterministicWorkers.contains(outcomes.workers[$0]) })
        ).crossFittedByTask(seed: seed)
        if crossFitted.contains(where: { $0 != nil }) {
            // A task without a cell that can be halved says nothing of the ceiling: it counts as a random choice.
            let rewards = zip(crossFitted, random(parts).rewards).map { $0 ?? $1 }
            results.append(MethodResult(name: "oracle_crossfit", rewards: rewards))
        }
        return results
    }

    /// A head's scores order workers but estimate no success; isotonic regression on validation makes them do so.
    private func method(
        _ name: String, policy: RoutingPolicy, _ parts: Parts, note: String, threads: Threads
    ) -> MethodResult {
        calibrated(name, parts, note: note) { policy.scores(for: $0.states, threads: threads) }
    }

    private func calibrated(_ name: String, _ parts: Parts, note: String, scores: (TaskSet) -> Matrix) -> MethodResult {
        let test = scores(parts.test), validation = scores(parts.validation)
        var result = method(name, parts, test: test, validation: validation, note: note)
        let observed = parts.validation.outcomes.rewards(choosingBy: validation)
        let isotonic = IsotonicRegression(
            zip(peakProbabilities(validation, parts.validation), observed).map { .init(score: $0, outcome: $1) })
        result.estimates = peakProbabilities(test, parts.test).map { min(1, max(0, isotonic($0))) }
        return result
    }

    /// The routing softmax of the chosen worker.
    private func peakProbabilities(_ scores: Matrix, _ set: TaskSet) -> [Double] {
        (0..<scores.rows).map { task in
            let row = (0..<scores.columns).map { scores[task, $0] }
            // A margin may be infinite: the choice is then certain.
            if row.contains(.infinity) { return 1 }
            return softmax(row, allowed: row.indices.map { !set.outcomes.rates[task, $0].isNaN }).max() ?? 0
        }
    }

    /// A method whose scores are themselves estimates of success.
    private func method(
        _ name: String, _ parts: Parts, test: Matrix, validation: Matrix, note: String = ""
    ) -> MethodResult {
        let choices = parts.test.outcomes.choices(by: test, seed: seed)
        return MethodResult(
            name: name, rewards: parts.test.outcomes.rewards(choosingBy: test), choices: choices,
            estimates: choices.enumerated().map { task, worker in
                worker.map { min(1, max(0, test[task, $0])) } ?? 0
            },
            validationReward: parts.validation.reward(choosingBy: validation), note: note)
    }
}

extension OutcomeTable {
    fileprivate func cell(_ task: Int, _ worker: Int) -> OracleCeiling.Cell? {
        let count = samples[task * workers.count + worker]
        return count > 0 ? .init(successes: successes[task * workers.count + worker], samples: count) : nil
    }
}

/// The best worker of each domain on train. It is told the domain, which a router must guess.
struct DomainTable {
    private let means: [String: [Double]]
    private let overall: [Double]

    init(_ outcomes: OutcomeTable, domains: [String]) {
        overall = outcomes.workerMeans()
        means = outcomes.workerMeans(byDomain: domains)
    }

    /// Mean success of each worker in each task's domain; ties go to the better mean over all domains.
    func scores(_ domains: [String]) -> Matrix {
        Matrix(
            rows: domains.count, columns: overall.count,
            scalars: domains.flatMap { domain -> [Double] in
                let here = means[domain] ?? overall
                return here.indices.map { here[$0] + 1e-9 * overall[$0] }
            })
    }
}
