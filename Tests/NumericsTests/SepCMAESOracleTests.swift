import Evolution
import Foundation
import Testing

@Suite struct SepCMAESOracleTests {
    @Test func constantsAreTheOracles() throws {
        for expected in try SearchFixture.load().constants {
            let constants = Constants(
                dimension: expected.dimension, populationSize: expected.populationSize,
                strategy: Strategy(stepControl: .cumulative, rates: expected.rates))
            let pairs: [(Double, Double)] = [
                (constants.effectiveParents, expected.mueff), (constants.stepPathRate, expected.cs),
                (constants.stepDamping, expected.ds), (constants.twoPointDamping, expected.d),
                (constants.variancePathRate, expected.cc), (constants.rankOneRate, expected.c1),
                (constants.rankMuRate, expected.cmu), (constants.expectedLength, expected.chi),
            ]
            // Sums of up to 33 terms in another order: a few units in the last place.
            for (ours, oracles) in pairs { #expect(abs(ours - oracles) <= 1e-15 * abs(oracles)) }
            #expect(constants.meanWeights.count == expected.meanWeights.count)
            for (ours, oracles) in zip(constants.meanWeights, expected.meanWeights) { #expect(abs(ours - oracles) <= 1e-15) }
            #expect(constants.covarianceWeights.count == expected.covarianceWeights.count)
            for (ours, oracles) in zip(constants.covarianceWeights, expected.covarianceWeights) {
                #expect(abs(ours - oracles) <= 1e-15)
            }
        }
    }

    @Test func trajectoriesAreTheOracles() throws {
        let trajectories = try SearchFixture.load().trajectories
        #expect(trajectories.count == 57)
        for trajectory in trajectories { follow(trajectory) }
    }

    /// Fifty generations beside the oracle's. Tolerances: 100 times what rounding the normals differently does to them.
    private func follow(_ trajectory: SearchFixture.Trajectory) {
        let n = trajectory.dimension
        let label = Comment(rawValue: "\(trajectory.name), n = \(n)")
        var search = SepCMAES(
            mean: [Double](repeating: 3, count: n), stepSize: trajectory.sigma0, scales: trajectory.scales,
            seed: trajectory.seed, populationSize: trajectory.populationSize, strategy: trajectory.strategy,
            bounds: trajectory.handling.map {
                Bounds(
                    lower: [Double](repeating: 1, count: n), upper: [Double](repeating: 3.5, count: n), handling: $0)
            })
        for (index, expected) in trajectory.generations.enumerated() {
            let cost = disturbed(ellipsoid(search.ask()), generation: index, trajectory)
            #expect(ranks(cost) == expected.ranks, label)
            search.tell(cost.map { -$0 })
            #expect(isClose(search.stepSize, expected.stepSize), label)
            guard let mean = expected.mean, let variances = expected.variances, let meanSum = expected.meanSum,
                let varianceSum = expected.varianceSum, let stepPathLength = expected.stepPathLength,
                let variancePathLength = expected.variancePathLength
            else { continue }
            for j in mean.indices {
                let deviation = search.stepSize * search.variances[j].squareRoot()
                #expect(abs(search.mean[j] - mean[j]) <= 1e-11 * deviation, label)
                #expect(isClose(search.variances[j], variances[j]), label)
            }
            #expect(abs(search.mean.reduce(0, +) - meanSum) <= 1e-11 * Double(n), label)
            #expect(isClose(search.variances.reduce(0, +), varianceSum), label)
            #expect(isClose(length(search.state.stepPath), stepPathLength), label)
            #expect(isClose(length(search.state.variancePath), variancePathLength), label)
        }
    }

    private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-12 * abs(b) }

    private func length(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    private func ranks(_ cost: [Double]) -> [Int] {
        let alive = cost.filter { !$0.isNaN }
        return cost.map { c in c.isNaN ? alive.count : alive.count { $0 < c } }
    }

    /// The oracle's function of the same name.
    private func disturbed(_ cost: [Double], generation: Int, _ trajectory: SearchFixture.Trajectory) -> [Double] {
        var cost = cost
        if trajectory.ties > 0 { cost = cost.map { floor(log2($0) * trajectory.ties) } }
        guard trajectory.failures else { return cost }
        return cost.enumerated().map { k, value in
            switch generation {
            case 3: .nan
            case 5: k % 3 != 0 ? .nan : value
            case 7: k != 4 ? .nan : value
            default: (7 * k + 3 * generation) % 5 == 0 ? .nan : value
            }
        }
    }
}
