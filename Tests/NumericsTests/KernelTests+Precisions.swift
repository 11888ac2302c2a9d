import Foundation
import Tensors
import Testing

@Suite struct PrecisionKernelTests {
    /// Rows, outputs, inputs: one of each, the borders of tiles, panels and blocks, and what lies between.
    static let shapes: [(m: Int, n: Int, k: Int)] = [
        (1, 1, 1), (2, 16, 4), (3, 17, 5), (4, 48, 16), (5, 33, 7), (6, 95, 64), (7, 49, 130), (8, 64, 255), (9, 100, 259),
        (13, 160, 1030), (200, 50, 20),
    ]

    @Test(arguments: shapes, Precision.allCases)
    func aRowHasTheSameBitsAloneAndInAnyCut(_ shape: (m: Int, n: Int, k: Int), _ precision: Precision) {
        let a = numbers(shape.m, shape.k, seed: 1), start = numbers(shape.m, shape.n, seed: 2)
        let map = PackedMatrix(
            numbers(shape.n, shape.k, seed: 3), bias: numbers(1, shape.n, seed: 4).scalars, precision: precision)
        for set in InstructionSet.available {
            let all = product(a, map, set: set)
            for row in [0, shape.m / 2, shape.m - 1] {
                let alone = Tensor(shape: [1, shape.k], scalars: Array(a[row: row]))
                #expect(product(alone, map, set: set).scalars == Array(all[row: row]), "\(set), row \(row)")
            }
            let cut = (0..<map.panels).reversed().map { $0..<$0 + 1 }
            #expect(product(a, map, panels: cut, set: set) == all, "\(set)")
            let sum = Tensor(shape: all.shape, scalars: zip(start.scalars, all.scalars).map { $1 + $0 })
            #expect(product(a, map, on: start, set: set) == sum, "\(set)")
            #expect(product(a, map, .gelu, set: set) == changed(all) { $0.gelu(on: set) }, "\(set)")
            #expect(product(a, map, .silu, set: set) == changed(all) { $0.silu(on: set) }, "\(set)")
        }
        // The portable sum of floats rounds each product.
        let equal = InstructionSet.available.filter { precision == .int8 || $0 >= .avx2 }
        #expect(Set(equal.map { product(a, map, set: $0).scalars.map(\.bitPattern) }).count <= 1)
    }

    @Test(arguments: shapes) func sixteenBitWeightsAreFloatsOfTheRoundedOnes(_ m: Int, _ n: Int, _ k: Int) {
        let a = numbers(m, k, seed: 5), weight = numbers(n, k, seed: 6), bias = numbers(1, n, seed: 7).scalars
        let brain = weight.scalars.map { value in
            Float(bitPattern: (value.bitPattern + 0x7fff + (value.bitPattern >> 16 & 1)) & 0xffff_0000)
        }
        let half = weight.scalars.map { Float(Self.half($0)) }
        for (precision, rounded) in [(Precision.bf16, brain), (.f16, half)] {
            let narrow = PackedMatrix(weight, bias: bias, precision: precision)
            let wide = PackedMatrix(Tensor(shape: [n, k], scalars: rounded), bias: bias)
            #expect(narrow.bytes * 2 == wide.bytes)
            for set in InstructionSet.available {
                #expect(product(a, narrow, set: set) == product(a, wide, set: set), "\(precision), \(set)")
            }
        }
    }

    /// To eleven significant bits, subnormals below 2⁻¹⁴, to the nearest, by arithmetic in double.
    private static func half(_ value: Float) -> Double {
        let exponent = max(-14, value == 0 ? -14 : Int(value.exponent))
        let unit = scalbn(1.0, exponent - 10)
        return (Double(value) / unit).rounded(.toNearestOrEven) * unit
    }

    @Test func halvesKeepSubnormalsAndBorders() {
        let values: [Float] = [0, 0x1p-24, 0x1.8p-24, 0x1p-25, 0x1.004p-14, 0x1.ffcp-15, 65504, -0x1.002p0, 0x1.006p0, 1e-9]
        let map = PackedMatrix(
            Tensor(shape: [values.count, 1], scalars: values), bias: [Float](repeating: 0, count: values.count), precision: .f16
        )
        for set in InstructionSet.available {
            let got = product(Tensor(shape: [1, 1], scalars: [1]), map, set: set).scalars
            #expect(got == values.map { Float(Self.half($0)) }, "\(set)")
        }
    }

