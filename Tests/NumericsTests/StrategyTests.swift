import Evolution
import Foundation
import Testing

@Suite struct StrategyTests {
    private func started(_ strategy: Strategy, populationSize: Int = 9) -> SepCMAES {
        SepCMAES(
            mean: (0..<50).map { Double($0 % 5) }, stepSize: 0.5, seed: 6, populationSize: populationSize, strategy: strategy)
    }

    @Test func mirroredCandidatesLieOppositeOneAnother() {
        for size in [8, 9] {
            let search = started(Strategy(stepControl: .cumulative, sampling: .mirrored), populationSize: size)
            let population = search.ask()
            for row in stride(from: 0, to: size - 1, by: 2) {
                let pairs = zip(zip(population[row], population[row + 1]), search.mean)
                #expect(pairs.allSatisfy { abs(($0.0 + $0.1) / 2 - $1) < 1e-15 })
            }
            #expect(Set((0..<size).map { Array(population[$0]) }).count == size)
        }
    }

    @Test func linearWeightsAreCentredRanksAndAllSpeak() {
        let constants = Constants(
            dimension: 100, populationSize: 32, strategy: Strategy(stepControl: .cumulative, weights: .linear))
        let weights = constants.meanWeights
        #expect(abs(weights.reduce(0, +)) < 1e-15 && abs(weights.reduce(0) { $0 + abs($1) } - 1) < 1e-15)
        for (a, b) in zip(weights, weights.dropFirst()) { #expect(abs((a - b) - 1 / 256) < 1e-15) }
        #expect(abs(constants.effectiveParents - 24.02) < 0.01)
        #expect(constants.covarianceWeights == weights)
    }

    /// One pull on a sphere: with c_m = ½ the mean goes half as far, and the step path does not know.
    @Test func theMeanRateShortensTheStepAndNotThePath() {
        var whole = started(Strategy(stepControl: .cumulative)),
            half = started(Strategy(stepControl: .cumulative, meanRate: 0.5))
        let fitness = (0..<9).map { Double(($0 * 4) % 9) }
        let start = whole.mean
        whole.tell(fitness)
        half.tell(fitness)
        for j in 0..<50 { #expect(abs((half.mean[j] - start[j]) - (whole.mean[j] - start[j]) / 2) < 1e-15) }
        #expect(half.state.stepPath == whole.state.stepPath && half.variances == whole.variances)
    }

    @Test func scalesAreDeviationsOfTheStart() {
        let scales = (0..<50).map { 1 + Double($0) }
        let plain = SepCMAES(mean: scales, stepSize: 0.1, seed: 2).ask()
        let scaled = SepCMAES(mean: scales, stepSize: 0.1, scales: scales, seed: 2).ask()
        for j in 0..<50 {
            let expected = (plain.values[j] - scales[j]) * scales[j]
            #expect(abs((scaled.values[j] - scales[j]) - expected) <= 1e-13 * scales[j])
        }
    }

    /// Under pure noise updates contradict one another, and the rates fall; on a steep slope they stay up.
    @Test func ratesFallWithNoiseAndStayWithoutIt() {
        func rates(_ fitness: (Population, Int) -> [Double]) -> (mean: Double, variances: Double) {
            var search = started(Strategy(stepControl: .cumulative, weights: .linear, learning: .adaptive), populationSize: 12)
            for generation in 0..<150 {
                let population = search.ask()
                search.tell(fitness(population, generation), of: population)
            }
            let learning = search.state.learning
            return (learning?.mean.value ?? 0, learning?.variances.value ?? 0)
        }
        let noise = rates { population, generation in
            (0..<population.count).map { Double(($0 * 7919 + generation * 104_729 + $0 * generation * 31) % 1009) }
        }
        let slope = rates { population, _ in (0..<population.count).map { population[$0].reduce(0, +) } }
        #expect(noise.mean < 0.1 && noise.variances < 0.1)
        #expect(slope.mean > 2 * noise.mean)
    }

    @Test func aPopulationOfAnotherGenerationIsNotMistakenForThisOne() {
        for sampling in Strategy.Sampling.allCases {
            var told = started(Strategy(stepControl: .twoPoint, sampling: sampling)), plain = told
            let stale = told.ask(), foreign = SepCMAES(mean: [1, 2], stepSize: 1, seed: 9).ask()
            for fitness in [[1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 1, 8, 2, 7, 3, 6, 4, 5.0], [4, 4, 1, 2, 9, 3, 5, 8, 7]] {
                told.tell(fitness, of: fitness[0] == 9 ? foreign : stale)
                plain.tell(fitness)
                #expect(told == plain)
            }
        }
    }

    @Test func memoryOfAnEarlierGenerationOrOfAnotherSearchIsNoTrace() {
        let one = started(Strategy(stepControl: .twoPoint)),
            other = started(Strategy(stepControl: .cumulative), populationSize: 4)
        var population = Population()
        for search in [one, other, one] {
            search.ask(into: &population)
            #expect(population == search.ask())
        }
    }
}
