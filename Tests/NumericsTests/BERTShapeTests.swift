import Backbones
import Foundation
import Tensors
import Testing

/// Models of other shapes than the fixtures', against the equations written out in doubles.
@Suite struct BERTShapeTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let heads: Int, headWidth: Int, inner: Int, layers: Int
        var width: Int { heads * headWidth }
        var testDescription: String { "\(heads) heads of \(headWidth), inner \(inner), \(layers) layers" }
    }

    static let shapes = [
        Shape(heads: 1, headWidth: 5, inner: 7, layers: 1), Shape(heads: 2, headWidth: 17, inner: 1, layers: 2),
        Shape(heads: 3, headWidth: 8, inner: 50, layers: 3), Shape(heads: 12, headWidth: 1, inner: 13, layers: 1),
        Shape(heads: 8, headWidth: 32, inner: 97, layers: 1),
    ]

    @Test(arguments: shapes) func everyShapeIsWhatTheEquationsSay(_ shape: Shape) throws {
        let weights = Self.weights(of: shape)
        let texts: [[Int32]] = [[2], [2, 3], (0..<70).map { Int32($0 % 11) }]
        try Fixtures.folder { folder in
            let config: [String: Any] = [
                "model_type": "bert", "hidden_size": shape.width, "num_attention_heads": shape.heads,
                "num_hidden_layers": shape.layers, "intermediate_size": shape.inner, "vocab_size": 11,
                "max_position_embeddings": 70, "type_vocab_size": 1, "layer_norm_eps": 1e-5,
            ]
            try JSONSerialization.data(withJSONObject: config).write(to: folder.appendingPathComponent("config.json"))
            try Data(contentsOf: Fixtures.url("bert_tiny/tokenizer.json")).write(
                to: folder.appendingPathComponent("tokenizer.json"))
            try Safetensors.write(
                tensors: weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                to: folder.appendingPathComponent("model.safetensors"))
            let model = try BERT(ModelDirectory(reading: folder))
            for readout in Readout.allCases {
                let states = try model.states(of: PackedBatch(texts), readout: readout, threads: Threads(2))
                for (index, text) in texts.enumerated() {
                    let expected = Reference(shape: shape, weights: weights).state(of: text, readout).map(Float.init)
                    #expect(distance(states[row: index], expected).relative < 2e-6, "\(readout), text \(index)")
                }
            }
        }
    }

    private static func weights(of shape: Shape) -> [String: Tensor] {
        var weights: [String: Tensor] = [:], state: UInt64 = 5
        func add(_ name: String, _ dimensions: [Int]) {
            weights[name] = Tensor(
                shape: dimensions,
                scalars: (0..<dimensions.reduce(1, *)).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Float(Int32(truncatingIfNeeded: state >> 32)) / 0x1p32
                })
        }
        func map(_ name: String, _ outputs: Int, _ inputs: Int) {
            add("\(name).weight", [outputs, inputs])
            add("\(name).bias", [outputs])
        }
        func norm(_ name: String) {
            add("\(name).weight", [shape.width])
            add("\(name).bias", [shape.width])
        }
        add("embeddings.word_embeddings.weight", [11, shape.width])
        add("embeddings.position_embeddings.weight", [70, shape.width])
        add("embeddings.token_type_embeddings.weight", [1, shape.width])
        norm("embeddings.LayerNorm")
        for layer in 0..<shape.layers {
            let name = "encoder.layer.\(layer)"
            for part in ["self.query", "self.key", "self.value", "output.dense"] {
                map("\(name).attention.\(part)", shape.width, shape.width)
            }
            norm("\(name).attention.output.LayerNorm")
            map("\(name).intermediate.dense", shape.inner, shape.width)
            map("\(name).output.dense", shape.width, shape.inner)
            norm("\(name).output.LayerNorm")
        }
        return weights
    }
}

/// BERT in doubles, one number after another.
private struct Reference {
    typealias Rows = [[Double]]
    let shape: BERTShapeTests.Shape
    let weights: [String: Tensor]

    func state(of text: [Int32], _ readout: Readout) -> [Double] {
        var x = text.enumerated().map { position, token in
            sum(
                sum(
                    row("embeddings.word_embeddings.weight", Int(token)), row("embeddings.position_embeddings.weight", position)
                ),
                row("embeddings.token_type_embeddings.weight", 0))
        }
        x = norm(x, "embeddings.LayerNorm")
        for layer in 0..<shape.layers {
            let name = "encoder.layer.\(layer)"
            let mixed = map(attention(x, "\(name).attention.self"), "\(name).attention.output.dense")
            x = norm(zip(x, mixed).map(sum), "\(name).attention.output.LayerNorm")
            let wide = map(x, "\(name).intermediate.dense").map { $0.map { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) } }
            x = norm(zip(x, map(wide, "\(name).output.dense")).map(sum), "\(name).output.LayerNorm")
        }
        switch readout {
        case .cls: return x[0]
        case .last: return x[x.count - 1]
        case .penultimate: return x[max(0, x.count - 2)]
        case .mean: return x.dropFirst().reduce(x[0], sum).map { $0 / Double(x.count) }
        }
    }

    private func attention(_ x: Rows, _ name: String) -> Rows {
        let (query, key, value) = (map(x, "\(name).query"), map(x, "\(name).key"), map(x, "\(name).value"))
        return query.map { query in
            (0..<shape.heads).flatMap { head in
                let columns = head * shape.headWidth..<(head + 1) * shape.headWidth
                let scores = key.map { dot(query[columns], $0[columns]) / Double(shape.headWidth).squareRoot() }
                let powers = scores.map { exp($0) }, total = powers.reduce(0, +)
                return columns.map { column in zip(powers, value).reduce(0) { $0 + $1.0 * $1.1[column] } / total }
            }
        }
    }

    private func map(_ x: Rows, _ name: String) -> Rows {
        let bias = vector("\(name).bias"), weight = bias.indices.map { row("\(name).weight", $0) }
        return x.map { x in bias.indices.map { bias[$0] + dot(x[...], weight[$0][...]) } }
    }

    private func norm(_ x: Rows, _ name: String) -> Rows {
        let gain = vector("\(name).weight"), shift = vector("\(name).bias")
        return x.map { x in
            let mean = x.reduce(0, +) / Double(x.count)
            let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
            return x.indices.map { (x[$0] - mean) / (variance + 1e-5).squareRoot() * gain[$0] + shift[$0] }
        }
    }

    private func vector(_ name: String) -> [Double] { weights[name]?.scalars.map(Double.init) ?? [] }
    private func row(_ name: String, _ index: Int) -> [Double] { weights[name].map { $0[row: index].map(Double.init) } ?? [] }
    private func sum(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map(+) }
    private func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
}
