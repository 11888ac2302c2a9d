import Routing
import Tensors

/// What the comparison of optimisers is asked.
public struct OptimizerSettings: Sendable, Equatable {
    /// Repetitions of each method on each split, which differ in their draws only.
    public var seeds: Int
    /// Episodes that each method may play.
    public var episodes: Int

    /// TRINITY's budget: 60 generations of 32 candidates with 16 episodes each.
    public init(seeds: Int = 5, episodes: Int = 30_720) {
        self.seeds = seeds
        self.episodes = episodes
    }
}

/// What one method earned with one seed.
struct OptimizerRun: Sendable, Equatable {
    /// Of each test task.
    var rewards: [Double]
    var validationReward: Double
    var episodes: Int
    var note: String
}

/// The optimisers on one split, each with the same budget of drawn episodes and the same seeds.
struct OptimizerComparison: Sendable {
    let data: RecordedStates
    let sft: SFTSettings
    let evolve: EvolveSettings
    let settings: OptimizerSettings
    let seed: UInt64
    let monitor: Monitor

    /// A split as a head sees it: states, or features behind a map.
    private struct Parts {
        let train: TaskSet, validation: TaskSet, test: TaskSet
    }

    /// Yardsticks and methods; what a method earned on a task is its mean over the seeds. `runs` has each seed by itself.
    func judge(
        _ name: String, _ split: Outcomes.Split, threads: Threads
    ) -> (split: SplitResult, runs: [OptimizerMethod: [OptimizerRun]]) {
        let train = data.set(split.train), validation = data.set(split.validation), test = data.set(split.test)
        let trained = sft.train(train, validation: validation, threads: threads)
        let map = trained.map
        let zeros = RoutingHead(zeros: trained.head.workers, width: trained.head.width)
        let plain = Parts(train: train, validation: validation, test: test)
        let mapped = Parts(
            train: train.mapped(by: map, threads: threads), validation: validation.mapped(by: map, threads: threads),
            test: test.mapped(by: map, threads: threads))
        var runs: [OptimizerMethod: [OptimizerRun]] = [:]
        for method in OptimizerMethod.allCases {
            let start = method.startsFromSFT ? map?.head(of: trained.policy) ?? trained.head : zeros
            let parts = method.startsFromSFT ? mapped : plain, optimizer = method.optimizer(evolve)
            runs[method] = (0..<settings.seeds).map { repetition in
                guard !monitor.stopping() else { return OptimizerRun(rewards: [], validationReward: 0, episodes: 0, note: "") }
                var play = RecordedPlay(train: parts.train, validation: parts.validation, threads: threads)
                let found =
                    optimizer?.optimize(start, on: &play, budget: settings.episodes, seed: seed &+ UInt64(repetition) &* 7919)
                    ?? OptimizedHead(start: start, on: play)
                return OptimizerRun(
                    rewards: parts.test.outcomes.rewards(
                        choosingBy: found.head.scores(for: parts.test.states, threads: threads)),
                    validationReward: found.validationReward, episodes: play.episodes, note: found.note)
            }
        }
        let methods =
            yardsticks(train: train, validation: validation, test: test)
            + OptimizerMethod.allCases.map { method in
                Self.averaged(method, runs[method] ?? [])
            }
        let result = SplitResult(name: name, testRows: split.test, methods: methods, history: [], keptGeneration: 0)
        return (result, runs)
    }

    private static func averaged(_ method: OptimizerMethod, _ runs: [OptimizerRun]) -> MethodResult {
        let count = Double(max(1, runs.count)), notes = Set(runs.map(\.note))
        let rewards = (runs.first?.rewards.indices ?? 0..<0).map { task in
            runs.reduce(0) { $0 + (task < $1.rewards.count ? $1.rewards[task] : 0) } / count
        }
        return MethodResult(
            name: method.rawValue, rewards: rewards,
            validationReward: runs.reduce(0) { $0 + $1.validationReward } / count,
            note: notes.count == 1 ? notes.first ?? "" : "varies")
    }

    private func yardsticks(train: TaskSet, validation: TaskSet, test: TaskSet) -> [MethodResult] {
        let means = train.outcomes.rankingMeans(), best = means.indices.max { means[$0] < means[$1] } ?? 0
        return [
            MethodResult(
                name: "best_single", rewards: test.outcomes.rewards(choosingAlways: means),
                validationReward: HeadSearch.mean(validation.outcomes.rewards(choosingAlways: means)),
                note: means.isEmpty ? "" : train.outcomes.workers[best]),
            MethodResult(name: "oracle", rewards: test.outcomes.rewards(choosingBy: test.outcomes.rates)),
        ]
    }
}
