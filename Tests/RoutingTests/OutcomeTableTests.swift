import Foundation
import Routing
import Tensors
import Testing

struct OutcomeTableTests {
    private let table = OutcomeTable(
        workers: ["a", "b", "c"], successes: [1, 0, 3, 0, 0, 0, 0, 5, 1], samples: [1, 0, 4, 0, 0, 0, 2, 5, 2])

    @Test func aCellWithoutSamplesIsMissingNotZero() {
        #expect(table.tasks == 3)
        #expect(table.rates[0, 0] == 1 && table.rates[0, 2] == 0.75 && table.rates[2, 0] == 0)
        #expect(table.rates[0, 1].isNaN && (0..<3).allSatisfy { table.rates[1, $0].isNaN })
        #expect(table.workerMeans() == [0.5, 1, 0.625])
        let never = OutcomeTable(workers: ["a", "b"], successes: [0, 1], samples: [0, 1])
        #expect(never.workerMeans(fallback: 0.25) == [0.25, 1])
    }

    @Test func aMissingCellIsNeverChosen() {
        let scores = Matrix(rows: 3, columns: 3, scalars: [1, 9, 2, 1, 2, 3, 9, 1, 2])
        #expect(table.choices(by: scores, seed: 0) == [2, nil, 0])
        let rewards = table.rewards(choosingBy: scores)
        #expect(rewards[0] == 0.75 && rewards[1].isNaN && rewards[2] == 0)
    }

    @Test func aTieEarnsTheMeanOverTheTiedWorkersThatWereTried() {
        let zeros = table.rewards(choosingBy: Matrix(rows: 3, columns: 3))
        #expect(zeros[0] == 0.875 && zeros[1].isNaN && zeros[2] == 0.5)
        let partly = table.rewards(choosingBy: Matrix(rows: 3, columns: 3, scalars: [0, 0, 0, 0, 0, 0, 0, 1, 1]))
        #expect(partly[2] == 0.75)
        let set = TaskSet(states: Tensor(zeros: [3, 1]), outcomes: table)
        #expect(set.reward(choosingBy: Matrix(rows: 3, columns: 3)) == (0.875 + 0.5) / 2)
    }

    @Test func rowsAreThoseAskedForInThatOrder() {
        let rows = table.rows(at: [2, 0, 2])
        #expect(rows.tasks == 3)
        #expect(rows.samples == [2, 5, 2, 1, 0, 4, 2, 5, 2])
        #expect(rows.rates[1, 0] == 1 && rows.rates[1, 1].isNaN && rows.rates[2, 1] == 1)
    }

    @Test func swappingTwiceIsTheTableAndOnceExchangesTwoColumns() {
        let set = Problem.set(tasks: 30, width: 1, workers: 4, signal: 1, seed: 51).outcomes
        let swapped = set.swappingOutcomes(of: 1, and: 3)
        #expect(swapped.workers == set.workers)
        #expect(swapped.workerMeans() == [0, 3, 2, 1].map { set.workerMeans()[$0] })
        #expect(swapped.swappingOutcomes(of: 3, and: 1) == set)
        #expect(swapped != set)
    }

    @Test func tiesAreBrokenByTheSeedAndNotByTheIndex() {
        let table = OutcomeTable(workers: ["a", "b", "c", "d"], successes: [1, 1, 1, 1], samples: [1, 1, 0, 1])
        let scores = Matrix(rows: 1, columns: 4, scalars: [2, 2, 2, 2])
        var counts = [0, 0, 0, 0]
        for seed in 0..<3000 {
            guard let choice = table.choices(by: scores, seed: UInt64(seed))[0] else { continue }
            counts[choice] += 1
        }
        // Each 1,000 ± 26 by chance.
        #expect(counts[2] == 0)
        #expect([0, 1, 3].allSatisfy { abs(counts[$0] - 1000) < 130 })
        let many = OutcomeTable(
            workers: ["a", "b"], successes: [Double](repeating: 1, count: 4000), samples: [Int](repeating: 1, count: 4000))
        let choices = many.choices(by: Matrix(rows: 2000, columns: 2), seed: 9)
        #expect(abs(choices.filter { $0 == 0 }.count - 1000) < 130)
        #expect(many.choices(by: Matrix(rows: 2000, columns: 2), seed: 9) == choices)
        #expect(many.choices(by: Matrix(rows: 2000, columns: 2), seed: 10_000) != choices)
    }
}

struct ChoosingTests {
    @Test func theHighestScoreIsChosenAmongTheCandidatesAlone() {
        let scores = [5.0, 1, 3, -2]
        #expect(chooseWorker(among: [0, 1, 2, 3], by: { scores[$0] }, seed: 1) == 0)
        #expect(chooseWorker(among: [3, 1, 2], by: { scores[$0] }, seed: 1) == 2)
        #expect(chooseWorker(among: [3], by: { scores[$0] }, seed: 1) == 3)
        #expect(chooseWorker(among: [], by: { scores[$0] }, seed: 1) == nil)
    }

    @Test func aTieDoesNotDependOnTheOrderOfTheCandidates() {
        for seed in UInt64(0)..<50 {
            let choices = [[0, 1, 2], [2, 1, 0], [1, 2, 0]].map { chooseWorker(among: $0, by: { _ in 1 }, seed: seed) }
            #expect(Set(choices).count == 1)
        }
    }

    @Test func infiniteScoresChooseAsNumbersDo() {
        let scores = [-Double.infinity, 0, .infinity]
        #expect(chooseWorker(among: [0, 1, 2], by: { scores[$0] }, seed: 3) == 2)
        #expect(chooseWorker(among: [0, 1], by: { scores[$0] }, seed: 3) == 1)
        #expect(chooseWorker(among: [0], by: { scores[$0] }, seed: 3) == 0)
    }

    @Test func aSoftmaxSumsToOneOverWhatIsAllowed() {
        let all = softmax([1, 2, 3])
        #expect(abs(all.reduce(0, +) - 1) < 1e-15)
        #expect(abs(all[1] / all[0] - M_E) < 1e-14)
        let some = softmax([1, 900, 3], allowed: [true, false, true])
        #expect(some[1] == 0 && abs(some[0] + some[2] - 1) < 1e-15)
        #expect(abs(some[2] / some[0] - M_E * M_E) < 1e-13)
    }

    @Test func aSoftmaxOfNothingIsNothingAndOfExtremesIsFinite() {
        #expect(softmax([]) == [])
        #expect(softmax([1, 2], allowed: [false, false]) == [0, 0])
        #expect(softmax([1e308, -1e308]) == [1, 0])
        #expect(softmax([-1e308, -1e308]) == [0.5, 0.5])
        #expect(softmax([7], allowed: [true]) == [1])
    }

    @Test func aHeadsScoresAreTheProductsOfItsRowsWithTheState() {
        let head = RoutingHead(workers: ["a", "b"], weight: Tensor(shape: [2, 3], scalars: [1, 2, 3, 0, -1, 4]))
        let scores = head.scores(for: Tensor(shape: [2, 3], scalars: [1, 1, 1, 0, 2, 0.5]))
        #expect(scores == Matrix(rows: 2, columns: 2, scalars: [6, 3, 5.5, 0]))
        #expect(head.width == 3)
        #expect(abs(head.rootMeanSquare - (31.0 / 6).squareRoot()) < 1e-12)
        let zeros = RoutingHead(zeros: ["a", "b"], width: 3)
        #expect(zeros.rootMeanSquare == 0 && zeros.weight.shape == [2, 3])
    }
}
