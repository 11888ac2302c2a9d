import Backbones
import Foundation
import Tensors
import Testing

/// What every kind of model refuses in its weights, in one line with the tensor's name.
@Suite struct WeightsReaderTests {
    /// A fixture and the names of its table, of a matrix that is packed beside another one, and of the parts of a layer.
    struct Model: Sendable, CustomTestStringConvertible {
        let fixture: String, table: String, matrix: String, layer: String
        var testDescription: String { fixture }
    }

    static let models = [
        Model(
            fixture: "bert_tiny", table: "embeddings.word_embeddings.weight",
            matrix: "encoder.layer.1.attention.self.value.weight", layer: "encoder.layer."),
        Model(
            fixture: "decoders/qwen3_tiny", table: "model.embed_tokens.weight", matrix: "model.layers.1.mlp.up_proj.weight",
            layer: "model.layers."),
    ]

    /// The model of `fixture` with its tensors changed.
    private func load(_ model: Model, precision: Precision = .f32, _ change: ([String: Tensor]) -> [String: Tensor]) throws {
        try Fixtures.folder { folder in
            let source = try Fixtures.url(model.fixture)
            for name in ["config.json", "tokenizer.json"] {
                try FileManager.default.copyItem(
                    at: source.appendingPathComponent(name), to: folder.appendingPathComponent(name))
            }
            let weights = try MappedWeights(reading: source.appendingPathComponent("model.safetensors"))
            let tensors = try weights.names.map { name in
                (name, try weights.tensor(named: name, shape: try #require(weights.shape(of: name))))
            }
            let changed = change(Dictionary(uniqueKeysWithValues: tensors))
            try Safetensors.write(
                tensors: changed.map { ($0, $1) }, to: folder.appendingPathComponent("model.safetensors"))
            _ = try ModelDirectory(reading: folder).backbone(precision: precision)
        }
    }

    private func expect(_ message: String, _ body: () throws -> Void) {
        let error = #expect(throws: (any Error).self) { try body() }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(message) && !text.contains("\n"), "\(text)")
    }

    @Test(arguments: models, Precision.allCases)
    func aValueThatIsNotFiniteIsNamedWhereverItStands(_ model: Model, _ precision: Precision) {
        for name in [model.table, model.matrix] {
            for value in [Float.nan, -.infinity] {
                expect("tensor \"\(name)\" holds an infinite value or NaN") {
                    try load(model, precision: precision) { tensors in
                        var tensors = tensors
                        guard var tensor = tensors[name] else { return tensors }
                        tensor.scalars[tensor.scalars.count - 1] = value
                        tensors[name] = tensor
                        return tensors
                    }
                }
            }
        }
    }

    @Test(arguments: models) func aPartThatThePassWouldNotReadIsNamed(_ model: Model) {
        let name = model.layer + "1.attention.distance_embedding.weight"
        expect("tensor \"\(name)\" is of a part") {
            try load(model) { $0.merging([name: Tensor(zeros: [2, 2])]) { $1 } }
        }
    }

    @Test(arguments: models) func aLayerThatTheConfigDeniesIsNamed(_ model: Model) {
        let name = model.layer + "77.x.weight"
        expect("no layer for tensor \"\(name)\"") {
            try load(model) { $0.merging([name: Tensor(zeros: [2, 2])]) { $1 } }
        }
    }

    @Test(arguments: models) func aMatrixThatIsMissingIsNamed(_ model: Model) {
        expect("no tensor \"\(model.matrix)\"") { try load(model) { $0.filter { $0.key != model.matrix } } }
    }
}
