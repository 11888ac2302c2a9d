import Foundation
import Statistics
import Testing

/// Pseudo-random numbers in 0..<1 for inputs of the tests.
private func noise(_ count: Int, seed: UInt64) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
}

@Suite struct BootstrapTests {
    let differences = [0.3, -0.1, 0.4, 0.2, -0.5, 0.6, 0.1, 0.1]

    /// SciPy 1.17: `stats.bootstrap((d,), np.mean, n_resamples=200000, method="percentile")` is -0.0875 to 0.3375.
    @Test func theIntervalIsSciPys() {
        let result = Bootstrap.paired(differences: differences, clusters: Array(0..<8), replicates: 100_000, seed: 1)
        #expect(abs(result.estimate.mean - 0.1375) < 1e-12)
        #expect(abs(result.estimate.low + 0.0875) < 0.006)
        #expect(abs(result.estimate.high - 0.3375) < 0.006)
    }

    @Test func theSeedIsTheResult() {
        let clusters = Array(0..<8)
        let one = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 200, seed: 1)
        let again = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 200, seed: 1)
        let other = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 200, seed: 2)
        #expect(one == again)
        #expect(one.estimate != other.estimate)
    }

    @Test func severalMethodsAreEachAsAlone() {
        let second = noise(8, seed: 3), clusters = [0, 0, 1, 2, 2, 2, 3, 4]
        let both = Bootstrap.paired(methods: [differences, second], clusters: clusters, replicates: 500, seed: 9)
        #expect(both[0] == Bootstrap.paired(differences: differences, clusters: clusters, replicates: 500, seed: 9))
        #expect(both[1] == Bootstrap.paired(differences: second, clusters: clusters, replicates: 500, seed: 9))
    }

    @Test func aShiftMovesTheInterval() {
        let clusters = Array(0..<8)
        let here = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 500, seed: 4).estimate
        let there = Bootstrap.paired(differences: differences.map { $0 + 2 }, clusters: clusters, replicates: 500, seed: 4)
            .estimate
        #expect(abs(there.low - here.low - 2) < 1e-12 && abs(there.high - here.high - 2) < 1e-12)
        #expect(here.low < here.mean && here.mean < here.high)
    }

    @Test func copiesInOneClusterAddNoCertainty() {
        let copies = differences.flatMap { [Double](repeating: $0, count: 50) }
        let clusters = (0..<8).flatMap { [Int](repeating: $0, count: 50) }
        let clustered = Bootstrap.paired(differences: copies, clusters: clusters, replicates: 2000, seed: 5).estimate
        let single = Bootstrap.paired(differences: differences, clusters: Array(0..<8), replicates: 2000, seed: 5).estimate
        #expect(abs(clustered.low - single.low) < 1e-12 && abs(clustered.high - single.high) < 1e-12)
        let naive = Bootstrap.paired(differences: copies, clusters: Array(copies.indices), replicates: 2000, seed: 5).estimate
        #expect(naive.high - naive.low < (clustered.high - clustered.low) / 4)
    }

    /// 0.25 times a weight is exact, so the law is too; 0.3 times a weight is rounded.
    @Test func aConstantDifferenceHasAnIntervalOfNoWidthWhateverTheWeights() {
        let weights = noise(30, seed: 11).map { $0 + 0.01 }, clusters = (0..<30).map { $0 % 12 }
        func estimate(_ difference: Double) -> Estimate {
            Bootstrap.paired(
                differences: weights.map { _ in difference }, clusters: clusters, weights: weights, replicates: 500, seed: 2
            ).estimate
        }
        #expect(estimate(0.25) == Estimate(mean: 0.25, low: 0.25, high: 0.25))
        let rounded = estimate(0.3)
        #expect(abs(rounded.low - 0.3) < 1e-12 && abs(rounded.mean - 0.3) < 1e-12 && abs(rounded.high - 0.3) < 1e-12)
    }

    @Test func equalWeightsAreNoWeights() {
        let clusters = [0, 0, 1, 2, 2, 2, 3, 4]
        let plain = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 500, seed: 9)
        for weight in [1, 0.3, 1.0 / 60] {
            let equal = Bootstrap.paired(
                differences: differences, clusters: clusters, weights: [Double](repeating: weight, count: 8), replicates: 500,
                seed: 9)
            #expect(equal == plain)
        }
    }

    /// In one cluster, an observation of weight 2 is two of weight 1.
    @Test func aWeightIsANumberOfCopies() {
        let clusters = [0, 1, 2, 3, 4, 5, 6, 7], twice = [0, 0, 1, 2, 2, 3, 4, 5, 6, 7]
        let weighted = Bootstrap.paired(
            differences: differences, clusters: clusters, weights: [2, 1, 2, 1, 1, 1, 1, 1], replicates: 500, seed: 3)
        let copied = Bootstrap.paired(
            differences: twice.map { differences[$0] }, clusters: twice, replicates: 500, seed: 3)
        #expect(abs(weighted.estimate.mean - copied.estimate.mean) < 1e-12)
        #expect(abs(weighted.estimate.low - copied.estimate.low) < 1e-12)
        #expect(abs(weighted.estimate.high - copied.estimate.high) < 1e-12 && weighted.pValue == copied.pValue)
    }

    @Test func pIsSmallForAClearDifferenceAndOneForNone() {
        let clusters = Array(0..<200)
        let clear = noise(200, seed: 6).map { $0 + 0.1 }
        let result = Bootstrap.paired(differences: clear, clusters: clusters, replicates: 999, seed: 1)
        #expect(result.pValue == 0.002)
        #expect(
            result.pValue == Bootstrap.paired(differences: clear.map(-), clusters: clusters, replicates: 999, seed: 1).pValue)
        #expect(Bootstrap.paired(differences: clear.map { _ in 0 }, clusters: clusters, replicates: 99, seed: 1).pValue == 1)
    }

    @Test func moreConfidenceIsWider() {
        let clusters = Array(0..<8)
        let wide = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 999, seed: 1, confidence: 0.99)
        let narrow = Bootstrap.paired(differences: differences, clusters: clusters, replicates: 999, seed: 1, confidence: 0.5)
        #expect(wide.estimate.low < narrow.estimate.low && narrow.estimate.high < wide.estimate.high)
    }
}

