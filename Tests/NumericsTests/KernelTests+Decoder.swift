import Foundation
import Tensors
import Testing

@Suite struct DecoderKernelTests {
    @Test func siluIsWithinItsErrorOverItsWholeRange() {
        let x = Tensor(shape: [1, 40001], scalars: (0...40000).map { Float($0) / 200 - 100 })
        for set in InstructionSet.available {
            let got = changed(x) { $0.silu(on: set) }
            let worst = zip(got.scalars, x.scalars).reduce(0.0) { worst, pair in
                let exact = Double(pair.1) / (1 + exp(-Double(pair.1)))
                // Below, there are no normal numbers.
                return abs(exact) < 1.2e-38 ? worst : max(worst, abs(Double(pair.0) / exact - 1))
            }
            #expect(worst < 1e-6, "\(set)")
            #expect(got == changed(x) { $0.silu(on: .portable) }, "\(set)")
            let borders = Tensor(shape: [1, 6], scalars: [-.infinity, -3e38, -200, 0, 3e38, .infinity])
            #expect(changed(borders) { $0.silu(on: set) }.scalars == [0, 0, 0, 0, 3e38, .infinity], "\(set)")
            #expect(changed(Tensor(shape: [1, 1], scalars: [.nan])) { $0.silu(on: set) }.scalars[0].isNaN, "\(set)")
        }
    }

