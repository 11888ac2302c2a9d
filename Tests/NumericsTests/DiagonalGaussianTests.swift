import Foundation
import Tensors
import Testing

/// The passes of a search over its coordinates, beside the formulas written out.
@Suite struct DiagonalGaussianTests {
    // Neither a multiple of what registers hold, nor one piece of work.
    private static let n = 9241
    private let step = (0..<n).map { sin(Double($0)) }, squares = (0..<n).map { 1 + cos(3 * Double($0)) }
    private let variances = (0..<n).map { exp(sin(Double($0) / 50) * 12) }

    private static func passes(_ set: InstructionSet = .best, threads: Int = 1) -> DiagonalGaussian {
        DiagonalGaussian(threads: Threads(threads), instructions: set)
    }

    private func update(multiplies: Bool, one: Double = 0.02, mu: Double = 0.3) -> DiagonalGaussian.VarianceUpdate {
        DiagonalGaussian.VarianceUpdate(
            pathKeep: 0.8, pathGain: 0.7, rankOne: one, rankMu: mu, decay: multiplies ? -0.2 : 0.68,
            isMultiplicative: multiplies, limits: 1e-5...1e5)
    }

    private func everything(_ passes: DiagonalGaussian) -> [UInt64] {
        let deviations = passes.deviations(stepSize: 0.3, variances: variances)
        let draws = (0..<3 * Self.n).map { sin(Double($0) * 0.7) }
        let sums = passes.moments(of: draws, columns: Self.n, linear: [0.5, 0, -1], square: [1, 0, 0.25])
        var all = deviations + sums.linear + sums.square
        for multiplies in [false, true] {
            var mean = step, path = squares, spread = variances, variancePath = step
            all.append(
                passes.follow(step, deviations: deviations, rate: 0.5, keep: 0.9, gain: 0.4, mean: &mean, path: &path))
            passes.adapt(
                update(multiplies: multiplies), step: step, squares: squares, variances: &spread, path: &variancePath)
            all += mean + path + spread + variancePath
        }
        return all.map(\.bitPattern)
    }

    @Test func everyInstructionSetAndNumberOfThreadsGivesTheSameBits() {
        let expected = everything(Self.passes(.portable))
        for set in InstructionSet.available { #expect(everything(Self.passes(set)) == expected, "\(set)") }
        for threads in [2, 3] { #expect(everything(Self.passes(threads: threads)) == expected) }
    }

    @Test func deviationsAreRoots() {
        let deviations = Self.passes().deviations(stepSize: 0.3, variances: variances)
        #expect(zip(deviations, variances).allSatisfy { $0 == 0.3 * $1.squareRoot() })
    }

    @Test func momentsAreSumsOverTheRowsInTheirOrder() {
        let n = 131, draws = (0..<4 * n).map { sin(Double($0) * 0.7) }
        let a = [0.5, 0, -1, 2.0], b = [1, 0, 0, -0.25]
        let sums = Self.passes().moments(of: draws, columns: n, linear: a, square: b)
        for j in 0..<n {
            var linear = 0.0, square = 0.0
            for row in [0, 2, 3] {
                let z = draws[row * n + j]
                linear += a[row] * z
                square += b[row] * (z * z)
            }
            #expect(sums.linear[j] == linear && sums.square[j] == square)
        }
    }

    @Test func theMeanAndItsPathFollowTheStep() {
        var mean = squares, path = variances
        let length = Self.passes().follow(
            step, deviations: variances, rate: 0.5, keep: 0.9, gain: 0.4, mean: &mean, path: &path)
        for j in 0..<Self.n {
            #expect(mean[j] == squares[j] + 0.5 * (variances[j] * step[j]))
            #expect(path[j] == 0.9 * variances[j] + 0.4 * step[j])
        }
        let expected = path.reduce(0) { $0 + $1 * $1 }
        #expect(abs(length - expected) <= 1e-12 * expected)
    }

    @Test(arguments: [false, true]) func variancesMoveByPathAndSquares(multiplies: Bool) {
        var spread = variances, path = squares
        Self.passes().adapt(update(multiplies: multiplies), step: step, squares: squares, variances: &spread, path: &path)
        for j in 0..<Self.n {
            let v = variances[j], p = 0.8 * squares[j] + 0.7 * (v.squareRoot() * step[j])
            #expect(path[j] == p)
            let expected =
                multiplies
                ? v * exp(0.02 * (p * p / v - 1) + 0.3 * (squares[j] + 0.2))
                : 0.68 * v + 0.02 * (p * p) + 0.3 * (v * squares[j])
            let limited = min(1e5, max(1e-5, expected))
            #expect(abs(spread[j] - limited) <= 4 * limited.ulp)
        }
    }

    @Test func withoutRatesVariancesStay() {
        var spread = variances, path = squares
        for multiplies in [false, true] {
            Self.passes().adapt(
                update(multiplies: multiplies, one: 0, mu: 0), step: step, squares: squares, variances: &spread, path: &path)
        }
        #expect(spread == variances && path != squares)
    }

    /// exp of the kernel beside the C library's, over the whole range, its cut-off included.
    @Test func theExponentialIsTheLibrarysToTwoUnits() {
        let exponents = (0...14_000).map { Double($0) / 10 - 700 } + [-1e6, -800, 800, 1e6, 0, 1e-300, -1e-17]
        var spread = [Double](repeating: 1, count: exponents.count), path = [Double](repeating: 0, count: exponents.count)
        Self.passes().adapt(
            .init(
                pathKeep: 0, pathGain: 0, rankOne: 0, rankMu: 1, decay: 0, isMultiplicative: true,
                limits: 0...Double.greatestFiniteMagnitude),
            step: path, squares: exponents, variances: &spread, path: &path)
        for (x, ours) in zip(exponents, spread) {
            let expected = exp(min(700, max(-700, x)))
            #expect(abs(ours - expected) <= 2 * expected.ulp, "exp \(x)")
        }
    }
}