@Suite struct SignificanceTests {
    /// By hand: 0.01·4, 0.02·3, then 0.03·2 and 0.04·1, neither below the one before.
    @Test func holmByHand() {
        #expect(holm([0.04, 0.01, 0.03, 0.02]).map { ($0 * 1e6).rounded() / 1e6 } == [0.06, 0.04, 0.06, 0.06])
        #expect(holm([0.9, 0.8]) == [1, 1])
        #expect(holm([]).isEmpty)
    }

    @Test func holmKeepsTheOrderAndNeverLowers() {
        let p = noise(20, seed: 8).map { $0 * $0 }, adjusted = holm(p)
        for i in p.indices {
            #expect(adjusted[i] >= p[i] && adjusted[i] <= 1)
            for j in p.indices where p[i] < p[j] { #expect(adjusted[i] <= adjusted[j]) }
        }
    }

    /// SciPy 1.17: `binomtest(a, a + b).pvalue`.
    @Test func mcnemarIsTheBinomialTest() {
        #expect(abs(mcnemar(onlyFirst: 3, onlySecond: 12) - 0.03515625) < 1e-12)
        #expect(abs(mcnemar(onlyFirst: 5, onlySecond: 0) - 0.0625) < 1e-12)
        #expect(abs(mcnemar(onlyFirst: 400, onlySecond: 460) - 0.04416954819458914) < 1e-10)
        #expect(mcnemar(onlyFirst: 7, onlySecond: 7) == 1)
        #expect(mcnemar(onlyFirst: 0, onlySecond: 0) == 1)
    }

    /// SciPy 1.17: `binomtest(k, n).proportion_ci(c, "wilson")`.
    @Test func wilsonIsSciPys() {
        let some = wilson(successes: 7, samples: 10)
        #expect(abs(some.low - 0.39677814746114526) < 1e-10 && abs(some.high - 0.892208732593699) < 1e-10)
        let none = wilson(successes: 0, samples: 20)
        #expect(none.low == 0 && abs(none.high - 0.16112515805281935) < 1e-10)
        let many = wilson(successes: 499, samples: 1000, confidence: 0.99)
        #expect(abs(many.low - 0.4584136770279477) < 1e-10 && abs(many.high - 0.5395995053018592) < 1e-10)
        #expect(wilson(successes: 20, samples: 20).high == 1)
        #expect(wilson(successes: 0, samples: 0) == Estimate(mean: 0.5, low: 0, high: 1))
    }

    /// SciPy 1.17: `stats.sem([1, 2, 4, 8.5])`.
    @Test func standardErrorsByHand() {
        #expect(abs(standardError(of: [1, 2, 4, 8.5]) - 1.6630168369562588) < 1e-12)
        #expect(standardError(of: [3]) == 0 && mean(of: []) == 0)
    }

    @Test func aClusterIsOneObservation() {
        let values = [1, 2, 4, 8.5], copies = values.flatMap { [$0, $0, $0] }
        #expect(abs(clusteredStandardError(differences: values, clusters: [5, 6, 7, 8]) - standardError(of: values)) < 1e-12)
        let clustered = clusteredStandardError(differences: copies, clusters: (0..<12).map { $0 / 3 })
        #expect(abs(clustered - standardError(of: values)) < 1e-12)
        // Sums 3, 4 of sizes 2, 1 around the mean 7/3: deviations -5/3, 5/3.
        let uneven = clusteredStandardError(differences: [1, 2, 4], clusters: [0, 0, 1])
        #expect(abs(uneven - (2 * 2 * 25.0 / 9).squareRoot() / 3) < 1e-12)
    }
}

@Suite struct CalibrationTests {
    @Test func binsHoldTheirPredictions() {
        let calibration = Calibration(predicted: [0, 0.05, 0.95, 1, 0.1], observed: [0, 1, 1, 0.5, 0.25])
        #expect(calibration.bins.map(\.count) == [2, 1, 2])
        #expect(calibration.bins.map(\.low) == [0, 0.1, 0.9])
        #expect(calibration.bins[0].meanObserved == 0.5 && calibration.bins[2].meanObserved == 0.75)
        // 2/5·|0.025 − 0.5| + 1/5·|0.1 − 0.25| + 2/5·|0.975 − 0.75|
        #expect(abs(calibration.expectedCalibrationError - 0.31) < 1e-12)
    }