    @Test(arguments: shapes) func productsOfBytesAreExactSums(_ m: Int, _ n: Int, _ k: Int) {
        var a = numbers(m, k, seed: 8)
        let weight = numbers(n, k, seed: 9), bias = numbers(1, n, seed: 10).scalars
        // Rows with nothing on one side of zero.
        for (row, sign) in [(1, 1), (2, -1)] as [(Int, Float)] where row < m {
            for column in 0..<k { a.scalars[row * k + column] = sign * abs(a.scalars[row * k + column]) }
        }
        // Its range is 255, and its ends are halves that round away from each other.
        if m > 3, k > 1 {
            for column in 0..<k { a.scalars[3 * k + column] = 0 }
            (a.scalars[3 * k], a.scalars[3 * k + 1]) = (-153.5, 101.5)
        }
        let left = (0..<m).map { Self.numbersOfRow(a[row: $0]) }, right = (0..<n).map { Self.numbersOfWeights(weight[row: $0]) }
        if m > 3, k > 1 { #expect(left[3].numbers.prefix(3) == [-154, 101] + (k > 2 ? [0] : [])) }
        var expected: [Float] = []
        for row in left {
            for (column, output) in right.enumerated() {
                let sum = zip(row.numbers, output.numbers).reduce(0) { $0 + $1.0 * $1.1 }
                let product = Float(sum) * output.scale * row.scale
                expected.append(product + bias[column])
            }
        }
        let map = PackedMatrix(weight, bias: bias, precision: .int8)
        for set in InstructionSet.available { #expect(product(a, map, set: set).scalars == expected, "\(set)") }
    }

    private static func numbersOfWeights(_ row: ArraySlice<Float>) -> (scale: Float, numbers: [Int]) {
        let largest = row.map(abs).max() ?? 0
        guard largest > 0 else { return (0, row.map { _ in 0 }) }
        return (largest / 127, row.map { Int(($0 * (127 / largest)).rounded(.toNearestOrEven)) })
    }

    /// 255 steps from the least element to the largest, less the one that stands for zero.
    private static func numbersOfRow(_ row: ArraySlice<Float>) -> (scale: Float, numbers: [Int]) {
        let low = min(0, row.min() ?? 0), high = max(0, row.max() ?? 0), half = high / 2 - low / 2
        guard half > 0 else { return (0, row.map { _ in 0 }) }
        let whole = { (value: Float) in Int((value * (127.5 / half)).rounded(.toNearestOrEven)) }
        return (half / 127.5, row.map { min(whole($0), 255 + whole(low)) })
    }

    @Test func bytesAreNearTheFloats() {
        let a = numbers(9, 384, seed: 11), weight = numbers(100, 384, seed: 12), zero = [Float](repeating: 0, count: 100)
        let exact = product(a, PackedMatrix(weight, bias: zero), set: .best)
        let near = product(a, PackedMatrix(weight, bias: zero, precision: .int8), set: .best)
        #expect(distance(near.scalars, exact.scalars).relative < 0.01)
    }

    /// The numbers of a row reach from its least element to its largest: these have 256, whatever side of zero they are on.
    @Test(arguments: [0, -255, -100]) func rowsOfWholeNumbersAreExact(_ least: Int) {
        let k = 384, n = 20
        let whole = { (rows: Int, seed: UInt64, low: Int, high: Int) in
            var values = numbers(rows, k, seed: seed).scalars.map { Float(low) + (($0 + 4) / 8 * Float(high - low)).rounded() }
            for row in 0..<rows { (values[row * k], values[row * k + 1]) = (Float(low), Float(high)) }
            return Tensor(shape: [rows, k], scalars: values)
        }
        let a = whole(9, 27, least, least + 255), weight = whole(n, 28, -127, 127), zero = [Float](repeating: 0, count: n)
        let exact = (0..<9).flatMap { row in
            (0..<n).map { output in Float(zip(a[row: row], weight[row: output]).reduce(0.0) { $0 + Double($1.0 * $1.1) }) }
        }
        let map = PackedMatrix(weight, bias: zero, precision: .int8)
        for set in InstructionSet.available { #expect(product(a, map, set: set).scalars == exact, "\(set)") }
    }

    @Test(arguments: [1, 4, 15, 64, 100]) func aRowOfNoNumbersMakesNoNumbersAndZerosMakeTheBias(_ k: Int) {
        let weight = numbers(20, k, seed: 13), bias = numbers(1, 20, seed: 14).scalars
        var a = numbers(5, k, seed: 15)
        for column in 0..<k { a.scalars[column] = 0 }
        for column in 0..<k { a.scalars[4 * k + column] = 1e-38 }
        a.scalars[2 * k - 1] = .infinity
        a.scalars[2 * k] = .nan
        let map = PackedMatrix(weight, bias: bias, precision: .int8)
        for set in InstructionSet.available {
            let got = product(a, map, set: set)
            #expect(Array(got[row: 0]) == bias && Array(got[row: 4]) == bias, "\(set)")
            #expect(got[row: 1].allSatisfy { $0.isNaN } && got[row: 2].allSatisfy { $0.isNaN }, "\(set)")
            #expect(got[row: 3].allSatisfy { $0.isFinite }, "\(set)")
        }
        for precision in [Precision.f32, .bf16, .f16] {
            let map = PackedMatrix(weight, bias: bias, precision: precision)
            for set in InstructionSet.available {
                let got = product(a, map, set: set)
                #expect(!got[row: 1].contains { $0.isFinite } && got[row: 2].allSatisfy { $0.isNaN }, "\(precision), \(set)")
                #expect(got[row: 3].allSatisfy { $0.isFinite }, "\(precision), \(set)")
            }
        }
    }

    @Test(arguments: Precision.allCases) func stackedPartsOfAFileAreOneMatrix(_ precision: Precision) throws {
        let parts = [numbers(50, 37, seed: 16), numbers(3, 37, seed: 17), numbers(70, 37, seed: 18)]
        let whole = Tensor(shape: [123, 37], scalars: parts.flatMap(\.scalars)), bias = numbers(1, 123, seed: 19).scalars
        let expected = PackedMatrix(whole, bias: bias, precision: precision)
        for threads in [1, 2, 3] {
            let got = try PackedMatrix(
                stacking: mapped(parts), bias: bias, precision: precision, threads: Threads(threads))
            #expect(got.outputs == 123 && got.bytes == expected.bytes)
            #expect(got.withPackedBytes { Array($0) } == expected.withPackedBytes { Array($0) })
        }
    }

    @Test(arguments: Precision.allCases, [8, 13, 24, 100]) func gatesAndUpsGiveTheirProduct(
        _ precision: Precision, _ inner: Int
    ) throws {
        let k = 70, a = numbers(9, k, seed: 20)
        let scaled = { (seed: UInt64) in
            Tensor(shape: [inner, k], scalars: self.scaledNumbers(inner, k, seed: seed))
        }
        let gate = scaled(21), up = scaled(22), bias = numbers(2, inner, seed: 23).scalars
        let gates = PackedMatrix(gate, bias: Array(bias[..<inner]), precision: precision)
        let ups = PackedMatrix(up, bias: Array(bias[inner...]), precision: precision)
        let map = try PackedMatrix(stacking: mapped([gate, up]), isInterleaved: true, bias: bias, precision: precision)
        #expect(map.outputs == inner && map.panels == ((inner + 7) / 8 * 16 + 47) / 48)
        for set in InstructionSet.available {
            let expected = zip(product(a, gates, .silu, set: set).scalars, product(a, ups, set: set).scalars).map { $0 * $1 }
            #expect(product(a, map, .swiglu, set: set).scalars == expected, "\(set)")
            let cut = (0..<map.panels).map { $0..<$0 + 1 }
            #expect(product(a, map, .swiglu, panels: cut, set: set).scalars == expected, "\(set)")
        }
    }

    private func scaledNumbers(_ rows: Int, _ columns: Int, seed: UInt64) -> [Float] {
        numbers(rows, columns, seed: seed).scalars.map { $0 / 16 }
    }

    @Test(arguments: Precision.allCases) func packedBytesOfAFileAreTheMatrix(_ precision: Precision) {
        let map = PackedMatrix(numbers(100, 50, seed: 24), bias: numbers(1, 100, seed: 25).scalars, precision: precision)
        let region = Region(map)
        let again = PackedMatrix(
            packed: region.bytes, owner: region, outputs: 100, inputs: 50, bias: numbers(1, 100, seed: 25).scalars,
            precision: precision)
        let a = numbers(3, 50, seed: 26)
        #expect(product(a, again, set: .best) == product(a, map, set: .best))
    }

    /// Stands for a mapped file.
    private final class Region: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer

        init(_ map: PackedMatrix) {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: map.bytes, alignment: 64)
            map.withPackedBytes { memory.copyMemory(from: $0) }
            bytes = UnsafeRawBufferPointer(memory)
        }

        deinit { bytes.deallocate() }
    }
}
