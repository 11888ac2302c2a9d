import Backbones
import Foundation
import Tensors
import Testing

private struct Case: Decodable {
    let name: String
    let ids: [[Int32]]
    let mask: [[Int]]?
    enum CodingKeys: String, CodingKey { case name = "case", ids, mask }

    /// Places of real tokens; padding may stand on either side.
    var places: [[Int]] { ids.indices.map { row in ids[row].indices.filter { mask?[row][$0] ?? 1 == 1 } } }
    var texts: [[Int32]] { zip(ids, places).map { row, places in places.map { row[$0] } } }
}

/// Tiny random decoders against transformers (`Fixtures/README.md`), and the laws of the pass.
@Suite struct DecoderTests {
    static let models = [
        "qwen3_tiny", "qwen3_tiny_bf16", "qwen3_tiny_f16", "qwen3_tiny_sharded", "qwen2_tiny", "llama_tiny", "llama3rope_tiny",
    ]

    private func model(_ name: String) throws -> DecoderModel {
        try DecoderModel(ModelDirectory(reading: Fixtures.url("decoders/\(name)")))
    }

    private func agrees(_ got: some Sequence<Float>, _ expected: some Sequence<Float>, _ what: String) {
        let (relative, largest) = distance(got, expected)
        #expect(relative < 1e-5 && largest < 3e-4, "\(what): relative \(relative), largest \(largest)")
    }

    @Test(arguments: models) func everyLevelIsTheReferences(_ name: String) throws {
        let model = try model(name), golden = try MappedWeights(reading: Fixtures.url("decoders/\(name)/golden.safetensors"))
        let cases = try Fixtures.json("decoders/\(name)/golden.json", as: [Case].self)
        #expect(cases.count >= 4)
        for one in cases {
            let batch = PackedBatch(one.texts)
            let shape = try #require(golden.shape(of: "\(one.name).hidden")), width = shape[3], longest = shape[2]
            let expected = try golden.tensor(named: "\(one.name).hidden", shape: shape)
            let levels = try model.hiddenStates(of: batch, threads: Threads(2))
            #expect(levels.count == shape[0])
            for (level, got) in levels.enumerated() {
                let rows = one.places.enumerated().flatMap { text, places in
                    places.flatMap { place -> ArraySlice<Float> in
                        let start = ((level * one.ids.count + text) * longest + place) * width
                        return expected.scalars[start..<start + width]
                    }
                }
                #expect(got.scalars.count == rows.count)
                agrees(got.scalars, rows, "\(name) \(one.name) level \(level)")
            }
            let final = try golden.tensor(named: "\(one.name).final", shape: Array(shape.dropFirst()))
            for (readout, back) in [(Readout.last, 1), (.penultimate, 2), (.cls, .max)] {
                let rows = one.places.enumerated().flatMap { text, places -> ArraySlice<Float> in
                    let place = back == .max ? places[0] : places[max(0, places.count - back)]
                    let start = (text * longest + place) * width
                    return final.scalars[start..<start + width]
                }
                agrees(try model.states(of: batch, readout: readout).scalars, rows, "\(name) \(one.name) \(readout)")
            }
        }
    }

    @Test(arguments: ["qwen3_tiny", "qwen2_tiny"]) func theBitsDependNeitherOnThreadsNorOnTheBatch(_ name: String) throws {
        let model = try model(name), texts = try Fixtures.json("decoders/\(name)/golden.json", as: [Case].self).flatMap(\.texts)
        for readout in Readout.allCases {
            for levels in [[4], [0, 2, 4], [2]] {
                let together = try model.states(of: PackedBatch(texts), readout: readout, levels: levels)
                for count in [2, 3] {
                    #expect(
                        try model.states(of: PackedBatch(texts), readout: readout, levels: levels, threads: Threads(count))
                            == together)
                }
                for (index, text) in texts.enumerated() {
                    let alone = try model.states(of: PackedBatch([text]), readout: readout, levels: levels)
                    #expect(alone.scalars == Array(together[row: index]), "\(readout), \(levels), text \(index)")
                }
            }
        }
    }

    @Test func aReducedLastLayerHasTheBitsOfTheWholeOne() throws {
        let model = try model("qwen3_tiny"), text = (0..<70).map { Int32(($0 * 37) % 480) }
        let levels = try model.hiddenStates(of: PackedBatch([text]))
        for level in 0..<model.layers {
            let early = try model.states(of: PackedBatch([text]), readout: .last, levels: [level])
            #expect(early.scalars == Array(levels[level][row: 69]))
        }
    }

    @Test func aKnownBeginningChangesNoBit() throws {
        let model = try model("qwen3_tiny"), cache = PrefixCache(bytes: 1 << 24)
        var transcript = (0..<40).map { Int32(($0 * 91) % 480) }
        let tail: [Int32] = [7, 8, 9]
        for turn in 0..<6 {
            transcript += (0..<23).map { Int32(($0 * 17 + turn * 5) % 480) }
            for text in [transcript + tail, Array(transcript.prefix(50)) + [Int32(turn)]] {
                for (readout, levels) in [(Readout.last, [4]), (.penultimate, [1, 4]), (.mean, [4]), (.last, [2])] {
                    let batch = PackedBatch([text])
                    let with = try model.states(
                        of: batch, readout: readout, levels: levels, threads: Threads(2), prefix: cache)
                    #expect(try model.states(of: batch, readout: readout, levels: levels) == with, "turn \(turn), \(readout)")
                }
            }
        }
        let texts = [transcript, Array(transcript.prefix(33)) + tail, tail]
        let together = try model.states(of: PackedBatch(texts), readout: .last, prefix: cache)
        #expect(try model.states(of: PackedBatch(texts), readout: .last) == together)
        #expect(cache.bytes > 0)
    }
}
