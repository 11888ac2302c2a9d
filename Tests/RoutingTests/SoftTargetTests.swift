import Foundation
import Routing
import Tensors
import Testing

struct SoftTargetTests {
    private let set = Problem.set(tasks: 40, width: 5, workers: 4, signal: 2, missing: 0.6, seed: 3)

    @Test(arguments: [0.02, 0.1, 1, 50])
    func probabilitiesSumToOneOverTriedWorkersAndAreZeroElsewhere(temperature: Double) {
        let target = SoftTarget(set.outcomes, temperature: temperature, kappa: 1)
        for task in 0..<set.outcomes.tasks {
            let tried = (0..<4).filter { set.outcomes.samples[task * 4 + $0] > 0 }
            let row = (0..<4).map { target.probabilities[task, $0] }
            #expect((0..<4).filter { target.tried[task * 4 + $0] } == tried)
            #expect(row.indices.allSatisfy { tried.contains($0) ? row[$0] >= 0 : row[$0] == 0 })
            #expect(abs(row.reduce(0, +) - (tried.isEmpty ? 0 : 1)) < 1e-12)
        }
    }

    @Test func ratesAreTurnedIntoASoftmaxOfRateOverTemperature() {
        let table = OutcomeTable(workers: ["a", "b", "c"], successes: [4, 1, 9], samples: [4, 2, 0])
        let target = SoftTarget(table, temperature: 0.25, kappa: 0)
        let expected = 1 / (1 + exp((0.5 - 1) / 0.25))
        #expect(abs(target.probabilities[0, 0] - expected) < 1e-14)
        #expect(abs(target.probabilities[0, 1] - (1 - expected)) < 1e-14)
        #expect(target.probabilities[0, 2] == 0)
    }

    @Test func aTaskIsTrustedByTheMeanOverItsCellsOfSamplesOverSamplesPlusKappa() {
        let table = OutcomeTable(
            workers: ["a", "b"], successes: [1, 0, 0, 2, 0, 0], samples: [1, 4, 0, 8, 0, 0])
        let trusts = table.taskWeights(kappa: 2)
        #expect(trusts.count == 3)
        #expect(abs(trusts[0] - (1.0 / 3 + 4.0 / 6) / 2) < 1e-15)
        #expect(abs(trusts[1] - 8.0 / 10) < 1e-15)
        #expect(trusts[2] == 0)
        let weights = SoftTarget(table, temperature: 1, kappa: 2).weights
        #expect(abs(weights.reduce(0, +) - 1) < 1e-14)
        #expect(abs(weights[0] / weights[1] - trusts[0] / trusts[1]) < 1e-14)
    }

    @Test func withoutKappaEveryTaskThatHasACellCountsTheSame() {
        let target = SoftTarget(set.outcomes, temperature: 0.1, kappa: 0)
        let isTried = (0..<40).map { task in set.outcomes.samples[task * 4..<(task + 1) * 4].contains { $0 > 0 } }
        let share = 1 / Double(isTried.filter { $0 }.count)
        #expect(isTried.contains(false))
        #expect(zip(target.weights, isTried).allSatisfy { abs($0 - ($1 ? share : 0)) < 1e-15 })
    }

    @Test func successesOfACellWithoutSamplesMeanNothing() {
        let samples = set.outcomes.samples
        let cleared = zip(set.outcomes.rates.scalars, samples).map { $1 > 0 ? $0 * Double($1) : 0 }
        let filled = zip(cleared, samples).map { $1 > 0 ? $0 : 3 }
        let tables = [cleared, filled].map { OutcomeTable(workers: set.outcomes.workers, successes: $0, samples: samples) }
        let losses = tables.map {
            SoftTargetLoss(states: Matrix(set.states), target: SoftTarget($0, temperature: 0.1, kappa: 1), ridge: 0.1)
        }
        var draws = Draws(seed: 1)
        let weight = (0..<20).map { _ in draws.signed() }
        #expect(samples.contains(0))
        #expect(losses[0](weight) == losses[1](weight))
    }
}

struct SoftTargetLossTests {
    private func loss(kappa: Double = 2, ridge: Double = 0.3, threads: Threads = .one, tasks: Int = 60) -> SoftTargetLoss {
        let set = Problem.set(tasks: tasks, width: 6, workers: 4, signal: 2, missing: 0.4, seed: 4)
        return SoftTargetLoss(
            states: Matrix(set.states), target: SoftTarget(set.outcomes, temperature: 0.2, kappa: kappa), ridge: ridge,
            threads: threads)
    }

    @Test(arguments: [(0.0, 0.0), (0.0, 0.3), (2.0, 0.0), (2.0, 1.0)])
    func theGradientIsTheSlopeOfTheLoss(kappa: Double, ridge: Double) {
        let loss = loss(kappa: kappa, ridge: ridge)
        var draws = Draws(seed: 5)
        let weight = (0..<24).map { _ in draws.signed() }
        let gradient = loss(weight).gradient
        for index in weight.indices {
            var ahead = weight, behind = weight
            ahead[index] += 1e-5
            behind[index] -= 1e-5
            let slope = (loss(ahead).value - loss(behind).value) / 2e-5
            #expect(abs(slope - gradient[index]) < 1e-9)
        }
    }

    @Test func anyNumberOfThreadsGivesTheSameBits() {
        var draws = Draws(seed: 6)
        let weight = (0..<24).map { _ in draws.signed() }
        let results = (1...3).map { loss(threads: Threads($0), tasks: 1500)(weight) }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }

    @Test func aHeadThatRealisesTheTargetHasNoLossAndNoSlope() {
        // With one input per task, the head's column of a task is the rate over τ, up to a constant.
        let set = Problem.set(tasks: 5, width: 2, workers: 3, signal: 1, missing: 0.2, seed: 7)
        let identity = Matrix(rows: 5, columns: 5, scalars: (0..<25).map { $0 % 6 == 0 ? 1 : 0 })
        let loss = SoftTargetLoss(states: identity, target: SoftTarget(set.outcomes, temperature: 0.5, kappa: 1), ridge: 0)
        let weight = (0..<3).flatMap { worker in
            (0..<5).map { task in
                let rate = set.outcomes.rates[task, worker]
                return rate.isNaN ? 17 : rate / 0.5 + Double(task)
            }
        }
        let (value, gradient) = loss(weight)
        #expect(abs(value) < 1e-14)
        #expect(gradient.allSatisfy { abs($0) < 1e-14 })
        #expect(loss(weight.map { $0 * 0.5 }).value > 1e-3)
    }

    @Test func scoresFarBeyondTheRangeOfExponentialsStayFinite() {
        let (value, gradient) = loss()((0..<24).map { $0 % 2 == 0 ? 1e5 : -1e5 })
        #expect(value.isFinite && gradient.allSatisfy(\.isFinite))
    }
}
