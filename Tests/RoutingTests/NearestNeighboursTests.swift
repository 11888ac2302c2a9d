import Foundation
import Routing
import Tensors
import Testing

struct NearestNeighboursTests {
    private let train = Problem.set(tasks: 90, width: 5, workers: 4, signal: 3, missing: 0.3, seed: 61)
    private let validation = Problem.set(tasks: 40, width: 5, workers: 4, signal: 3, missing: 0.3, seed: 62)

    /// The scores by definition: a sort of all tasks by cosine, a mean over the tried cells of the first k.
    private func naive(_ states: Tensor, count: Int) -> [[Double]] {
        func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
            var inner = 0.0, left = 0.0, right = 0.0
            for (x, y) in zip(a, b) {
                inner += Double(x) * Double(y)
                left += Double(x) * Double(x)
                right += Double(y) * Double(y)
            }
            return inner / (left * right).squareRoot()
        }
        let means = train.outcomes.workerMeans()
        return (0..<states.rows).map { row in
            let nearest = (0..<train.outcomes.tasks).sorted {
                cosine(states[row: row], train.states[row: $0]) > cosine(states[row: row], train.states[row: $1])
            }.prefix(count)
            return (0..<4).map { worker in
                let rates = nearest.map { train.outcomes.rates[$0, worker] }.filter { !$0.isNaN }
                return rates.isEmpty ? means[worker] : rates.reduce(0, +) / Double(rates.count)
            }
        }
    }

    @Test(arguments: [1, 3, 20, 90])
    func scoresAreMeansOverTheTriedCellsOfTheMostSimilarTasks(count: Int) {
        let neighbours = NearestNeighbours(train: train, validation: validation, counts: [count])
        #expect(neighbours.count == count)
        let scores = neighbours.scores(for: validation.states), expected = naive(validation.states, count: count)
        for task in 0..<40 {
            for worker in 0..<4 { #expect(abs(scores[task, worker] - expected[task][worker]) < 1e-8) }
        }
    }

    @Test func atATrainingTaskTheNearestIsItself() {
        let neighbours = NearestNeighbours(train: train, validation: validation, counts: [1])
        let scores = neighbours.scores(for: train.states), means = train.outcomes.workerMeans()
        for task in 0..<90 {
            for worker in 0..<4 {
                let rate = train.outcomes.rates[task, worker]
                #expect(abs(scores[task, worker] - (rate.isNaN ? means[worker] : rate)) < 1e-8)
            }
        }
    }

    @Test func lengthsOfStatesMeanNothing() {
        let neighbours = NearestNeighbours(train: train, validation: validation, counts: [5])
        let longer = Tensor(shape: validation.states.shape, scalars: validation.states.scalars.map { $0 * 4 })
        #expect(neighbours.scores(for: longer) == neighbours.scores(for: validation.states))
    }

    @Test func equallySimilarTasksAreTakenInTheirOrderAndEqualWorkersByTheirMean() {
        let states = Tensor(shape: [4, 2], scalars: [1, 0, 2, 0, 3, 0, 0, 1])
        let outcomes = OutcomeTable(
            workers: ["a", "b"], successes: [1, 1, 0, 1, 0, 1, 0, 1], samples: [1, 1, 1, 1, 1, 1, 1, 1])
        let set = TaskSet(states: states, outcomes: outcomes)
        let first = NearestNeighbours(train: set, validation: set, counts: [1])
            .scores(for: Tensor(shape: [1, 2], scalars: [5, 0]))
        // Tasks 0, 1 and 2 point the same way: 0 comes first. There both workers succeed, and b is better on train.
        #expect(abs(first[0, 0] - 1) < 1e-8 && abs(first[0, 1] - 1) < 1e-8)
        #expect(first[0, 1] > first[0, 0])
    }

    @Test func validationChoosesHowManyAndTheLargerOnATie() {
        let counts = [1, 3, 5, 10, 20, 40]
        let chosen = NearestNeighbours(train: train, validation: validation, counts: counts)
        func reward(_ count: Int) -> Double {
            let single = NearestNeighbours(train: train, validation: validation, counts: [count])
            return validation.reward(choosingBy: single.scores(for: validation.states))
        }
        let rewards = counts.map(reward), best = rewards.max()
        #expect(Set(rewards).count > 1)
        #expect(chosen.count == zip(counts, rewards).filter { $0.1 == best }.map(\.0).max())
        #expect(NearestNeighbours(train: train, validation: validation, counts: [500]).count == 90)
    }

    @Test func anyNumberOfThreadsGivesTheSameBits() {
        let results = (1...3).map {
            NearestNeighbours(train: train, validation: validation, threads: Threads($0))
                .scores(for: validation.states, threads: Threads($0))
        }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }
}
