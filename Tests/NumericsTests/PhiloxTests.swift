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
        let n = 1537
        let center = (0..<n).map { Double($0) / 7 }, scale = (0..<n).map { 1 / Double($0 + 1) }
        func everything(_ set: InstructionSet) -> [UInt64] {
            let normals = Normals(Philox(seed: 77), generation: 5, purpose: .candidates, instructions: set)
            let all = (0..<5).flatMap { normals.row($0, count: n) }
            var draws = [Double](repeating: 0, count: 5 * n), points = draws
            normals.affine(rows: Array(0..<5), center: center, scale: scale, draws: &draws, points: &points)
            return (all + draws + points).map(\.bitPattern)
        }
        let portable = everything(.portable)
        for set in InstructionSet.available { #expect(everything(set) == portable, "\(set)") }
    }

    @Test func pointsAreThoseOfTheRowsAndOtherRowsStay() {
        let n = 1101
        let normals = Normals(Philox(seed: 3), generation: 1, purpose: .candidates)
        let center = (0..<n).map { sin(Double($0)) }, scale = (0..<n).map { 1 + cos(Double($0)) }
        for threads in [1, 2, 3].map(Threads.init) {
            var draws = [Double](repeating: 8, count: 4 * n), points = draws
            normals.affine(
                rows: [1, 3], center: center, scale: scale, draws: &draws, points: &points, threads: threads)
            for row in 0..<4 {
                let drawn = row % 2 == 1 ? normals.row(row, count: n) : [Double](repeating: 8, count: n)
                #expect(Array(draws[row * n..<(row + 1) * n]) == drawn)
                for j in 0..<n {
                    #expect(points[row * n + j] == (row % 2 == 1 ? center[j] + scale[j] * drawn[j] : 8))
                }
            }
        }
    }

    @Test func attemptsAreStreamsOfTheirOwn() {
        func row(_ attempt: UInt32) -> [Double] {
            Normals(Philox(seed: 3), generation: 1, purpose: .resampling, attempt: attempt).row(0, count: 10)
        }
        #expect(row(0) != row(1) && row(1) == row(1) && Set((0..<100).flatMap(row)).count == 1000)
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
