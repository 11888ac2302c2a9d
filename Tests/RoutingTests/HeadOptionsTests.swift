import Foundation
import Routing
import Tensors
import Testing

struct ShrunkHeadTests {
    private func bestSingle(_ set: TaskSet) -> Int {
        let means = set.outcomes.workerMeans()
        return means.indices.max { means[$0] < means[$1] } ?? 0
    }

    private func constant(_ set: TaskSet, _ worker: Int) -> Matrix {
        var scores = Matrix(rows: set.outcomes.tasks, columns: set.outcomes.workers.count)
        for task in 0..<scores.rows { scores[task, worker] = 1 }
        return scores
    }

    @Test func whereValidationPrefersItTheRouterIsTheBestSingleWorker() {
        // A head of noise, while worker 0 solves what the others do not.
        let train = Problem.set(tasks: 40, width: 6, workers: 4, signal: 0, seed: 21)
        var draws = Draws(seed: 22)
        let noise = RoutingHead(workers: train.outcomes.workers, weight: draws.tensor(4, 6))
        let clear = OutcomeTable(
            workers: train.outcomes.workers, successes: (0..<160).map { $0 % 4 == 0 ? 1 : 0 },
            samples: [Int](repeating: 1, count: 160))
        let shrunk = ShrunkHead(shrinking: noise, bestSingle: 0, validation: TaskSet(states: train.states, outcomes: clear))
        // Every margin above the largest lead gives the same; the largest of them is chosen.
        #expect(shrunk.margin == .infinity)
        let test = Problem.set(tasks: 300, width: 6, workers: 4, signal: 0, seed: 23)
        let choices = test.outcomes.choices(by: shrunk.scores(for: test.states), seed: 1)
        #expect(choices == [Int?](repeating: 0, count: 300))
        #expect(test.outcomes.choices(by: noise.scores(for: test.states), seed: 1) != choices)
    }

    @Test func whereAllMarginsEarnTheSameTheRouterIsTheBestSingleWorker() {
        let set = Problem.set(tasks: 40, width: 6, workers: 4, signal: 4, seed: 46)
        let head = HeadTrainer().fit(train: set, validation: set).head
        let even = OutcomeTable(
            workers: set.outcomes.workers, successes: [Double](repeating: 1, count: 160),
            samples: [Int](repeating: 2, count: 160))
        let shrunk = ShrunkHead(shrinking: head, bestSingle: 2, validation: TaskSet(states: set.states, outcomes: even))
        #expect(shrunk.margin == .infinity && shrunk.bestSingle == 2)
    }

    @Test(arguments: [UInt64](24..<30))
    func theMarginNeverCostsRewardOnValidation(seed: UInt64) {
        for signal in [0.0, 4.0] {
            let train = Problem.set(tasks: 150, width: 6, workers: 4, signal: signal, missing: 0.1, seed: seed)
            let validation = Problem.set(tasks: 80, width: 6, workers: 4, signal: signal, missing: 0.1, seed: seed + 100)
            let head = HeadTrainer().fit(train: train, validation: validation).head
            let shrunk = ShrunkHead(shrinking: head, bestSingle: bestSingle(train), validation: validation)
            let reward = validation.reward(choosingBy: shrunk.scores(for: validation.states))
            #expect(reward >= validation.reward(of: head))
            #expect(reward >= validation.reward(choosingBy: constant(validation, bestSingle(train))))
            #expect(shrunk.margin >= 0)
        }
    }

    @Test func withAStrongSignalTheHeadStillRoutes() {
        let train = Problem.set(tasks: 300, width: 6, workers: 4, signal: 6, seed: 31)
        let validation = Problem.set(tasks: 150, width: 6, workers: 4, signal: 6, seed: 32)
        let head = HeadTrainer().fit(train: train, validation: validation).head
        let shrunk = ShrunkHead(shrinking: head, bestSingle: bestSingle(train), validation: validation)
        #expect(shrunk.margin.isFinite)
        let single = validation.reward(choosingBy: constant(validation, bestSingle(train)))
        #expect(validation.reward(choosingBy: shrunk.scores(for: validation.states)) > single + 0.1)
    }
}

