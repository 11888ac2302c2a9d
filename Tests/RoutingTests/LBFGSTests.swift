import Foundation
import Routing
import Testing

struct LBFGSTests {
    /// Σ 10^{6i/(n−1)} (x_i − 1)² / 2.
    private func quadratic(_ x: [Double]) -> (value: Double, gradient: [Double]) {
        let scales = x.indices.map { pow(10, 6 * Double($0) / Double(x.count - 1)) }
        let offsets = x.map { $0 - 1 }
        let slopes = zip(scales, offsets).map { $0 * $1 }
        return (zip(slopes, offsets).reduce(0) { $0 + $1.0 * $1.1 / 2 }, slopes)
    }

    private func rosenbrock(_ x: [Double]) -> (value: Double, gradient: [Double]) {
        var value = 0.0, gradient = x.map { _ in 0.0 }
        for i in 0..<x.count - 1 {
            let bend = x[i + 1] - x[i] * x[i], rest = 1 - x[i]
            value += 100 * bend * bend + rest * rest
            gradient[i] += -400 * x[i] * bend - 2 * rest
            gradient[i + 1] += 200 * bend
        }
        return (value, gradient)
    }

    private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test func aQuadraticOfConditionOneMillionIsSolvedToTheGradientNorm() {
        let solution = LBFGS().minimize(from: (0..<10).map { Double($0) * 3 - 9 }) { quadratic($0) }
        #expect(solution.gradientNorm <= 1e-6)
        #expect(norm(quadratic(solution.point).gradient) == solution.gradientNorm)
        #expect(solution.point.allSatisfy { abs($0 - 1) < 1e-5 })
        #expect(solution.value == quadratic(solution.point).value)
    }

    @Test func rosenbrocksValleyIsFollowedToItsEnd() {
        let solution = LBFGS().minimize(from: (0..<10).map { $0 % 2 == 0 ? -1.2 : 1 }) { rosenbrock($0) }
        #expect(solution.gradientNorm <= 1e-6)
        #expect(norm(rosenbrock(solution.point).gradient) == solution.gradientNorm)
        #expect(solution.iterations < 1000)
        let isMinimum = solution.point.allSatisfy { abs($0 - 1) < 1e-5 }
        // The function has a second, local minimum from four dimensions on.
        #expect(isMinimum || abs(solution.value - 3.98658) < 1e-3)
    }

    @Test func noStepIncreasesTheFunction() {
        // The n-th iteration's value is that of a search stopped there: the search depends on nothing else.
        var values: [Double] = []
        for iterations in 0...60 {
            var optimizer = LBFGS()
            optimizer.iterations = iterations
            let solution = optimizer.minimize(from: (0..<10).map { $0 % 2 == 0 ? -1.2 : 1 }) { rosenbrock($0) }
            #expect(solution.iterations <= iterations)
            values.append(solution.value)
        }
        #expect(zip(values, values.dropFirst()).allSatisfy { $1 <= $0 })
        #expect(values[60] < values[0] / 2)
    }

    @Test func fromTheOptimumItStays() {
        let optimum = [Double](repeating: 1, count: 10)
        let solution = LBFGS().minimize(from: optimum) { rosenbrock($0) }
        #expect(solution.point == optimum)
        #expect(solution.iterations == 0)
    }
}
