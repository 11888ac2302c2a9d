import Backbones
import Foundation
import Tensors
import Testing

/// A published vector on two tiny models, as an oracle has it (`Tests/Oracles/trinity_vector.py`).
struct PublishedCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Text: Decodable {
        let ids: [Int32]
        let state: [Double], scores: [Double]
        let agent: Int
        let role: String
    }

    let model: String, vector: String
    let workers: Int
    let tied: Bool
    let singular_values: [String: [Double]]
    let texts: [Text]
    var testDescription: String { model }

    static func all() throws -> [PublishedCase] {
        struct File: Decodable { let models: [PublishedCase] }
        return try Fixtures.json("trinity/expected.json", as: File.self).models
    }

    func directory() throws -> ModelDirectory { try ModelDirectory(reading: Fixtures.url("decoders/\(model)")) }
    func numbers() throws -> [Double] { try NumPyVector.read(Fixtures.url("trinity/\(vector)")) }
}

/// Singular-value scales: the published vector against an oracle, and the laws of adapted copies.
@Suite struct ScaleTests {
    private func decomposed(_ one: PublishedCase) throws -> (
        model: DecoderModel, blocks: PublishedBlocks, values: LayerDecomposition
    ) {
        let model = try DecoderModel(one.directory()), blocks = try PublishedBlocks(for: model)
        let values = try LayerDecomposition(of: model, layer: blocks.layer, embedding: true, threads: Threads(2))
        return (model, blocks, values)
    }

    private func text(_ count: Int, _ seed: Int = 37) -> [Int32] { (0..<count).map { Int32(($0 * seed + 11) % 480) } }

    @Test func aPublishedVectorDecidesAsTheOracleDoes() throws {
        let cases = try PublishedCase.all()
        #expect(cases.map(\.tied) == [true, false])
        for one in cases {
            let (model, blocks, values) = try decomposed(one), numbers = try one.numbers()
            #expect(blocks.embeddingScales == (one.tied ? .tied : .untied))
            #expect(numbers.count == blocks.count + (one.workers + 3) * model.width)
            let adapted = try model.adapted(by: blocks.offsets(Array(numbers.prefix(blocks.count))), of: values)
            for text in one.texts {
                let state = try adapted.states(of: PackedBatch([text.ids]), readout: .penultimate).scalars
                #expect(distance(state, text.state.map { Float($0) }).relative < 1e-4)
                let plain = try model.states(of: PackedBatch([text.ids]), readout: .penultimate).scalars
                #expect(distance(plain, text.state.map { Float($0) }).relative > 0.1, "the offsets move the state")
                let head = numbers.dropFirst(blocks.count)
                let scores = (0..<one.workers + 3).map { row -> Double in
                    zip(head.dropFirst(row * model.width), state).reduce(0) { $0 + $1.0 * Double($1.1) }
                }
                #expect(distance(scores.map { Float($0) }, text.scores.map { Float($0) }).relative < 1e-4)
                #expect(scores.prefix(one.workers).indices.max { scores[$0] < scores[$1] } == text.agent)
            }
        }
    }

    @Test func singularValuesAreTheOracles() throws {
        for one in try PublishedCase.all() {
            let model = try DecoderModel(one.directory()), weights = try MappedWeights(shards: one.directory().weightFiles)
            for (name, expected) in one.singular_values where !name.hasPrefix("lm_head") {
                let shape = try #require(weights.shape(of: name))
                let matrix = Matrix(try weights.tensor(named: name, shape: shape)), values = try SingularValues(of: matrix)
                #expect(values.values.count == expected.count)
                #expect(zip(values.values, expected).allSatisfy { abs($0 - $1) < 1e-9 * expected[0] }, "\(name)")
                let rebuilt = values.left.narrowed.columns(times: values.values).timesTransposed(values.right.narrowed)
                #expect(distance(rebuilt.scalars, matrix.scalars.map { Float($0) }).relative < 1e-5)
            }
            let table = try weights.rows(named: "model.embed_tokens.weight", shape: [model.vocabularySize, model.width])
            let gram = table.gram()
            #expect(table.gram(threads: Threads(2)) == gram)
            let expected = try #require(one.singular_values["model.embed_tokens.weight"])
            let values = try SingularValues.right(ofGram: gram, rank: model.width).values
            #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-9 * expected[0] })
        }
    }

