import Evolution
import Foundation
import Pipeline
import Routing
import Tensors
import Testing

struct HeadOptimizerTests {
    /// Tasks of 6 inputs whose three workers succeed by a linear rule of strength `signal`; some cells are missing.
    private static func set(tasks: Int, seed: UInt64, signal: Double = 6, missing: Double = 0.1) -> TaskSet {
        var rule = Draws(seed: 1), draws = Draws(seed: seed)
        let truth = Tensor(shape: [3, 6], scalars: (0..<18).map { _ in Float(rule.signed()) })
        let states = Tensor(shape: [tasks, 6], scalars: (0..<tasks * 6).map { _ in Float(draws.signed()) })
        var successes: [Double] = [], samples: [Int] = []
        for score in states.timesTransposed(truth).scalars {
            let count = (draws.signed() + 1) / 2 < missing ? 0 : 2
            let hits = (0..<2).filter { _ in draws.signed() < tanh(signal * Double(score) / 2) }.count
            samples.append(count)
            successes.append(Double(count == 0 ? 0 : hits))
        }
        return TaskSet(
            states: states, outcomes: OutcomeTable(workers: ["a", "b", "c"], successes: successes, samples: samples))
    }

    private static let optimizers: [(name: String, value: any HeadOptimizer)] = [
        ("random search", RandomSearch()), ("REINFORCE", Reinforce()),
        ("isotropic", EvolutionStrategy(EvolveSettings(), covariance: .isotropic)),
        ("separable", EvolutionStrategy(EvolveSettings(), covariance: .separable)),
    ]
    private let zeros = RoutingHead(zeros: ["a", "b", "c"], width: 6)
    private let train = set(tasks: 400, seed: 2), validation = set(tasks: 200, seed: 3)

    private func play(threads: Int = 1) -> RecordedPlay {
        RecordedPlay(train: train, validation: validation, threads: Threads(threads))
    }

    @Test(arguments: optimizers.indices) func eachLearnsAClearRuleFromZeros(index: Int) {
        let (name, optimizer) = Self.optimizers[index]
        var play = play()
        let found = optimizer.optimize(zeros, on: &play, budget: 30_720, seed: 5), test = Self.set(tasks: 1_000, seed: 4)
        let single = test.outcomes.workerMeans().max() ?? 1
        #expect(test.reward(of: found.head) > single + 0.08, "\(name)")
        #expect(found.validationReward == validation.reward(of: found.head), "\(name)")
    }

    @Test(arguments: optimizers.indices) func theSameSeedGivesTheSameHeadWithAnyNumberOfThreads(index: Int) {
        let (name, optimizer) = Self.optimizers[index]
        func found(seed: UInt64, threads: Int) -> OptimizedHead {
            var play = play(threads: threads)
            return optimizer.optimize(zeros, on: &play, budget: 6_000, seed: seed)
        }
        let first = found(seed: 6, threads: 1)
        #expect(found(seed: 6, threads: 2) == first && found(seed: 6, threads: 3) == first, "\(name)")
        #expect(found(seed: 7, threads: 1) != first, "\(name)")
    }

    @Test(arguments: optimizers.indices) func noEpisodeIsPlayedBeyondTheBudget(index: Int) {
        let (name, optimizer) = Self.optimizers[index]
        for budget in [0, 1, 31, 32, 511, 512, 4_095, 30_720] {
            var play = play()
            _ = optimizer.optimize(zeros, on: &play, budget: budget, seed: 8)
            #expect(play.episodes <= budget, "\(name) of \(budget)")
            // What is too little for one more generation is left, no more.
            #expect(play.episodes >= budget - 1_024, "\(name) of \(budget)")
        }
    }

    @Test(arguments: optimizers.indices) func fromPureNoiseNothingIsWorseThanItsStartOnValidation(index: Int) {
        let (name, optimizer) = Self.optimizers[index]
        let noise = Self.set(tasks: 200, seed: 9, signal: 0), judge = Self.set(tasks: 100, seed: 10, signal: 0)
        let fitted = HeadTrainer().fit(train: noise, validation: judge).head
        for start in [zeros, fitted] {
            for seed in 0..<3 {
                var play = RecordedPlay(train: noise, validation: judge)
                let found = optimizer.optimize(start, on: &play, budget: 4_096, seed: UInt64(seed))
                #expect(judge.reward(of: found.head) >= judge.reward(of: start), "\(name)")
                if found.validationReward == judge.reward(of: start) { #expect(found.head == start, "\(name)") }
            }
        }
    }

    @Test func tasksThatNobodyTriedAreNotPlayed() {
        let table = OutcomeTable(workers: ["a", "b"], successes: [0, 0, 1, 0], samples: [0, 0, 1, 0])
        let set = TaskSet(states: Tensor(shape: [2, 1], scalars: [1, 1]), outcomes: table)
        var play = RecordedPlay(train: set, validation: set)
        let episodes = EpisodeSchedule(seed: 1, tasks: play.train.outcomes.tasks, episodes: 20).episodes(of: 0)
        let rewards = play.rewards(of: Tensor(zeros: [2, 1]), count: 1, episodes: episodes, action: .sample)
        #expect(rewards == [1] && play.episodes == 20)
    }
}
