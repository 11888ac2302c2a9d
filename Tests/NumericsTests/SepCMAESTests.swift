import Evolution
import Foundation
import Tensors
import Testing

/// What a candidate earns, by name.
struct Reward: Sendable, CustomTestStringConvertible {
    let name: String
    let of: @Sendable (ArraySlice<Double>) -> Double

    var testDescription: String { name }
}

@Suite struct SepCMAESTests {
    /// Every choice of the engine beside every other, in a box or not, four generations in: paths, variances, rates and
    /// pair in use.
    private static func everySearch(dimension n: Int) -> [SepCMAES] {
        var strategies: [Strategy] = []
        for control in Strategy.StepControl.allCases {
            for weights in Strategy.Weights.allCases {
                for sampling in Strategy.Sampling.allCases {
                    for learning in Strategy.Learning.allCases {
                        strategies.append(
                            Strategy(
                                stepControl: control, weights: weights, sampling: sampling, learning: learning,
                                meanRate: sampling == .mirrored ? 0.5 : 1))
                    }
                }
            }
        }
        return strategies.enumerated().map { index, strategy in
            let handling: [Bounds.Handling?] = [nil, .resampling, .penalty]
            return started(dimension: n, strategy, handling: handling[index % 3], scaled: index % 2 == 1)
        }
    }

    private static func started(
        dimension n: Int, _ strategy: Strategy, handling: Bounds.Handling? = nil, scaled: Bool = false
    ) -> SepCMAES {
        var search = SepCMAES(
            mean: (0..<n).map { Double($0 % 7) - 2 }, stepSize: 0.7, scales: scaled ? (0..<n).map { 1 + Double($0 % 3) } : nil,
            seed: 0xFEDC_BA98_7654_3210, populationSize: 10, strategy: strategy,
            bounds: handling.map {
                Bounds(
                    lower: [Double](repeating: -2, count: n), upper: [Double](repeating: .infinity, count: n), handling: $0)
            })
        for _ in 0..<4 { search.tell(ellipsoid(search.ask()).map { -$0 }) }
        return search
    }

    /// One search for each choice of step control and of the two logarithmic weights.
    private func searches(dimension n: Int = 1300) -> [SepCMAES] {
        Strategy.StepControl.allCases.flatMap { control in
            [Strategy.Weights.positive, .active].map {
                Self.started(dimension: n, Strategy(stepControl: control, weights: $0))
            }
        }
    }

    private func bits(_ values: [Double]) -> [UInt64] { values.map(\.bitPattern) }

    private func bits(_ search: SepCMAES) -> [UInt64] {
        let state = search.state
        let rates = state.learning.map { [$0.mean, $0.variances] } ?? []
        return bits(state.mean + state.variances + state.stepPath + state.variancePath + state.previousMean)
            + bits([state.stepSize, state.smoothedRank]) + rates.flatMap { bits($0.drift + [$0.value, $0.power]) }
            + bits(state.record.best + state.record.median)
    }

    @Test func askingTwiceGivesTheSame() {
        for search in Self.everySearch(dimension: 1300) {
            let first = search.ask()
            #expect(bits(first.values) == bits(search.ask().values))
            #expect(first.count == 10 && first.dimension == 1300 && Array(first[3]) == Array(first.values[3900..<5200]))
        }
    }

    @Test func aPopulationDoesNotDependOnEarlierAsks() {
        for search in Self.everySearch(dimension: 1300) {
            var asked = search, silent = search
            for _ in 0..<3 { _ = asked.ask() }
            asked.tell((0..<10).map(Double.init))
            silent.tell((0..<10).map(Double.init))
            #expect(bits(asked.ask().values) == bits(silent.ask().values))
        }
    }

    @Test func aResumedSearchIsTheUninterruptedSearch() throws {
        for search in Self.everySearch(dimension: 1300) {
            var uninterrupted = search
            var resumed = try JSONDecoder().decode(SepCMAES.self, from: JSONEncoder().encode(search))
            var restored = try SepCMAES(search.state)
            #expect(bits(resumed) == bits(uninterrupted))
            for _ in 0..<5 {
                let population = uninterrupted.ask()
                uninterrupted.tell(ellipsoid(population).map { -$0 }, of: population)
                resumed.tell(ellipsoid(resumed.ask()).map { -$0 })
                restored.tell(ellipsoid(restored.ask()).map { -$0 })
            }
            #expect(bits(resumed) == bits(uninterrupted) && resumed == uninterrupted)
            #expect(bits(restored) == bits(uninterrupted) && restored == uninterrupted)
        }
    }