    @Test func wrongPredictionsDoNotTrap() {
        let calibration = Calibration(predicted: [-1, 2, .nan, .infinity, 0.5], observed: [0, 1, 1, 1, .nan])
        #expect(calibration.bins.map(\.count) == [1, 2])
        #expect(Calibration(predicted: [], observed: []).expectedCalibrationError == 0)
    }

    @Test func perfectPredictionsHaveNoError() {
        let rates = noise(100, seed: 2)
        #expect(Calibration(predicted: rates, observed: rates).expectedCalibrationError < 1e-12)
    }
}

@Suite struct IsotonicRegressionTests {
    private func fit(_ scores: [Double], _ outcomes: [Double], _ weights: [Double]? = nil) -> IsotonicRegression {
        IsotonicRegression(
            scores.indices.map { .init(score: scores[$0], outcome: outcomes[$0], weight: weights?[$0] ?? 1) })
    }

    /// SciPy 1.17: `optimize.isotonic_regression(y, weights=w).x`.
    @Test func theFitIsSciPys() {
        let fitted = fit([1, 2, 3, 4, 5, 6, 7], [1, 3, 2, 4, 3.5, 5, 6], [1, 2, 1, 1, 3, 1, 1])
        let expected = [1, 8.0 / 3, 8.0 / 3, 3.625, 3.625, 5, 6]
        for (index, value) in expected.enumerated() { #expect(abs(fitted(Double(index + 1)) - value) < 1e-12) }
        #expect(fitted(0) == 1 && fitted(99) == 6)
        #expect(abs(fitted(6.25) - 5.25) < 1e-12)
    }

    @Test func equalScoresHaveTheMean() {
        #expect(fit([2, 2, 2], [0, 1, 0.5], [1, 2, 1])(7) == 0.625)
    }

    @Test func theFitAscendsAndKeepsTheMean() {
        let scores = noise(300, seed: 4).map { ($0 * 50).rounded() }, outcomes = noise(300, seed: 5)
        let fitted = fit(scores, outcomes)
        #expect(zip(fitted.values, fitted.values.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(zip(fitted.scores, fitted.scores.dropFirst()).allSatisfy { $0 < $1 })
        #expect(abs(mean(of: scores.map { fitted($0) }) - mean(of: outcomes)) < 1e-12)
    }

    @Test func theOrderOfPointsDoesNotMatter() {
        let scores = noise(40, seed: 7), outcomes = noise(40, seed: 8)
        let back = fit(scores.reversed(), outcomes.reversed())
        for score in scores { #expect(abs(fit(scores, outcomes)(score) - back(score)) < 1e-12) }
    }

    @Test func pointsWithoutWeightAreLeftOut() {
        #expect(fit([1, 2, .nan], [0.25, 9, 9], [1, 0, 1]) == fit([1], [0.25]))
    }
}

@Suite struct PowerTests {
    /// (1.959964 + 0.841621) · 0.5 / √100, and its inverse.
    @Test func theDetectableDifferenceIsTheTextbooks() {
        let power = Power(standardDeviation: 0.5, tasks: 100)
        #expect(abs(power.detectableDifference() - 0.1400793) < 1e-6)
        #expect(power.tasksNeeded(toSee: 0.05) == 785)
        // 99 % power at 1 %: 2.575829 + 2.326348.
        #expect(abs(power.detectableDifference(significance: 0.01, power: 0.99) - 0.2451089) < 1e-6)
    }

    @Test func asManyTasksAsAreNeededSeeTheDifference() {
        for difference in [0.003, 0.02, 0.4] {
            let needed = Power(standardDeviation: 0.37, tasks: 10).tasksNeeded(toSee: difference)
            #expect(Power(standardDeviation: 0.37, tasks: needed).detectableDifference() <= difference)
            if needed > 1 { #expect(Power(standardDeviation: 0.37, tasks: needed - 1).detectableDifference() > difference) }
        }
    }

    @Test func theSpreadIsThatOfTheDifferences() {
        let power = Power(differences: [1, -1, 1, -1, 0])
        #expect(power.tasks == 5 && abs(power.standardDeviation - 1) < 1e-12)
        #expect(Power(differences: [0.25]).detectableDifference() == 0)
    }

    /// Simulated: of many comparisons with just that gain, four in five are significant.
    @Test func fourInFiveComparisonsSeeIt() {
        let tasks = 200, gain = Power(standardDeviation: 0.4, tasks: tasks).detectableDifference()
        let seen = (0..<2000).count { trial in
            let differences = noise(tasks, seed: UInt64(trial) &* 7919 &+ 1).map { gain + ($0 - 0.5) * 0.4 * 12.0.squareRoot() }
            return abs(mean(of: differences)) > 1.96 * standardError(of: differences)
        }
        #expect(abs(Double(seen) / 2000 - 0.8) < 0.04, "\(seen) of 2000")
    }
}
