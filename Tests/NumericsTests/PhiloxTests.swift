import Foundation
import Tensors
import Testing

@Suite struct PhiloxTests {
    @Test func blocksAreTheAuthorsKnownAnswers() throws {
        for answer in try SearchFixture.load().knownAnswers {
            let c = answer.counter, k = answer.key
            let block = Philox.block(counter: SIMD4(c[0], c[1], c[2], c[3]), key: SIMD2(k[0], k[1]))
            #expect((0..<4).map { block[$0] } == answer.block)
        }
    }

    @Test func placesAreBlockRowGenerationPurpose() throws {
        for stream in try SearchFixture.load().streams {
            let purpose = try #require(Philox.Purpose(rawValue: stream.purpose))
            let philox = Philox(seed: stream.seed)
            for index in 0..<stream.words.count / 4 {
                let block = philox.block(UInt32(index), row: stream.row, generation: stream.generation, purpose: purpose)
                #expect((0..<4).map { block[$0] } == Array(stream.words[index * 4..<index * 4 + 4]))
            }
            var words = philox.stream(row: stream.row, generation: stream.generation, purpose: purpose)
            for index in 0..<stream.words.count / 2 {
                #expect(words.next() == UInt64(stream.words[2 * index]) << 32 | UInt64(stream.words[2 * index + 1]))
            }
        }
    }

    @Test func aShuffleDependsOnItsPlaceOnly() {
        let philox = Philox(seed: 9)
        func shuffled(_ generation: UInt32) -> [Int] {
            var stream = philox.stream(generation: generation, purpose: .minibatch)
            return Array(0..<100).shuffled(using: &stream)
        }
        #expect(shuffled(3) == shuffled(3))
        #expect(shuffled(3) != shuffled(4))
    }
}

@Suite struct NormalTests {
    @Test func normalsAreTheOraclesToFourUnitsInTheLastPlace() throws {
        for stream in try SearchFixture.load().streams {
            let purpose = try #require(Philox.Purpose(rawValue: stream.purpose))
            let normals = Normals(Philox(seed: stream.seed), generation: stream.generation, purpose: purpose)
            let row = normals.row(Int(stream.row), count: stream.normals.count)
            for (ours, oracles) in zip(row, stream.normals) {
                #expect(abs(ours - oracles) <= 4 * oracles.ulp, "\(ours) \(oracles)")
            }
        }
    }

    @Test func everyInstructionSetGivesTheSameBits() {
        let n = 1537, rows = 5
        let center = (0..<n).map { Double($0) / 7 }, scale = (0..<n).map { 1 / Double($0 + 1) }
        let a = [0.5, 0, -0.25, 0.125, 1], b = [0.3, 0, 0.7, -0.1, 0.2]
        func everything(_ set: InstructionSet) -> [UInt64] {
            let normals = Normals(Philox(seed: 77), generation: 5, purpose: .candidates, instructions: set)
            let sums = normals.moments(linear: a, square: b, columns: n)
            let all = (0..<rows).flatMap { normals.row($0, count: n) }
            let matrix = normals.affine(rows: rows, center: center, scale: scale)
            return (all + matrix + sums.linear + sums.square).map(\.bitPattern)
        }
        let portable = everything(.portable)
        for set in InstructionSet.available { #expect(everything(set) == portable, "\(set)") }
    }

    @Test func matricesAndSumsAreThoseOfTheRows() {
        let n = 1101, rows = 4
        let normals = Normals(Philox(seed: 3), generation: 1, purpose: .candidates)
        let center = (0..<n).map { sin(Double($0)) }, scale = (0..<n).map { 1 + cos(Double($0)) }
        let leading = [Double](repeating: 8, count: n)
        let a = [0.5, -0.25, 0, 1], b = [1, 2, 0, -3.0]
        for threads in [1, 2, 3].map(Threads.init) {
            let matrix = normals.affine(rows: rows, center: center, scale: scale, leading: leading, threads: threads)
            let sums = normals.moments(linear: a, square: b, columns: n, threads: threads)
            let drawn = (0..<rows).map { normals.row($0, count: n) }
            #expect(Array(matrix[..<n]) == leading)
            for j in 0..<n {
                for row in 1..<rows { #expect(matrix[row * n + j] == center[j] + scale[j] * drawn[row][j]) }
                var linear = 0.0, square = 0.0
                for row in [0, 1, 3] {
                    linear += a[row] * drawn[row][j]
                    square += b[row] * (drawn[row][j] * drawn[row][j])
                }
                #expect(sums.linear[j] == linear && sums.square[j] == square)
            }
        }
    }

    @Test func momentsAreThoseOfTheNormalDistribution() {
        let count = 1_000_000
        let z = Normals(Philox(seed: 1), generation: 0, purpose: .candidates).row(0, count: count)
        func moment(_ power: Int) -> Double { z.reduce(0) { $0 + pow($1, Double(power)) } / Double(count) }
        // Five standard errors of each: √(1, 2, 15, 96) / 1000.
        #expect(abs(moment(1)) < 0.005)
        #expect(abs(moment(2) - 1) < 0.007)
        #expect(abs(moment(3)) < 0.02)
        #expect(abs(moment(4) - 3) < 0.05)
        let neighbours = zip(z, z.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
        #expect(abs(neighbours) < 0.005)
    }
}