    @Test func aMatrixThatIsNotFiniteHasNoSingularValues() {
        for wrong in [Double.nan, .infinity] {
            #expect(throws: DecompositionError.self) {
                try SingularValues(of: Matrix(rows: 2, columns: 2, scalars: [1, 2, wrong, 4]))
            }
        }
        #expect(throws: DecompositionError.self) { try SingularValues(of: Matrix(rows: 0, columns: 2)) }
    }

    @Test func offsetsOfZeroAreTheModelItself() throws {
        for one in try PublishedCase.all() {
            let (model, blocks, values) = try decomposed(one), batch = PackedBatch([text(40), text(3)])
            let zero = try model.adapted(by: blocks.offsets([Double](repeating: 0, count: blocks.count)), of: values)
            #expect(try zero.states(of: batch, readout: .last) == model.states(of: batch, readout: .last))
        }
    }

    @Test func equalOffsetsKeepTheEnergyAndSoTheModel() throws {
        for one in try PublishedCase.all() {
            let (model, blocks, values) = try decomposed(one), batch = PackedBatch([text(40), text(3)])
            let expected = try model.states(of: batch, readout: .last)
            let all = blocks.offsets([Double](repeating: 0.7, count: blocks.count))
            for offsets in LayerMatrix.allCases.map({ ScaleOffsets(layer: [$0: all.layer[$0] ?? []]) }) + [all] {
                let states = try model.adapted(by: offsets, of: values).states(of: batch, readout: .last)
                #expect(distance(states.scalars, expected.scalars).relative < 1e-5)
            }
        }
    }

    @Test func theFirstBlockIsDeadWhereTablesAreTiedAndTheLastWhereNot() throws {
        for one in try PublishedCase.all() {
            let model = try DecoderModel(one.directory()), blocks = try PublishedBlocks(for: model), numbers = try one.numbers()
            let vector = Array(numbers.prefix(blocks.count)), width = model.width
            var first = vector, last = vector
            for index in 0..<width {
                first[index] += 1
                last[blocks.count - 1 - index] += 1
            }
            #expect((blocks.offsets(first) == blocks.offsets(vector)) == one.tied)
            #expect((blocks.offsets(last) == blocks.offsets(vector)) == !one.tied)
        }
    }

    @Test func aCopyLeavesTheOriginalAsItWas() throws {
        let one = try PublishedCase.all()[0], (model, blocks, values) = try decomposed(one), batch = PackedBatch([text(40)])
        let before = try model.states(of: batch, readout: .last)
        let adapted = try model.adapted(by: blocks.offsets(Array(one.numbers().prefix(blocks.count))), of: values)
        #expect(try adapted.states(of: batch, readout: .last) != before)
        #expect(try model.states(of: batch, readout: .last) == before)
        // A copy of a copy scales the file's weights, not the copy's.
        let again = try adapted.adapted(
            by: ScaleOffsets(layer: blocks.offsets(Array(one.numbers().prefix(blocks.count))).layer), of: values)
        #expect(try again.states(of: batch, readout: .last) == adapted.states(of: batch, readout: .last))
    }

    @Test func theBitsDependOnNoNumberOfThreads() throws {
        let one = try PublishedCase.all()[0], (model, blocks, values) = try decomposed(one)
        #expect(try LayerDecomposition(of: model, layer: blocks.layer, embedding: true) == values)
        let offsets = try blocks.offsets(Array(one.numbers().prefix(blocks.count))), batch = PackedBatch([text(40)])
        let expected = try model.adapted(by: offsets, of: values).states(of: batch, readout: .last)
        for count in [2, 3] {
            let adapted = try model.adapted(by: offsets, of: values, threads: Threads(count))
            #expect(try adapted.states(of: batch, readout: .last, threads: Threads(count)) == expected)
        }
    }

    @Test func statesFromALayerOnHaveTheBitsOfAWholePass() throws {
        for name in ["qwen3_tiny", "qwen2_tiny", "qwen3_tiny_sharded"] {
            let model = try DecoderModel(ModelDirectory(reading: Fixtures.url("decoders/\(name)")))
            let batch = PackedBatch([text(40), text(1), text(70, 13), text(2)]), top = model.layers
            for layer in 0..<top {
                let entering = try model.activations(entering: layer, of: batch, threads: Threads(2))
                #expect(try model.activations(entering: layer, of: batch) == entering)
                for readout in Readout.allCases {
                    for levels in [[top], [layer, top], [layer]] {
                        let whole = try model.states(of: batch, readout: readout, levels: levels)
                        for count in [1, 2] {
                            let rest = try model.states(
                                from: entering, readout: readout, levels: levels, threads: Threads(count))
                            #expect(rest == whole, "\(name), layer \(layer), \(readout), \(levels)")
                        }
                    }
                }
                if layer > 0 {
                    #expect(throws: ModelError.self) { try model.states(from: entering, readout: .last, levels: [0]) }
                }
            }
            #expect(throws: ModelError.self) { try model.activations(entering: top, of: batch) }
        }
    }

    @Test func candidatesFromKeptActivationsAreWholePasses() throws {
        let one = try PublishedCase.all()[0], (model, blocks, values) = try decomposed(one)
        let batch = PackedBatch([text(40), text(17)]), entering = try model.activations(entering: blocks.layer, of: batch)
        let offsets = try ScaleOffsets(layer: blocks.offsets(Array(one.numbers().prefix(blocks.count))).layer)
        let adapted = try model.adapted(by: offsets, of: values)
        #expect(try adapted.states(from: entering, readout: .last) == adapted.states(of: batch, readout: .last))
    }

    @Test func offsetsThatLeaveNothingAreOneLine() throws {
        let one = try PublishedCase.all()[0], (model, blocks, values) = try decomposed(one)
        let rank = blocks.blocks[1].count
        for (offsets, expected) in [
            (ScaleOffsets(layer: [.query: [Double](repeating: -1.5, count: rank)]), "layers.2.self_attn.q_proj sum to -"),
            (ScaleOffsets(embedding: [Double](repeating: -1, count: rank)), "embed_tokens sum to 0"),
            (ScaleOffsets(layer: [.up: [Double](repeating: .nan, count: rank)]), "layers.2.mlp.up_proj sum to nan"),
            (ScaleOffsets(layer: [.down: [1, 2]]), "has 64 singular values, there are 2 offsets"),
        ] {
            let error = #expect(throws: ModelError.self) { try model.adapted(by: offsets, of: values) }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
    }

    @Test func aDecompositionComesBackFromItsFileAndOnlyForItsModel() throws {
        try Fixtures.folder { folder in
            let one = try PublishedCase.all()[0], (model, blocks, values) = try decomposed(one)
            let digest = try one.directory().weightsSHA256(), file = folder.appendingPathComponent("values.safetensors")
            try values.write(to: file, digest: digest)
            #expect(try LayerDecomposition(reading: file, of: model, digest: digest) == values)
            let error = #expect(throws: ModelError.self) {
                try LayerDecomposition(reading: file, of: model, digest: String(repeating: "0", count: 64))
            }
            #expect(error?.description.contains("belongs to another model") == true)
            let inner = folder.appendingPathComponent("kept")
            for _ in 0..<2 {
                let kept = try LayerDecomposition.kept(
                    in: [inner], of: model, digest: digest, layer: blocks.layer, embedding: true, threads: .one)
                #expect(kept == values)
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: inner.path)
            #expect(files.count == 1)
            // A damaged file is made anew.
            for name in files { try Data("x".utf8).write(to: inner.appendingPathComponent(name)) }
            let again = try LayerDecomposition.kept(
                in: [inner], of: model, digest: digest, layer: blocks.layer, embedding: true, threads: .one)
            #expect(again == values)
        }
    }
}