    @Test func theBitsDoNotDependOnTheNumberOfThreads() {
        for search in Self.everySearch(dimension: 1300) {
            var alone = search
            alone.tell(ellipsoid(alone.ask()))
            for threads in [2, 3].map(Threads.init) {
                var shared = search
                #expect(bits(shared.ask(threads: threads).values) == bits(search.ask().values))
                shared.tell(ellipsoid(shared.ask(threads: threads)), threads: threads)
                #expect(bits(shared) == bits(alone))
            }
        }
    }

    @Test func anotherSeedOrGenerationIsAnotherPopulation() {
        let mean = [Double](repeating: 0, count: 10)
        var search = SepCMAES(mean: mean, stepSize: 1, seed: 1)
        let first = search.ask()
        #expect(first != SepCMAES(mean: mean, stepSize: 1, seed: 2).ask())
        #expect(first != SepCMAES(mean: mean, stepSize: 1, seed: 1 << 32 | 1).ask())
        search.tell([Double](repeating: 0, count: first.count))
        #expect(first != search.ask())
    }

    @Test func itMaximises() {
        var search = SepCMAES(mean: [5, -5], stepSize: 1, seed: 4)
        for _ in 0..<200 {
            let population = search.ask()
            search.tell((0..<population.count).map { row in -population[row].reduce(0) { $0 + ($1 - 1) * ($1 - 1) } })
        }
        #expect(search.mean.allSatisfy { abs($0 - 1) < 1e-6 })
    }

    @Test func flatFitnessDoesNotMoveTheSearch() {
        for search in searches() {
            for value in [0, -3.5, Double.infinity, .nan] {
                var told = search
                told.tell([Double](repeating: value, count: 10))
                var expected = search.state
                expected.generation += 1
                expected.record = told.state.record
                #expect(told.state == expected)
                told = search
                told.tell([value, value, .nan, value, value, .nan, value, value, value, value])
                #expect(told.state.mean == expected.mean && told.state.variances == expected.variances)
                #expect(told.stepSize == expected.stepSize && told.generation == expected.generation)
            }
        }
    }

