import Evolution
import Foundation
import Pipeline
import Routing
import Tensors
import Testing

struct HeadSearchTests {
    /// Tasks of 8 inputs whose three workers succeed by a linear rule.
    private static func set(tasks: Int, seed: UInt64, signal: Double = 4) -> TaskSet {
        var rule = Draws(seed: 1), draws = Draws(seed: seed)
        let truth = Tensor(shape: [3, 8], scalars: (0..<24).map { _ in Float(rule.signed()) })
        let states = Tensor(shape: [tasks, 8], scalars: (0..<tasks * 8).map { _ in Float(draws.signed()) })
        let successes = states.timesTransposed(truth).scalars.map { score in
            draws.signed() < tanh(signal * Double(score) / 2) ? 1.0 : 0
        }
        return TaskSet(
            states: states,
            outcomes: OutcomeTable(
                workers: ["a", "b", "c"], successes: successes, samples: [Int](repeating: 1, count: tasks * 3)))
    }

    private let train = set(tasks: 300, seed: 2), validation = set(tasks: 100, seed: 3)
    private let zeros = RoutingHead(zeros: ["a", "b", "c"], width: 8)

    private func search(
        from head: RoutingHead, sigma: Double, generations: Int, seed: UInt64, action: Action = .sample, threads: Int = 1,
        train: TaskSet? = nil
    ) -> HeadSearch {
        let ground = ExactReplay(
            train: train ?? self.train, validation: validation, action: action, threads: Threads(threads))
        var search = HeadSearch(from: head, sigma: sigma, settings: EvolveSettings(), seed: seed, on: ground)
        for _ in 0..<generations { search.step(on: ground) }
        return search
    }

    @Test func generationZeroIsTheStart() {
        let head = HeadTrainer().fit(train: train, validation: validation).head
        let search = search(from: head, sigma: 0.5, generations: 0, seed: 1)
        #expect(search.kept.head == head && search.kept.generation == 0)
        #expect(search.kept.validationReward == validation.reward(of: head))
        #expect(search.history.count == 1)
        #expect(search.history[0].generation == 0 && search.history[0].sigma == 0.5)
        #expect(search.history[0].validation == validation.reward(of: head))
        let train = ReplayReward(train, action: .sample).rewards(of: head.weight, count: 1, threads: .one)[0]
        #expect(search.history[0].train == train)
        #expect(search.scale == head.rootMeanSquare)
    }

