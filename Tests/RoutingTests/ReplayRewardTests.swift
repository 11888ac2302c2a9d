import Foundation
import Routing
import Tensors
import Testing

struct ReplayRewardTests {
    /// More tasks than one piece of work holds, some without any cell.
    private let set = Problem.set(tasks: 700, width: 6, workers: 3, signal: 2, missing: 0.4, seed: 71)

    private func heads(_ count: Int) -> Tensor {
        var draws = Draws(seed: 72)
        return draws.tensor(count * 3, 6)
    }

    /// The mean reward of one head by definition.
    private func naive(_ weight: ArraySlice<Float>, action: Action) -> Double {
        let head = RoutingHead(workers: set.outcomes.workers, weight: Tensor(shape: [3, 6], scalars: Array(weight)))
        let scores = head.scores(for: set.states)
        var total = 0.0, count = 0.0
        for task in 0..<700 {
            let tried = (0..<3).filter { set.outcomes.samples[task * 3 + $0] > 0 }
            guard !tried.isEmpty else { continue }
            count += 1
            switch action {
            case .sample:
                let weights = tried.map { exp(scores[task, $0]) }
                let sum = weights.reduce(0, +)
                total += zip(tried, weights).reduce(0) { $0 + $1.1 / sum * set.outcomes.rates[task, $1.0] }
            case .argmax:
                let best = tried.max { scores[task, $0] < scores[task, $1] } ?? 0
                total += set.outcomes.rates[task, best]
            }
        }
        return total / count
    }

    @Test(arguments: Action.allCases)
    func rewardsOfManyHeadsAreThoseOfANaiveLoopOverEach(action: Action) {
        let heads = heads(5), rewards = ReplayReward(set, action: action).rewards(of: heads, count: 5, threads: .one)
        #expect(rewards.count == 5)
        for (index, reward) in rewards.enumerated() {
            #expect(abs(reward - naive(heads.scalars[index * 18..<(index + 1) * 18], action: action)) < 1e-6)
        }
        #expect(Set(rewards).count == 5)
    }

    @Test(arguments: Action.allCases)
    func anyNumberOfThreadsGivesTheSameBits(action: Action) {
        let replay = ReplayReward(set, action: action)
        let results = (1...3).map { replay.rewards(of: heads(7), count: 7, threads: Threads($0)) }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }

    @Test(arguments: Action.allCases)
    func aHeadEarnsTheSameAloneAsAmongOthers(action: Action) {
        let replay = ReplayReward(set, action: action), heads = heads(4)
        let together = replay.rewards(of: heads, count: 4, threads: .one)
        for index in 0..<4 {
            let alone = Tensor(shape: [3, 6], scalars: Array(heads.scalars[index * 18..<(index + 1) * 18]))
            #expect(abs(replay.rewards(of: alone, count: 1, threads: .one)[0] - together[index]) < 1e-6)
        }
    }

    @Test(arguments: Action.allCases)
    func aHeadOfZerosEarnsTheMeanOverTheTriedWorkers(action: Action) {
        let means = (0..<700).compactMap { task -> Double? in
            let rates = (0..<3).map { set.outcomes.rates[task, $0] }.filter { !$0.isNaN }
            return rates.isEmpty ? nil : rates.reduce(0, +) / Double(rates.count)
        }
        let reward = ReplayReward(set, action: action).rewards(of: Tensor(zeros: [3, 6]), count: 1, threads: .one)[0]
        #expect(means.count < 700)
        #expect(abs(reward - means.reduce(0, +) / Double(means.count)) < 1e-6)
    }

    @Test func argmaxEarnsWhatTheTableSays() {
        let head = RoutingHead(workers: set.outcomes.workers, weight: heads(1))
        let reward = ReplayReward(set, action: .argmax).rewards(of: head.weight, count: 1, threads: .one)[0]
        #expect(abs(reward - set.reward(of: head)) < 1e-6)
    }

    /// Cells of every kind: a fifth of the tasks have no worker, some have one, rates are fractions.
    @Test(arguments: Action.allCases)
    func missingCellsAndTasksWithoutAnyAreLeftOutOnEverySize(action: Action) {
        for tasks in [1, 15, 16, 17, 255, 256, 257] {
            let part = set.tasks(at: Array(0..<tasks)), heads = heads(3)
            let rewards = ReplayReward(part, action: action).rewards(of: heads, count: 3, threads: .one)
            let usable = (0..<tasks).filter { task in (0..<3).contains { part.outcomes.samples[task * 3 + $0] > 0 } }
            let alone = ReplayReward(part.tasks(at: usable), action: action).rewards(of: heads, count: 3, threads: .one)
            #expect(rewards == alone)
            let single = usable.map { task in
                ReplayReward(part.tasks(at: [task]), action: action).rewards(of: heads, count: 3, threads: .one)
            }
            for head in 0..<3 where !usable.isEmpty {
                let mean = single.reduce(0) { $0 + $1[head] } / Double(usable.count)
                #expect(abs(rewards[head] - mean) < 1e-6)
            }
        }
    }

    @Test(arguments: Action.allCases)
    func everyInstructionSetGivesTheSameBits(action: Action) {
        let replay = ReplayReward(set, action: action), heads = heads(33)
        let results = InstructionSet.available.map { replay.rewards(of: heads, count: 33, threads: .one, on: $0) }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test func aTieEarnsTheMeanOfTheTiedWorkersAloneAndOnlyOfThoseTried() {
        let outcomes = OutcomeTable(
            workers: Problem.names(3), successes: [1, 0, 1, 0, 0, 1], samples: [1, 1, 1, 1, 1, 0])
        let set = TaskSet(states: Tensor(shape: [2, 1], scalars: [1, 1]), outcomes: outcomes)
        // Workers 1 and 2 are ahead and equal; on the second task worker 2 was not tried.
        let heads = Tensor(shape: [3, 1], scalars: [0, 2, 2])
        #expect(ReplayReward(set, action: .argmax).rewards(of: heads, count: 1, threads: .one) == [0.25])
        let low = Tensor(shape: [3, 1], scalars: [1, 0, 5])
        #expect(ReplayReward(set, action: .argmax).rewards(of: low, count: 1, threads: .one) == [0.5])
    }

    @Test func aHeadThatOverflowsIsNoEvaluation() {
        let infinite = Tensor(shape: [3, 6], scalars: [Float](repeating: .infinity, count: 18))
        let rewards = ReplayReward(set, action: .sample).rewards(of: infinite, count: 1, threads: .one)
        #expect(rewards.allSatisfy { $0.isNaN })
    }

    @Test func enormousScoresAndEmptySetsAreNoTrap() {
        let huge = Tensor(shape: [3, 6], scalars: heads(1).scalars.map { $0 * 1e6 })
        let replay = { (action: Action) in ReplayReward(set, action: action).rewards(of: huge, count: 1, threads: .one)[0] }
        #expect(abs(replay(.sample) - replay(.argmax)) < 1e-6)
        let empty = set.tasks(at: [])
        #expect(ReplayReward(empty, action: .sample).rewards(of: heads(2), count: 2, threads: .one) == [0, 0])
    }
}