    @Test(arguments: [1, 15, 16, 33, 384, 1024]) func rmsNormIsWhatTheEquationSays(_ columns: Int) {
        let x = numbers(4, columns, seed: 31), gain = numbers(1, columns, seed: 32).scalars
        let expected = (0..<4).flatMap { row in
            let mean = x[row: row].reduce(0) { $0 + Double($1) * Double($1) } / Double(columns)
            return zip(x[row: row], gain).map { Float(Double($0) / (mean + 1e-6).squareRoot() * Double($1)) }
        }
        func norm(_ set: InstructionSet) -> Tensor { changed(x) { $0.rmsNorm(gain: gain, epsilon: 1e-6, into: $0, on: set) } }
        #expect(distance(norm(.best).scalars, expected).relative < 1e-6)
        for set in InstructionSet.available { #expect(norm(set) == norm(.portable), "\(set)") }
    }

    static let heads: [(heads: Int, width: Int)] = [(1, 2), (3, 8), (2, 64), (5, 80), (2, 128)]

    @Test(arguments: heads, [false, true])
    func rotationIsWhatTheEquationSays(_ shape: (heads: Int, width: Int), _ isNormed: Bool) {
        let half = shape.width / 2, x = numbers(4, shape.heads * shape.width, seed: 33)
        let gain = isNormed ? numbers(1, shape.width, seed: 34).scalars : nil
        let angles = (0..<50).map { position in
            (0..<half).map { Double(position) * pow(10_000, -2 * Double($0) / Double(shape.width)) }
        }
        let cosines = Tensor(shape: [50, half], scalars: angles.flatMap { $0.map { Float(cos($0)) } })
        let sines = Tensor(shape: [50, half], scalars: angles.flatMap { $0.map { Float(sin($0)) } })
        let positions: [Int32] = [0, 7, 49, 7]
        var expected: [Float] = []
        for row in 0..<4 {
            for head in 0..<shape.heads {
                var v = x[row: row].dropFirst(head * shape.width).prefix(shape.width).map(Double.init)
                if let gain {
                    let mean = v.reduce(0) { $0 + $1 * $1 } / Double(shape.width)
                    v = zip(v, gain).map { $0 / (mean + 1e-6).squareRoot() * Double($1) }
                }
                let turn = angles[Int(positions[row])]
                let first = (0..<half).map { v[$0] * cos(turn[$0]) - v[$0 + half] * sin(turn[$0]) }
                let second = (0..<half).map { v[$0 + half] * cos(turn[$0]) + v[$0] * sin(turn[$0]) }
                expected += (first + second).map { Float($0 * 0.25) }
            }
        }
        func rotated(_ set: InstructionSet) -> Tensor {
            changed(x) {
                $0.rotate(
                    headWidth: shape.width, gain: gain, epsilon: 1e-6, cosines: cosines, sines: sines, positions: positions,
                    scale: 0.25, on: set)
            }
        }
        #expect(distance(rotated(.best).scalars, expected).relative < 1e-6)
        for set in InstructionSet.available { #expect(rotated(set) == rotated(.portable), "\(set)") }
    }

    @Test(arguments: [(5, 5, 0), (3, 40, 17), (4, 16, 12), (20, 64, 44)])
    func aRowSeesNothingBehindItself(_ rows: Int, _ columns: Int, _ first: Int) {
        let x = numbers(rows, columns, seed: 35)
        for set in InstructionSet.available {
            let got = changed(x) { $0.causalSoftmax(scale: 0.3, first: first, on: set) }
            for row in 0..<rows {
                let seen = first + row + 1
                let alone = Tensor(shape: [1, seen], scalars: Array(x[row: row].prefix(seen)))
                let zeros = [Float](repeating: 0, count: columns - seen)
                #expect(Array(got[row: row]) == changed(alone) { $0.softmax(scale: 0.3, on: set) }.scalars + zeros, "\(set)")
            }
            #expect(got == changed(x) { $0.causalSoftmax(scale: 0.3, first: first, on: .portable) }, "\(set)")
        }
    }

    /// What `attend` gives for the queries `rows` of one head of `tokens`.
    private func attention(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, rows: Range<Int>, isCausal: Bool, on set: InstructionSet
    ) -> [Float] {
        let tokens = key.rows, width = key.columns, workspace = Workspace()
        let sizes = [PackedMatrix.size(outputs: tokens, inputs: width), PackedMatrix.size(outputs: width, inputs: tokens)]
        workspace.reset(
            for: 3 * Workspace.room(rows: tokens, columns: width) + 2 * Workspace.room(rows: rows.count, columns: width)
                + sizes.reduce(0) { $0 + Workspace.room(rows: 1, columns: $1) }
                + Workspace.room(rows: FloatRows.attentionBlock, columns: tokens))
        let keys = workspace.rows(1, columns: sizes[0]), values = workspace.rows(1, columns: sizes[1])
        let rowsOfKeys = workspace.rows(tokens, columns: width), rowsOfValues = workspace.rows(tokens, columns: width)
        rowsOfKeys.fill(with: key)
        rowsOfValues.fill(with: value)
        rowsOfKeys.packTransposed(into: keys)
        rowsOfValues.pack(into: values)
        let queries = workspace.rows(rows.count, columns: width), output = workspace.rows(rows.count, columns: width)
        queries.fill(with: query.rows(at: Array(rows)))
        let scores = workspace.rows(min(rows.count, FloatRows.attentionBlock), columns: tokens)
        queries.attend(
            keys: keys, values: values, tokens: tokens, causalFrom: isCausal ? rows.lowerBound : nil, scale: 0.125,
            scores: scores, into: output, on: set)
        return output.tensor.scalars
    }

    static let texts: [(tokens: Int, width: Int)] = [(1, 8), (5, 32), (48, 64), (131, 64), (200, 128)]

    @Test(arguments: texts, [false, true])
    func attentionIsWhatTheEquationSaysAndARowIsItsOwn(_ shape: (tokens: Int, width: Int), _ isCausal: Bool) {
        let (tokens, width) = shape
        let query = numbers(tokens, width, seed: 36), key = numbers(tokens, width, seed: 37)
        let value = numbers(tokens, width, seed: 38)
        var expected: [Float] = []
        for row in 0..<tokens {
            let seen = isCausal ? row + 1 : tokens
            let scores = (0..<seen).map { token in
                zip(query[row: row], key[row: token]).reduce(0) { $0 + Double($1.0) * Double($1.1) } * 0.125
            }
            let highest = scores.max() ?? 0, powers = scores.map { exp($0 - highest) }, total = powers.reduce(0, +)
            expected += (0..<width).map { column in
                Float((0..<seen).reduce(0) { $0 + powers[$1] / total * Double(value.scalars[$1 * width + column]) })
            }
        }
        for set in InstructionSet.available {
            let got = attention(query, key, value, rows: 0..<tokens, isCausal: isCausal, on: set)
            // Scores reach tens, so powers of them have a larger error than scores.
            #expect(distance(got, expected).relative < 1e-5, "\(set)")
            for row in Set([0, tokens / 3, tokens - 1]) {
                let alone = attention(query, key, value, rows: row..<row + 1, isCausal: isCausal, on: set)
                #expect(alone == Array(got[row * width..<(row + 1) * width]), "\(set), row \(row)")
            }
            let tail = tokens / 2..<tokens
            let part = attention(query, key, value, rows: tail, isCausal: isCausal, on: set)
            #expect(part == Array(got[tail.lowerBound * width..<tokens * width]), "\(set)")
        }
    }
}
