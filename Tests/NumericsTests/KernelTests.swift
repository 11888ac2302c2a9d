import Foundation
import Synchronization
import Tensors
import Testing

@Suite struct KernelTests {
    static let shapes = [(1, 1, 1), (7, 5, 3), (8, 48, 16), (13, 49, 33), (5, 95, 64), (31, 160, 100), (16, 384, 384)]

    @Test(arguments: shapes) func productsAreOpenBLASsOnEverySet(_ m: Int, _ n: Int, _ k: Int) {
        let a = numbers(m, k, seed: 1), weight = numbers(n, k, seed: 2), bias = numbers(1, n, seed: 3).scalars
        var expected = a.timesTransposed(weight)
        for index in expected.scalars.indices { expected.scalars[index] += bias[index % n] }
        let map = PackedMatrix(weight, bias: bias)
        for set in InstructionSet.available {
            let got = product(a, map, set: set)
            #expect(distance(got.scalars, expected.scalars).relative < 1e-6, "\(set)")
            // A row has the same bits alone.
            let last = Tensor(shape: [1, k], scalars: Array(a[row: m - 1]))
            #expect(product(last, map, set: set).scalars == Array(got[row: m - 1]), "\(set)")
            let fused = product(a, map, .gelu, set: set)
            #expect(fused == changed(got) { $0.gelu(on: set) }, "\(set)")
        }
        let fused = InstructionSet.available.filter { $0 >= .avx2 }.map { product(a, map, set: $0) }
        #expect(fused.allSatisfy { $0 == fused[0] })
    }

    @Test(arguments: [1, 15, 16, 17, 48, 100, 384]) func rowKernelsHaveTheSameBitsOnEverySet(_ columns: Int) {
        let x = numbers(5, columns, seed: 4)
        let gain = numbers(1, columns, seed: 5).scalars, shift = numbers(1, columns, seed: 6).scalars
        func norm(_ set: InstructionSet) -> Tensor {
            changed(x) { $0.layerNorm(gain: gain, shift: shift, epsilon: 1e-12, into: $0, on: set) }
        }
        for set in InstructionSet.available {
            #expect(changed(x) { $0.softmax(scale: 0.3, on: set) } == changed(x) { $0.softmax(scale: 0.3, on: .portable) })
            #expect(changed(x) { $0.gelu(on: set) } == changed(x) { $0.gelu(on: .portable) })
            #expect(norm(set) == norm(.portable))
        }
    }

    @Test(arguments: [1, 15, 33, 384]) func rowKernelsAreWhatTheEquationsSay(_ columns: Int) {
        let x = numbers(4, columns, seed: 7), residual = numbers(4, columns, seed: 8)
        let gain = numbers(1, columns, seed: 9).scalars, shift = numbers(1, columns, seed: 10).scalars
        var soft: [Float] = [], norm: [Float] = []
        for row in 0..<4 {
            let powers = x[row: row].map { exp(Double($0) * 0.5) }, total = powers.reduce(0, +)
            soft += powers.map { Float($0 / total) }
            let sums = zip(x[row: row], residual[row: row]).map { Double($0) + Double($1) }
            let mean = sums.reduce(0, +) / Double(columns)
            let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
            for (column, sum) in sums.enumerated() {
                norm.append(Float((sum - mean) / (variance + 1e-5).squareRoot() * Double(gain[column]) + Double(shift[column])))
            }
        }
        #expect(distance(changed(x) { $0.softmax(scale: 0.5) }.scalars, soft).largest < 3e-7)
        let got = changed(residual) { other in
            _ = changed(x) { $0.layerNorm(adding: other, gain: gain, shift: shift, epsilon: 1e-5, into: other) }
        }
        #expect(distance(got.scalars, norm).largest < 1e-5)
    }

    @Test func geluIsWithinItsErrorOverItsWholeRange() {
        let x = Tensor(shape: [1, 40001], scalars: (0...40000).map { Float($0) / 2000 - 10 })
        let expected = x.scalars.map { Float(Double($0) * 0.5 * erfc(-Double($0) / 2.0.squareRoot())) }
        #expect(distance(changed(x) { $0.gelu() }.scalars, expected).largest < 5e-7)
        let far = changed(Tensor(shape: [1, 4], scalars: [-1e30, 1e30, 0, -0.0])) { $0.gelu() }
        #expect(far.scalars == [0, 1e30, 0, 0])
    }

    @Test func softmaxSurvivesWideRanges() {
        let got = changed(Tensor(shape: [1, 3], scalars: [-3e38, 0, 88])) { $0.softmax(scale: 1) }
        #expect(got.scalars[0] < 1e-37 && got.scalars[1] > 0 && got.scalars[2] == 1)
    }

    @Test(arguments: [1, 5, 16, 40]) func aRowThatOverflowedHasNoProbabilities(_ columns: Int) {
        for set in InstructionSet.available {
            for (column, bad) in [(0, Float.nan), (columns - 1, .nan), (columns / 2, .infinity), (0, -.nan)] {
                var x = numbers(2, columns, seed: 11)
                x.scalars[columns + column] = bad
                let soft = changed(x) { $0.softmax(scale: 0.125, on: set) }, smooth = changed(x) { $0.gelu(on: set) }
                #expect(soft[row: 0].allSatisfy(\.isFinite) && soft[row: 1].allSatisfy(\.isNaN), "\(set), \(column)")
                #expect(smooth.scalars[columns + column].isNaN && smooth[row: 0].allSatisfy(\.isFinite), "\(set), \(column)")
            }
            let payload = Float(bitPattern: 0x7fc0_0155)
            #expect(changed(Tensor(shape: [1, 1], scalars: [payload])) { $0.softmax(scale: 1, on: set) }.scalars[0].isNaN)
        }
    }

    @Test(arguments: [1, 2, 3, 8]) func stagesRunInOrderAndEveryPieceOnce(_ count: Int) {
        let pieces = [3, 0, 17, 1, 200, 5]
        let seen = Mutex<[[Int]]>(pieces.map { [Int](repeating: 0, count: $0) }), early = Mutex(0)
        Threads(count).run(stages: pieces) { stage, piece, worker in
            seen.withLock { seen in
                seen[stage][piece] += 1
                let before = seen[..<stage].joined().contains(0)
                if before || worker >= count { early.withLock { $0 += 1 } }
            }
        }
        #expect(seen.withLock { $0.allSatisfy { $0.allSatisfy { $0 == 1 } } })
        #expect(early.withLock { $0 } == 0)
    }

    @Test func theBestSetIsAmongTheAvailable() {
        #expect(InstructionSet.available.last == .best && InstructionSet.available.first == .portable)
        // Not the other way round: the best set may need more than the name says.
        #expect(InstructionSet.best < .avx512 || InstructionSet.features.contains("avx512f"))
    }
}
