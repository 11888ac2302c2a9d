import Evolution
import Foundation
import Testing

@Suite struct StopRulesTests {
    private func search(
        dimension n: Int = 4, stepSize: Double = 1, populationSize: Int = 8, _ change: (inout SepCMAES.State) -> Void = { _ in }
    ) throws -> SepCMAES {
        var state = SepCMAES(
            mean: [Double](repeating: 1, count: n), stepSize: stepSize, seed: 1, populationSize: populationSize
        ).state
        change(&state)
        return try SepCMAES(state)
    }

    @Test func aFreshSearchGoesOn() throws {
        for rules in [StopRules(), .deterministic, .noisy, StopRules(evaluations: 1, target: 0)] {
            #expect(try search().stopReason(rules) == nil)
        }
    }

    @Test func theBudgetCountsCandidatesAndFailuresToo() throws {
        var search = try search()
        search.tell([1, 2, 3, 4, 5, 6, 7, .nan])
        search.tell([Double](repeating: .nan, count: 8))
        #expect(search.stopReason(StopRules(evaluations: 17)) == nil)
        #expect(search.stopReason(StopRules(evaluations: 16)) == .budget)
    }

    @Test func theTargetIsReachedByAnyCandidateAndStaysReached() throws {
        var search = try search()
        search.tell([1, 2, 3, 4, 5, 6, 7, 8])
        search.tell([1, 2, 3, 4, 5, 6, 7, 1])
        #expect(search.stopReason(StopRules(target: 8)) == .target)
        #expect(search.stopReason(StopRules(target: 8.1)) == nil)
        #expect(search.stopReason(StopRules(evaluations: 1, target: 8)) == .target)
    }

    @Test func shapesEndASearchByTheirOwnRule() throws {
        let rules = StopRules.deterministic
        #expect(try search { $0.stepSize = 1e-12 }.stopReason(rules) == .stepSize)
        #expect(
            try search {
                $0.stepSize = 1e-12
                $0.variancePath[2] = 100
            }.stopReason(rules) == nil)
        #expect(try search { $0.variances[1] = 1.1e14 }.stopReason(rules) == .condition)
        #expect(try search { $0.stepSize = 1001 }.stopReason(rules) == .growth)
        #expect(try search { $0.mean[3] = 1e20 }.stopReason(rules) == .noEffect)
        #expect(try search { $0.stepSize = 1001 }.stopReason(.noisy) == nil)
    }

    @Test func flatGenerationsEndASearchOnlyOneAfterTheOther() throws {
        let flat: [Double] = [1, 2, 2, 2, 2, 2, 2, 0], steep: [Double] = [1, 2, 3, 4, 5, 6, 7, 8]
        var search = try search()
        for fitness in [flat, steep, flat] {
            search.tell(fitness)
            #expect(search.stopReason(.deterministic) == nil)
        }
        search.tell(flat)
        #expect(search.stopReason(.deterministic) == .flatFitness)
        #expect(search.stopReason(.noisy) == nil)
    }

    @Test func bestsThatAreAlikeEndASearchAfterAWindowOfThem() throws {
        var search = try search()
        let rules = StopRules(fitnessTolerance: 1e-12)
        search.tell([1, 2, 3, 4, 5, 6, 7, 9])
        // 10 + ⌈30 · 4 / 8⌉ generations.
        for _ in 0..<25 {
            #expect(search.stopReason(rules) == nil)
            search.tell([1, 2, 3, 4, 5, 6, 7, 8])
        }
        #expect(search.stopReason(rules) == .fitness)
    }

    @Test func stagnationNeedsBestsAndMediansThatNoLongerImprove() throws {
        func record(_ best: (Int) -> Double, _ median: (Int) -> Double, _ count: Int) throws -> StopReason? {
            try search {
                $0.record.best = (0..<count).map(best)
                $0.record.median = (0..<count).map(median)
            }.stopReason(StopRules(stagnation: true))
        }
        // 100 + 100 · 8 / 8 generations of patience.
        #expect(try record({ _ in 5 }, { _ in 3 }, 200) == nil)
        #expect(try record({ _ in 5 }, { _ in 3 }, 201) == .stagnation)
        #expect(try record({ Double($0) }, { _ in 3 }, 201) == nil)
        #expect(try record({ _ in 5 }, { Double($0) }, 201) == nil)
    }

    @Test func aRealSearchEndsByItself() {
        var search = SepCMAES(mean: [3, 3, 3, 3], stepSize: 2, seed: 1)
        var reason: StopReason?
        for _ in 0..<2000 where reason == nil {
            let population = search.ask()
            search.tell(ellipsoid(population).map { -$0 }, of: population)
            reason = search.stopReason(.deterministic)
        }
        #expect(reason != nil)
        #expect((search.state.record.highest ?? -1) > -1e-9)
    }

    @Test func infiniteFitnessSurvivesACheckpoint() throws {
        var search = try search()
        search.tell([.infinity, 2, 3, 4, -.infinity, 6, 7, .nan])
        let decoded = try JSONDecoder().decode(SepCMAES.self, from: JSONEncoder().encode(search))
        #expect(decoded == search && decoded.state.record.highest == .infinity)
    }
}

@Suite struct RestartingSearchTests {
    /// Rastrigin's function, negated: a bowl with a bump at every integer, the best at zero.
    private func rastrigin(_ population: Population) -> [Double] {
        (0..<population.count).map { row in
            -population[row].reduce(0) { $0 + $1 * $1 - 10 * cos(2 * .pi * $1) + 10 }
        }
    }