    @Test(arguments: [UInt64](0..<6))
    func theKeptHeadIsNeverWorseOnValidationThanItsStart(seed: UInt64) {
        let head = HeadTrainer().fit(train: train, validation: validation).head
        for (start, sigma) in [(head, 0.03), (head, 1.0), (zeros, 1.0)] {
            let search = search(
                from: start, sigma: sigma, generations: 15, seed: seed, action: seed % 2 == 0 ? .sample : .argmax)
            #expect(search.history.map(\.generation) == Array(0...15))
            #expect(search.kept.validationReward >= validation.reward(of: start))
            #expect(search.kept.validationReward == validation.reward(of: search.kept.head))
            #expect(search.kept.validationReward == search.history[search.kept.generation].validation)
            // Nothing that came later is ahead of what is kept by more than luck.
            let best = search.history.map(\.validation).max() ?? 0
            #expect(best - search.kept.validationReward < 3 * (0.25 / Double(validation.outcomes.tasks)).squareRoot())
            if search.kept.generation == 0 { #expect(search.kept.head == start) }
        }
    }

    /// A hundred coins of validation that nothing can predict: their luckiest generation is no reason to leave the start.
    @Test func luckOnValidationIsNotKept() {
        var draws = Draws(seed: 31)
        var keptStart = 0
        for seed in 0..<20 {
            let coins = OutcomeTable(
                workers: ["a", "b", "c"], successes: (0..<300).map { _ in draws.signed() < 0 ? 1.0 : 0 },
                samples: [Int](repeating: 1, count: 300))
            let judge = TaskSet(states: validation.states, outcomes: coins)
            let head = HeadTrainer().fit(train: train, validation: validation).head
            let ground = ExactReplay(train: train, validation: judge, action: .sample, threads: .one)
            var search = HeadSearch(from: head, sigma: 0.01, settings: EvolveSettings(), seed: UInt64(seed), on: ground)
            for _ in 0..<10 { search.step(on: ground) }
            keptStart += search.kept.generation == 0 ? 1 : 0
        }
        #expect(keptStart >= 10, "\(keptStart) of 20")
    }

    @Test func withoutSignalInValidationTheStartIsKeptBitForBit() {
        let even = OutcomeTable(
            workers: ["a", "b", "c"], successes: [Double](repeating: 1, count: 300), samples: [Int](repeating: 1, count: 300))
        let judge = TaskSet(states: validation.states, outcomes: even)
        let head = HeadTrainer().fit(train: train, validation: validation).head
        let ground = ExactReplay(train: train, validation: judge, action: .sample, threads: .one)
        var search = HeadSearch(from: head, sigma: 0.3, settings: EvolveSettings(), seed: 1, on: ground)
        for _ in 0..<10 { search.step(on: ground) }
        #expect(search.kept.head == head && search.kept.generation == 0)
        #expect(search.search.generation == 10)
    }

    @Test func theSameSeedGivesTheSameSearchWithAnyNumberOfThreads() {
        let searches = (1...3).map { search(from: zeros, sigma: 1, generations: 12, seed: 5, threads: $0) }
        #expect(searches[1] == searches[0])
        #expect(searches[2] == searches[0])
        #expect(search(from: zeros, sigma: 1, generations: 12, seed: 6).history != searches[0].history)
    }

    @Test func aSearchThatIsSteppedInTwoPartsIsTheSearchInOne() {
        let ground = ExactReplay(train: train, validation: validation, action: .sample, threads: .one)
        var parts = search(from: zeros, sigma: 1, generations: 5, seed: 7)
        let copy = parts
        for _ in 0..<7 { parts.step(on: ground) }
        #expect(parts == search(from: zeros, sigma: 1, generations: 12, seed: 7))
        #expect(copy.history.count == 6)
    }

    @Test func fromZerosItLearnsTheRule() {
        let single = train.outcomes.workerMeans().max() ?? 1
        let search = search(from: zeros, sigma: 1, generations: 120, seed: 8)
        #expect(search.scale == 1)
        let start = search.history[0].train
        #expect(search.history.dropFirst().allSatisfy { $0.bestCandidate > start && $0.bestCandidate <= 1 })
        #expect(search.kept.validationReward > single + 0.1)
        #expect(Self.set(tasks: 500, seed: 9).reward(of: search.kept.head) > single + 0.1)
    }

    @Test func ofSeveralStepSizesTheOneOfBestValidationIsKeptAndTheEarlierOnATie() {
        func best(_ sigmas: [Double], seed: UInt64 = 3) -> HeadSearch {
            var settings = EvolveSettings()
            (settings.sigmas, settings.start, settings.generations) = (sigmas, .zero, 8)
            return HeadSearch.best(
                from: zeros, settings: settings, train: train, validation: validation, seed: seed, threads: .one)
        }
        let sigmas = [0.01, 0.3, 3]
        // Each step size has a seed of its own, so that the searches are independent.
        let singles = sigmas.enumerated().map { best([$1], seed: 3 + UInt64($0)) }
        let top = singles.map(\.kept.validationReward).max()
        #expect(best(sigmas) == singles.first { $0.kept.validationReward == top })
    }

    // MARK: Evaluations

    @Test func headsOfTheSameBitsAreComputedOnceAndEarnTheSame() {
        let ground = ExactReplay(train: train, validation: validation, action: .sample, threads: .one)
        var draws = Draws(seed: 4)
        let first = (0..<24).map { _ in Float(draws.signed()) }, second = (0..<24).map { _ in Float(draws.signed()) }
        let order = [first, second, first, first, second]
        let heads = Tensor(shape: [15, 8], scalars: order.flatMap(\.self))
        let together = ground.evaluations(of: heads, count: 5, generation: 1)
        #expect(together.counts == EvaluationCounts(made: 600, reused: 900))
        let pair = ground.evaluations(
            of: Tensor(shape: [6, 8], scalars: first + second), count: 2, generation: 1)
        #expect(pair.counts == EvaluationCounts(made: 600))
        #expect(together.rewards == [0, 1, 0, 0, 1].map { pair.rewards[$0] })
        // What begins alike is not the same.
        var other = first
        other[23] += 1
        let alike = ground.evaluations(of: Tensor(shape: [6, 8], scalars: first + other), count: 2, generation: 1)
        #expect(alike.counts.reused == 0 && alike.rewards[0] != alike.rewards[1])
    }

    @Test func aMeanThatDoesNotMoveIsNotEvaluatedAgain() {
        let even = OutcomeTable(
            workers: ["a", "b", "c"], successes: [Double](repeating: 1, count: 900), samples: [Int](repeating: 1, count: 900))
        let flat = TaskSet(states: train.states, outcomes: even)
        let moving = search(from: zeros, sigma: 1, generations: 3, seed: 2)
        let search = search(from: zeros, sigma: 1, generations: 3, seed: 2, train: flat)
        let size = search.search.populationSize
        #expect(search.history.dropFirst().allSatisfy { $0.evaluations == EvaluationCounts(made: 300 * size, reused: 300) })
        #expect(search.history.allSatisfy { $0.train == 1 && $0.validation == search.history[0].validation })
        #expect(moving.history.dropFirst().allSatisfy { $0.evaluations == EvaluationCounts(made: 300 * (size + 1)) })
        #expect(moving.history[0].axisRatio == 1 && moving.history[3].axisRatio > 1)
    }

    @Test func aGenerationThatIsNotJudgedIsNeverKept() {
        let ground = ExactReplay(train: train, validation: validation, action: .sample, threads: .one)
        var search = HeadSearch(from: zeros, sigma: 1, settings: EvolveSettings(), seed: 8, on: ground)
        for generation in 1...30 { search.step(on: ground, isJudged: generation % 7 == 0) }
        #expect(search.history.filter(\.isJudged).map(\.generation) == [0, 7, 14, 21, 28])
        #expect(search.kept.generation % 7 == 0 && search.kept.generation > 0)
        let whole = self.search(from: zeros, sigma: 1, generations: 30, seed: 8)
        #expect(search.search == whole.search)
    }
}