    /// Weights are linear in rank, so sharing them is the mean of both orders; a tie broken by position is one of the two.
    @Test func tiedCandidatesMoveTheMeanAsTheAverageOfBothOrders() {
        for search in searches() {
            var tied = search, one = search, other = search
            tied.tell([5, 9, 1, 7, 7, 2, 0, 3, 4, 6])
            one.tell([5, 9, 1, 7, 7.5, 2, 0, 3, 4, 6])
            other.tell([5, 9, 1, 7.5, 7, 2, 0, 3, 4, 6])
            for j in 0..<1300 { #expect(abs(tied.mean[j] - (one.mean[j] + other.mean[j]) / 2) < 1e-13) }
            #expect(tied.mean != one.mean && tied.mean != other.mean)
        }
    }

    /// Distances from a box are paid for in fitness, so there its differences count.
    @Test func onlyTheOrderOfFitnessCounts() {
        for search in Self.everySearch(dimension: 1300) where search.state.bounds?.handling != .penalty {
            let fitness = [5, 9, 1, 7, 7, 2, 0, 3, .nan, 6]
            var plain = search, stretched = search
            plain.tell(fitness)
            stretched.tell(fitness.map { exp($0) - 1e3 })
            var expected = stretched.state
            expected.record = plain.state.record
            #expect(plain.state == expected)
        }
    }

    /// A failed candidate must not pull: the search goes on as if the candidate's own numbers did not exist. Here it is the
    /// best, then the worst; in both cases the mean stays away from it further than a success would have brought it.
    @Test func aFailedEvaluationNeverHelps() {
        for search in searches() {
            let population = search.ask(), before = search.mean
            func pull(_ fitness: [Double], on candidate: Int) -> Double {
                var told = search
                told.tell(fitness)
                return zip(zip(told.mean, before), population[candidate]).reduce(0) { $0 + ($1.0.0 - $1.0.1) * ($1.1 - $1.0.1) }
            }
            for candidate in 2..<10 {
                var fitness = [5, 9, 1, 7, 7, 2, 0, 3, 4, 6].map(Double.init)
                fitness[candidate] = 100
                let success = pull(fitness, on: candidate)
                fitness[candidate] = -100
                let worst = pull(fitness, on: candidate)
                fitness[candidate] = .nan
                let failure = pull(fitness, on: candidate)
                #expect(failure == worst && failure < success)
            }
        }
    }

    /// With one survivor the mean goes to it, whatever the failures: their weights are not handed on, but dropped.
    @Test func failuresWeighNothingInTheVariances() {
        let search = SepCMAES(mean: [0, 0, 0, 0], stepSize: 1, seed: 8, populationSize: 8)
        var worst = search, failed = search
        worst.tell([8, 7, 6, 5, 4, 3, 2, 1])
        failed.tell([8, 7, 6, 5, 4, 3, 2, .nan])
        #expect(failed.mean == worst.mean)
        let z = search.ask()[7].map { $0 }
        let c = search.constants
        for j in 0..<4 {
            // The lost term is c_µ w (z² - 1), w < 0 being the weight of the last rank.
            let lost = c.rankMuRate * (c.covarianceWeights.last ?? 0) * (z[j] * z[j] - 1)
            #expect(abs(log(worst.variances[j] / failed.variances[j]) - lost) < 1e-13)
        }
    }

    @Test func theStepGrowsIfTheFrontIsBetterAndShrinksIfTheBackIs() {
        for search in searches() where search.state.strategy.stepControl == .twoPoint {
            func stepSize(_ forward: Double, _ backward: Double) -> Double {
                var quiet = search.state
                quiet.smoothedRank = 0
                guard var told = try? SepCMAES(quiet) else { return .nan }
                told.tell([forward, backward, 1, 2, 3, 4, 5, 6, 7, 8])
                return told.stepSize
            }
            // Ten candidates: a lead over all others is nine ranks of nine, so s = 0.3.
            let full = exp(0.3 / search.constants.twoPointDamping)
            #expect(abs(stepSize(9, 0) / search.stepSize - full) < 1e-15)
            #expect(abs(stepSize(0, 9) / search.stepSize - 1 / full) < 1e-15)
            #expect(stepSize(4, 4) == search.stepSize)
            #expect(stepSize(.nan, 9) == search.stepSize && stepSize(9, .nan) == search.stepSize)
        }
    }

    @Test func theTwoPointPairLiesAroundTheMeanAlongItsLastMove() {
        for search in searches() where search.state.strategy.stepControl == .twoPoint {
            let population = search.ask(), state = search.state
            let forward = zip(population[0], state.mean).map { $0 - $1 }
            let backward = zip(population[1], state.mean).map { $0 - $1 }
            let move = zip(state.mean, state.previousMean).map { $0 - $1 }
            let ratio = forward[0] / move[0]
            #expect(ratio > 0)
            for j in move.indices {
                #expect(abs(forward[j] - ratio * move[j]) < 1e-12 && abs(forward[j] + backward[j]) < 1e-12)
            }
        }
    }

    /// Where there is no best, and where it is reached to the last bit: the checkpoint of either must be one to go on from.
    @Test(arguments: [
        Reward(name: "more is better", of: { $0.reduce(0, +) }), Reward(name: "exponential", of: { exp($0.reduce(0, +)) }),
        Reward(name: "a point", of: { -$0.reduce(0) { $0 + abs($1) } }),
        Reward(name: "a ridge", of: { $0.reduce(0, +) - abs($0[$0.startIndex]) }),
    ])
    func aSearchWithoutAnEndLeavesAStateThatGoesOn(reward: Reward) throws {
        for control in Strategy.StepControl.allCases {
            for (weights, learning) in zip(Strategy.Weights.allCases, [Strategy.Learning.fixed, .adaptive, .adaptive]) {
                var search = SepCMAES(
                    mean: [0.5, -1, 2, 0], stepSize: 1, seed: 3,
                    strategy: Strategy(stepControl: control, weights: weights, learning: learning))
                func advance(_ generations: Int) {
                    for _ in 0..<generations {
                        let population = search.ask()
                        search.tell((0..<population.count).map { reward.of(population[$0]) })
                    }
                }
                advance(3000)
                search = try JSONDecoder().decode(SepCMAES.self, from: JSONEncoder().encode(search))
                #expect(search.ask().values.allSatisfy { $0.isFinite })
                advance(10)
                _ = try SepCMAES(search.state)
            }
        }
    }

    @Test func infinitiesRankAsTheBestAndTheWorstAndFailuresBehindThem() {
        for search in searches() {
            var finite = search, infinite = search, failed = search
            finite.tell([5, 9, 1, 7, -8, 2, 0, 3, 4, 6])
            infinite.tell([5, .infinity, 1, 7, -.infinity, 2, 0, 3, 4, 6])
            #expect(infinite.mean == finite.mean && infinite.variances == finite.variances)
            #expect(infinite.stepSize == finite.stepSize)
            // Behind a failure there is nobody: whatever the rest earn, it is as if it earned less than −∞.
            finite.tell([5, 9, 1, 7, -8, 2, .nan, 3, 4, 6])
            failed = infinite
            failed.tell([5, .infinity, 1, 7, -.infinity, 2, .nan, 3, 4, 6])
            #expect(failed.mean == finite.mean && failed.variances == finite.variances)
            #expect(failed.stepSize == finite.stepSize)
        }
    }

    /// The adaptation of the shape is what finds the minimum: without it the same budget gets nowhere near.
    @Test func theEllipsoidOfAThousandDimensionsNeedsTheVariances() {
        let scales = ellipsoidScales(1000)
        func search(_ strategy: Strategy?, budget: Int) -> (evaluations: Int, best: Double) {
            var search = SepCMAES(mean: [Double](repeating: 3, count: 1000), stepSize: 2, seed: 1, strategy: strategy)
            var evaluations = 0, best = Double.infinity
            while evaluations < budget, best > 1e-8 {
                let cost = ellipsoid(search.ask(threads: .available), scales: scales)
                search.tell(cost.map { -$0 }, threads: .available)
                evaluations += cost.count
                best = min(best, cost.min() ?? .infinity)
            }
            return (evaluations, best)
        }
        let separable = search(nil, budget: 600_000)  // measured: 475,920
        #expect(separable.best <= 1e-8)
        let isotropic = search(
            Strategy(stepControl: .twoPoint, covariance: .isotropic), budget: separable.evaluations)
        #expect(isotropic.best > 1)
    }
}

@Suite struct RebalanceTests {
    /// σ and C far apart are the same distribution as σ and C together: the same candidates from then on.
    @Test func stepSizeAndVariancesAreBroughtTogetherWithoutATrace() throws {
        var near = SepCMAES(mean: [3, -2, 1, 5], stepSize: 0.5, scales: [1, 2, 3, 4], seed: 4)
        for _ in 0..<60 { near.tell(ellipsoid(near.ask()).map { -$0 }) }
        var state = near.state
        state.stepSize *= 0x1p80
        state.variances = state.variances.map { $0 * 0x1p-160 }
        state.variancePath = state.variancePath.map { $0 * 0x1p-80 }
        var far = try SepCMAES(state)
        for _ in 0..<20 {
            #expect(far.ask().values == near.ask().values)
            near.tell(ellipsoid(near.ask()).map { -$0 })
            far.tell(ellipsoid(far.ask()).map { -$0 })
        }
        #expect(far.mean == near.mean && abs(far.stepSize.exponent - near.stepSize.exponent) < 20)
    }
}

@Suite struct SearchStateTests {
    @Test func aDamagedStateIsRefusedWithThePartsName() throws {
        let damages: [(part: String, damage: (inout SepCMAES.State) -> Void)] = [
            ("population_size", { $0.populationSize = 1 }), ("generation", { $0.generation = -1 }),
            ("step_size", { $0.stepSize = .nan }), ("step_size", { $0.stepSize = 0 }), ("mean", { $0.mean = [] }),
            ("mean[1]", { $0.mean[1] = .infinity }), ("variances", { $0.variances.removeLast() }),
            ("variances[2]", { $0.variances[2] = 0 }), ("step_path", { $0.stepPath.append(0) }),
            ("variance_path[0]", { $0.variancePath[0] = .nan }), ("previous_mean", { $0.previousMean = [] }),
            ("smoothed_rank", { $0.smoothedRank = .nan }), ("mean_rate", { $0.strategy.meanRate = 0 }),
            ("mean_rate", { $0.learning?.mean.value = 2 }), ("variance_rate", { $0.learning?.variances.power = .nan }),
            ("mean_rate_drift", { $0.learning?.mean.drift = [] }), ("learning", { $0.learning = nil }),
            ("bounds", { $0.bounds?.lower = [] }), ("bounds[1]", { $0.bounds?.upper[1] = -9 }),
            ("mean[2]", { $0.mean[2] = 10 }), ("initial_step_size", { $0.record.initialStepSize = 0 }),
            ("evaluations", { $0.record.evaluations = -1 }), ("best", { $0.record.best = [1] }),
        ]
        let bounds = Bounds(lower: [0, 0, 0], upper: [9, 9, .infinity], handling: .penalty)
        for (part, damage) in damages {
            var state = SepCMAES(
                mean: [1, 2, 3], stepSize: 1, seed: 0, strategy: Strategy(stepControl: .cumulative, learning: .adaptive),
                bounds: part == "mean[2]" ? Bounds(lower: [0, 0, 0], upper: [9, 9, 9], handling: .penalty) : bounds
            ).state
            _ = try SepCMAES(state)
            damage(&state)
            let error = #expect(throws: StateError.self) { try SepCMAES(state) }
            #expect(error?.description.hasPrefix(part + " ") == true, "\(part)")
        }
    }

    @Test func decodingRefusesADamagedStateToo() throws {
        let encoded = try JSONEncoder().encode(SepCMAES(mean: [1, 2, 3], stepSize: 1, seed: 0))
        let text = String(decoding: encoded, as: UTF8.self).replacingOccurrences(of: "[1,1,1]", with: "[1,-1,1]")
        #expect(throws: StateError.self) { try JSONDecoder().decode(SepCMAES.self, from: Data(text.utf8)) }
    }
}