    private func searches(mostRestarts: Int, evaluations: Int = 200_000) -> RestartingSearch {
        let n = 8
        return RestartingSearch(
            first: SepCMAES(mean: [Double](repeating: 3.2, count: n), stepSize: 0.5, seed: 11),
            rules: {
                var rules = StopRules.deterministic
                (rules.evaluations, rules.target) = (evaluations, -1e-8)
                return rules
            }(),
            start: .uniform(lower: [Double](repeating: -5, count: n), upper: [Double](repeating: 5, count: n)),
            mostRestarts: mostRestarts)
    }

    private func finish(_ searches: RestartingSearch) -> RestartingSearch {
        var searches = searches, population = Population()
        while searches.ending == nil {
            searches.ask(into: &population)
            searches.tell(rastrigin(population), of: population)
        }
        return searches
    }

    @Test func whatOneSearchMissesALargerPopulationFinds() throws {
        let alone = finish(searches(mostRestarts: 0)), several = finish(searches(mostRestarts: 9))
        #expect(try #require(alone.best).fitness < -1, "one search ends on a bump")
        #expect(several.ending == .target)
        #expect(try #require(several.best).fitness >= -1e-8)
        #expect(!several.endings.isEmpty && !several.endings.contains(.target) && !several.endings.contains(.budget))
        #expect(several.search.populationSize == 10 << several.endings.count)
        #expect(several.evaluations == several.earlierEvaluations + several.search.state.record.evaluations)
    }

    @Test func theBudgetIsThatOfAllSearches() {
        let done = finish(searches(mostRestarts: 9, evaluations: 3000))
        #expect(done.ending == .budget && !done.endings.isEmpty)
        #expect((3000..<3000 + done.search.populationSize).contains(done.evaluations))
    }

    @Test func aDecodedEndeavourGoesOnWithTheSameBits() throws {
        var whole = searches(mostRestarts: 9), parts = whole
        for _ in 0..<400 {
            let population = whole.ask()
            whole.tell(rastrigin(population), of: population)
            parts = try JSONDecoder().decode(RestartingSearch.self, from: JSONEncoder().encode(parts))
            parts.tell(rastrigin(parts.ask()), of: parts.ask())
        }
        #expect(parts == whole && !whole.endings.isEmpty)
    }
}

@Suite struct BoundsTests {
    private func bounded(_ handling: Bounds.Handling, _ control: Strategy.StepControl, weights: Strategy.Weights = .active)
        -> SepCMAES
    {
        SepCMAES(
            mean: [0.5, 0.9, -1, 2], stepSize: 0.5, seed: 5, strategy: Strategy(stepControl: control, weights: weights),
            bounds: Bounds(lower: [0, 0, -.infinity, 1], upper: [1, 1, 0, .infinity], handling: handling))
    }

    /// The best of Σ -(x - 2)² in the box lies on three of its borders.
    @Test func theBestOnABorderIsFoundAndNoCandidateIsEverOutside() {
        for handling in Bounds.Handling.allCases {
            for control in Strategy.StepControl.allCases {
                for weights in Strategy.Weights.allCases {
                    var search = bounded(handling, control, weights: weights)
                    for _ in 0..<400 {
                        let population = search.ask()
                        let isInside = (0..<population.count).allSatisfy { row in
                            let x = Array(population[row])
                            return (0...1).contains(x[0]) && (0...1).contains(x[1]) && x[2] <= 0 && x[3] >= 1
                        }
                        #expect(isInside)
                        search.tell(
                            (0..<population.count).map { row in
                                -population[row].reduce(0) { $0 + ($1 - 2) * ($1 - 2) }
                            }, of: population)
                    }
                    // Linear weights are made for noise: near a border that cuts draws off, variances shrink before the end.
                    if weights == .linear { continue }
                    for (x, best) in zip(search.mean, [1, 1, 0, 2.0]) {
                        #expect(abs(x - best) < 0.02, "\(handling) \(control) \(weights): \(search.mean)")
                    }
                }
            }
        }
    }

    @Test func insideTheBoxNothingChanges() {
        for handling in Bounds.Handling.allCases {
            let free = SepCMAES(mean: [0, 0], stepSize: 1, seed: 3)
            let boxed = SepCMAES(
                mean: [0, 0], stepSize: 1, seed: 3, bounds: Bounds(lower: [-99, -99], upper: [99, 99], handling: handling))
            #expect(free.ask().values == boxed.ask().values)
            var told = (free, boxed)
            told.0.tell([1, 2, 3, 4, 5, 6])
            told.1.tell([1, 2, 3, 4, 5, 6])
            #expect(told.0.mean == told.1.mean && told.0.variances == told.1.variances)
        }
    }

    /// A normal distribution cut off at ±1: its variance is 0.291.
    @Test func resamplingCutsTheDistributionOff() {
        let n = 20_000
        let search = SepCMAES(
            mean: [Double](repeating: 0, count: n), stepSize: 1, seed: 3, populationSize: 4,
            bounds: Bounds(
                lower: [Double](repeating: -1, count: n), upper: [Double](repeating: 1, count: n), handling: .resampling))
        let values = search.ask().values
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        #expect(abs(variance - 0.2911) < 0.005)
        #expect(values.count { abs($0) == 1 } == 0)
    }
}
