import Backbones
import Foundation
import Tensors
import Testing

/// What the names of precisions promise, on whole models.
@Suite struct PrecisionTests {
    private static let texts: [[Int32]] = [1, 2, 17, 33, 90, 40, 64].map { (length: Int) -> [Int32] in
        (0..<length).map { (place: Int) -> Int32 in Int32((place * 37 + length * 11) % 480 + 4) }
    }

    private func states(
        _ name: String, _ precision: Precision, _ readout: Readout = .last, texts: [[Int32]] = texts, threads: Threads = .one
    ) throws -> Tensor {
        try ModelDirectory(reading: Fixtures.url(name)).backbone(precision: precision)
            .states(of: PackedBatch(texts), readout: readout, levels: nil, threads: threads)
    }

    @Test(arguments: [("decoders/qwen3_tiny_bf16", Precision.bf16), ("decoders/qwen3_tiny_f16", .f16)])
    func aModelStoredInSixteenBitsHasTheSameBitsInThem(_ name: String, _ precision: Precision) throws {
        #expect(try states(name, precision) == states(name, .f32))
    }

    @Test(arguments: ["decoders/qwen3_tiny", "decoders/qwen2_tiny", "decoders/llama_tiny", "bert_tiny"], Precision.allCases)
    func theBitsDependNeitherOnThreadsNorOnTheBatch(_ name: String, _ precision: Precision) throws {
        for readout in [Readout.last, .mean] {
            let together = try states(name, precision, readout)
            #expect(try states(name, precision, readout, threads: Threads(3)) == together)
            for (index, text) in Self.texts.enumerated() {
                let alone = try states(name, precision, readout, texts: [text], threads: Threads(2))
                #expect(alone.scalars == Array(together[row: index]), "\(precision), \(readout), text \(index)")
            }
        }
    }

    /// Random models have no structure that protects them, so these bounds are wide; `Experiments` has real weights.
    @Test(arguments: [
        ("decoders/qwen3_tiny", Precision.f16, 0.99999), ("decoders/qwen3_tiny", .bf16, 0.999),
        ("decoders/qwen3_tiny", .int8, 0.99), ("decoders/qwen2_tiny", .int8, 0.99), ("bert_tiny", .int8, 0.99),
        ("bert_tiny", .bf16, 0.999),
    ])
    func aRoundedModelPointsTheSameWay(_ name: String, _ precision: Precision, _ least: Double) throws {
        let exact = try states(name, .f32), rounded = try states(name, precision)
        #expect(exact != rounded)
        for row in Self.texts.indices {
            let a = exact[row: row].map(Double.init), b = rounded[row: row].map(Double.init)
            func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
            #expect(cosine > least, "text \(row): \(cosine)")
        }
    }

    @Test func aKnownBeginningChangesNoBitInAnyPrecision() throws {
        let text = Self.texts[4]
        for precision in Precision.allCases {
            let model = try DecoderModel(ModelDirectory(reading: Fixtures.url("decoders/qwen3_tiny")), precision: precision)
            let cache = PrefixCache(bytes: 1 << 24)
            for length in [40, 70, 90] {
                let batch = PackedBatch([Array(text.prefix(length))])
                #expect(
                    try model.states(of: batch, readout: .last, prefix: cache) == model.states(of: batch, readout: .last))
            }
        }
    }
}