struct LogisticHeadTests {
    private let train = Problem.set(tasks: 400, width: 5, workers: 3, signal: 2, missing: 0.2, seed: 41)
    private let validation = Problem.set(tasks: 100, width: 5, workers: 3, signal: 2, seed: 42)

    @Test func meanEstimateOfEachWorkerIsItsObservedRate() {
        // The constant is not shrunk, so this holds at the optimum, whatever the ridge. Rates far from a half would show it.
        let rare = OutcomeTable(
            workers: train.outcomes.workers,
            successes: train.outcomes.rates.scalars.map { $0.isNaN ? 0 : $0 }, samples: train.outcomes.samples)
        let train = TaskSet(states: train.states, outcomes: rare)
        let head = LogisticHead(train: train, validation: validation, options: TrainingOptions(ridges: [0.5]))
        let scores = head.scores(for: train.states)
        for worker in 0..<3 {
            let tried = (0..<400).filter { train.outcomes.samples[$0 * 3 + worker] > 0 }
            let predicted = tried.reduce(0) { $0 + scores[$1, worker] } / Double(tried.count)
            let observed = tried.reduce(0) { $0 + train.outcomes.rates[$1, worker] } / Double(tried.count)
            #expect(abs(predicted - observed) < 1e-5)
        }
    }

    @Test func theProbabilitiesThatMadeTheOutcomesAreRecovered() {
        // The rule of Problem.set, drawn again.
        let train = Problem.set(tasks: 3000, width: 5, workers: 3, signal: 2, missing: 0.2, seed: 43)
        var rule = Draws(seed: 1), draws = Draws(seed: 44)
        let truth = rule.tensor(3, 5), states = draws.tensor(200, 5)
        let expected = states.timesTransposed(truth).scalars.map { 1 / (1 + exp(-2 * Double($0))) }
        let options = TrainingOptions(ridges: [1e-5])
        let got = LogisticHead(train: train, validation: validation, options: options).scores(for: states).scalars
        let largest = zip(got, expected).map { abs($0 - $1) }.max() ?? 1
        #expect(largest < 0.05)
        #expect((expected.max() ?? 0) - (expected.min() ?? 0) > 0.5)
    }

    @Test func droppingAWorkerLeavesTheOtherRowsBitForBit() {
        let options = TrainingOptions(ridges: [0.01])
        let all = LogisticHead(train: train, validation: validation, options: options)
        let kept = [0, 2]
        let fewer = LogisticHead(
            train: train.workers(at: kept), validation: validation.workers(at: kept), options: options)
        for (row, old) in kept.enumerated() {
            #expect(Array(fewer.weight[row: row]) == Array(all.weight[row: old]))
        }
    }

    @Test func aWorkerThatWasNeverTriedIsHeldFor5050() {
        let samples = train.outcomes.samples.enumerated().map { $0 % 3 == 1 ? 0 : $1 }
        let successes = train.outcomes.rates.scalars.enumerated().map { samples[$0] > 0 ? $1 * Double(samples[$0]) : 0 }
        let table = OutcomeTable(workers: train.outcomes.workers, successes: successes, samples: samples)
        let head = LogisticHead(train: TaskSet(states: train.states, outcomes: table), validation: validation)
        let scores = head.scores(for: validation.states)
        #expect((0..<100).allSatisfy { scores[$0, 1] == 0.5 })
    }
}

struct ConstantInputTests {
    @Test func theConstantIsOneMoreColumnOfOnes() {
        let set = Problem.set(tasks: 7, width: 3, workers: 2, signal: 1, seed: 45)
        let extended = set.withConstant
        #expect(extended.states.shape == [7, 4])
        #expect(extended.outcomes == set.outcomes)
        #expect((0..<7).allSatisfy { Array(extended.states[row: $0]) == Array(set.states[row: $0]) + [1] })
    }
}
