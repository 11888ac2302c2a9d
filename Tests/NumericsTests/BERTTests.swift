import Backbones
import Foundation
import Tensors
import Testing

private struct Case: Decodable {
    let name: String
    let ids: [[Int32]]
    let mask: [[Int]]
    enum CodingKeys: String, CodingKey { case name = "case", ids, mask }

    /// The case `types` has segments: from the sixth token on they are of segment 1.
    var types: [[Int32]]? { name == "types" ? ids.map { row in row.indices.map { $0 < 5 ? 0 : 1 } } : nil }

    var lengths: [Int] { mask.map { $0.reduce(0, +) } }
    func rows(_ values: [[Int32]]) -> [[Int32]] { zip(values, lengths).map { Array($0.prefix($1)) } }
}

@Suite struct BERTTests {
    let model: BERT
    let golden: MappedWeights
    fileprivate let cases: [Case]

    init() throws {
        model = try BERT(ModelDirectory(reading: Fixtures.url("bert_tiny")))
        golden = try MappedWeights(reading: Fixtures.url("bert_tiny/golden.safetensors"))
        cases = try Fixtures.json("bert_tiny/golden.json")
    }

    private func expected(_ name: String) throws -> Tensor {
        try golden.tensor(named: name, shape: try #require(golden.shape(of: name), "\(name)"))
    }

    private func batch(_ one: Case) -> PackedBatch {
        PackedBatch(one.rows(one.ids), segments: one.types.map(one.rows) ?? [])
    }

    private func agrees(_ got: some Sequence<Float>, _ expected: some Sequence<Float>, _ what: String) {
        let (relative, largest) = distance(got, expected)
        #expect(relative < 1e-5 && largest < 3e-4, "\(what): relative \(relative), largest \(largest)")
    }

    @Test func everyLevelIsTheReferences() throws {
        #expect(cases.count == 13 && cases.contains { $0.types != nil })
        for one in cases {
            let expected = try expected("\(one.name).hidden"), width = expected.shape[3], longest = expected.shape[2]
            let levels = try model.hiddenStates(of: batch(one), threads: Threads(2))
            #expect(levels.count == expected.shape[0])
            for (level, got) in levels.enumerated() {
                var rows: [Float] = []
                for (text, length) in one.lengths.enumerated() {
                    let start = ((level * one.ids.count) + text) * longest * width
                    rows += expected.scalars[start..<start + length * width]
                }
                #expect(got.scalars.count == rows.count)
                agrees(got.scalars, rows, "\(one.name) level \(level)")
            }
        }
    }

    @Test func everyReadoutIsTheReferences() throws {
        for one in cases {
            let batch = batch(one), levels = try model.hiddenStates(of: batch)
            let mean = try model.states(of: batch, readout: .mean)
            agrees(mean.scalars, try expected("\(one.name).mean").scalars, "\(one.name) mean")
            agrees(normalized(mean).scalars, try expected("\(one.name).mean_l2").scalars, "\(one.name) mean_l2")
            agrees(
                try model.states(of: batch, readout: .cls).scalars, try expected("\(one.name).cls").scalars, "\(one.name) cls")
            let top = try #require(levels.last)
            for (readout, back) in [(Readout.last, 1), (.penultimate, 2)] {
                let rows = (0..<batch.count).map { max(batch.bounds[$0], batch.bounds[$0 + 1] - back) }
                agrees(
                    try model.states(of: batch, readout: readout).scalars, top.rows(at: rows).scalars, "\(one.name) \(readout)")
            }
        }
    }

    private func normalized(_ tensor: Tensor) -> Tensor {
        var result = tensor
        for row in 0..<tensor.rows {
            let length = tensor[row: row].reduce(0) { $0 + $1 * $1 }.squareRoot()
            for column in 0..<tensor.columns { result.scalars[row * tensor.columns + column] /= length }
        }
        return result
    }

    @Test func theBitsDependNeitherOnThreadsNorOnTheBatch() throws {
        let texts = cases.flatMap { $0.types == nil ? $0.rows($0.ids) : [] }
        for readout in Readout.allCases {
            let together = try model.states(of: PackedBatch(texts), readout: readout)
            for count in [2, 3] {
                #expect(try model.states(of: PackedBatch(texts), readout: readout, threads: Threads(count)) == together)
            }
            for (index, text) in texts.enumerated() {
                let alone = try model.states(of: PackedBatch([text]), readout: readout, threads: Threads(2))
                #expect(alone.scalars == Array(together[row: index]), "\(readout), text \(index)")
            }
        }
    }

    @Test func textsThatDoNotFitAreRefused() throws {
        expect("161 tokens") { try model.states(of: PackedBatch([[Int32](repeating: 5, count: 161)]), readout: .mean) }
        expect("token id 512") { try model.states(of: PackedBatch([[2, 512, 3]]), readout: .mean) }
        expect("segment 2") { try model.states(of: PackedBatch([[2, 3]], segments: [[0, 2]]), readout: .mean) }
        #expect(try model.states(of: PackedBatch([]), readout: .cls).shape == [0, 64])
    }

    @Test(arguments: [
        ("\"model_type\": \"bert\"", "\"model_type\": \"qwen3\"", "model_type is \"qwen3\"; supported is \"bert\""),
        ("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "hidden_act is \"relu\""),
        (
            "\"vocab_size\": 512", "\"vocab_size\": 513",
            "\"embeddings.word_embeddings.weight\" has shape [512, 64], expected [513, 64]"
        ),
        ("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 5", "no tensor \"encoder.layer.4.attention.self.query.weight\""),
        ("\"intermediate_size\": 160", "\"intermediate_size\": 161", "has shape [160, 64], expected [161, 64]"),
        ("\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "not a multiple of num_attention_heads 5"),
        ("\"hidden_size\": 64", "\"hidden_size\": 0", "hidden_size is 0"),
        ("\"hidden_size\": 64", "\"width\": 64", "no \"hidden_size\""),
        ("\"hidden_size\": 64", "\"hidden_size\": \"64\"", "\"hidden_size\" is of the wrong type"),
    ])
    func aConfigThatContradictsTheWeightsIsRefused(_ old: String, _ new: String, _ message: String) throws {
        try copied { folder in
            let file = folder.appendingPathComponent("config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.contains(old))
            try text.replacingOccurrences(of: old, with: new).write(to: file, atomically: true, encoding: .utf8)
            expect(message) { try BERT(ModelDirectory(reading: folder)) }
        }
    }

    @Test func damagedWeightsAreRefusedByTheirTensor() throws {
        try copied { folder in
            let file = folder.appendingPathComponent("model.safetensors"), name = "encoder.layer.2.output.dense.bias"
            try rewrite(file) { $0 == name ? Tensor(shape: $1.shape, scalars: [.nan] + $1.scalars.dropFirst()) : $1 }
            expect("\"\(name)\" holds an infinite value or NaN") { try BERT(ModelDirectory(reading: folder)) }
        }
    }

    // The state itself overflows, or the scores of the first layer.
    @Test(arguments: ["encoder.layer.3.output.LayerNorm.weight", "encoder.layer.0.attention.self.query.weight"])
    func aTextWithoutAFiniteVectorIsNamed(_ overflowing: String) throws {
        try copied { folder in
            try rewrite(folder.appendingPathComponent("model.safetensors")) {
                $0 == overflowing ? Tensor(shape: $1.shape, scalars: $1.scalars.map { _ in 3e38 }) : $1
            }
            let texts = ["short", "long\n" + String(repeating: "x", count: 80)]
            for normalizes in [true, false] {
                let encoder = try Encoder(ModelDirectory(reading: folder), normalizes: normalizes)
                expect("text 0 (from 0), \"short\", has no finite vector") { try encoder.states(for: texts) }
                expect("text 0 (from 0), \"long\\n\(String(repeating: "x", count: 55))…\", has") {
                    try encoder.states(for: [texts[1]])
                }
            }
        }
    }

    @Test func namesWithThePrefixAreTheSameModel() throws {
        let expected = try model.states(of: PackedBatch([[2, 40, 3]]), readout: .mean)
        try copied { folder in
            try rewrite(folder.appendingPathComponent("model.safetensors"), name: { "bert." + $0 }) { $1 }
            #expect(
                try BERT(ModelDirectory(reading: folder)).states(of: PackedBatch([[2, 40, 3]]), readout: .mean) == expected)
        }
    }

    @Test func oldNamesOfTheNormsAreTheSameModel() throws {
        let expected = try model.states(of: PackedBatch([[2, 40, 3]]), readout: .mean)
        try copied { folder in
            try rewrite(
                folder.appendingPathComponent("model.safetensors"),
                name: {
                    "bert."
                        + $0.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
                        .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
                }
            ) { $1 }
            #expect(
                try BERT(ModelDirectory(reading: folder)).states(of: PackedBatch([[2, 40, 3]]), readout: .mean) == expected)
        }
        try copied { folder in
            let file = folder.appendingPathComponent("model.safetensors"), bias = "embeddings.LayerNorm.bias"
            try rewrite(file, name: { $0 == bias ? "else" : $0 }) { $1 }
            expect("no tensor \"\(bias)\"") { try BERT(ModelDirectory(reading: folder)) }
        }
    }

    @Test func aTokenThatTheModelDoesNotKnowIsRefusedByItsName() throws {
        try copied { folder in
            let file = folder.appendingPathComponent("tokenizer.json"), text = try String(contentsOf: file, encoding: .utf8)
            try write(text.replacingOccurrences(of: "{\"id\":4,", with: "{\"id\":512,"), to: "tokenizer.json", in: folder)
            expect("gives \"[MASK]\" the id 512, config.json has only 512 ids") { try Encoder(ModelDirectory(reading: folder)) }
        }
    }

    @Test func shardsAreTheSameModel() throws {
        let expected = try model.states(of: PackedBatch([[2, 40, 3]]), readout: .mean)
        try copied { folder in
            let file = folder.appendingPathComponent("model.safetensors"), weights = try MappedWeights(reading: file)
            var map: [String: String] = [:], shards: [[(String, Tensor)]] = [[], []]
            for (index, name) in weights.names.enumerated() {
                map[name] = "part\(index % 2).safetensors"
                shards[index % 2].append((name, try weights.tensor(named: name, shape: try #require(weights.shape(of: name)))))
            }
            for (index, shard) in shards.enumerated() {
                try Safetensors.write(tensors: shard, to: folder.appendingPathComponent("part\(index).safetensors"))
            }
            try FileManager.default.removeItem(at: file)
            try JSONEncoder().encode(["weight_map": map]).write(
                to: folder.appendingPathComponent("model.safetensors.index.json"))
            #expect(
                try BERT(ModelDirectory(reading: folder)).states(of: PackedBatch([[2, 40, 3]]), readout: .mean) == expected)
        }
    }

    @Test func aFolderThatLacksAFileIsRefused() throws {
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            try copied { folder in
                try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
                expect("no \(name)") { try ModelDirectory(reading: folder) }
            }
        }
    }

    @Test(arguments: [
        (
            "1_Pooling/config.json", #"{"pooling_mode_mean_tokens":true,"pooling_mode_max_tokens":true}"#,
            "max_tokens and pooling"
        ),
        ("1_Pooling/config.json", #"{"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true}"#, "cls_token and pooling"),
        ("1_Pooling/config.json", #"{"pooling_mode_weightedmean_tokens":true}"#, "pooling_mode_weightedmean_tokens is true"),
        ("1_Pooling/config.json", #"{"pooling_mode_cls_token":false}"#, "no pooling_mode_* is true"),
        ("1_Pooling/config.json", #"{"pooling_mode_cls_token":1}"#, "\"pooling_mode_cls_token\" is of the wrong type"),
        ("1_Pooling/config.json", "[]", "the file is of the wrong type"),
        ("modules.json", #"[{"type":"a.Transformer"},{"type":"a.models.Dense"}]"#, "\"a.models.Dense\""),
        ("modules.json", #"{"type":"a.Transformer"}"#, "modules.json: the file is of the wrong type"),
        ("modules.json", #"[{"type":1}]"#, "type\" is of the wrong type"),
    ])
    func aVectorThatWeDoNotComputeIsRefused(_ name: String, _ text: String, _ message: String) throws {
        try copied { folder in
            try write(text, to: name, in: folder)
            expect(message) { try ModelDirectory(reading: folder) }
        }
    }

    @Test(arguments: [("cls_token", Readout.cls), ("mean_tokens", .mean), ("lasttoken", .last)])
    func thePoolingIsWhatTheFolderSays(_ mode: String, _ readout: Readout) throws {
        try copied { folder in
            let others = "\"pooling_mode_max_tokens\":false,\"pooling_mode_mean_sqrt_len_tokens\":null"
            try write(
                "{\"word_embedding_dimension\":64,\(others),\"pooling_mode_\(mode)\":true}", to: "1_Pooling/config.json",
                in: folder)
            #expect(try ModelDirectory(reading: folder).readout == readout)
            for (last, normalizes) in [("Pooling", false), ("Normalize", true)] {
                try write(#"[{"type":"a.Transformer"},{"type":"a.b.\#(last)"}]"#, to: "modules.json", in: folder)
                #expect(try ModelDirectory(reading: folder).normalizes == normalizes)
            }
        }
    }

    private func write(_ text: String, to name: String, in folder: URL) throws {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    /// `body` on a copy of the tiny model that it may change.
    private func copied(_ body: (URL) throws -> Void) throws {
        try Fixtures.folder { folder in
            for name in ["config.json", "model.safetensors", "tokenizer.json"] {
                let data = try Data(contentsOf: Fixtures.url("bert_tiny/\(name)"))
                try data.write(to: folder.appendingPathComponent(name))
            }
            try body(folder)
        }
    }

    private func rewrite(_ file: URL, name rename: (String) -> String = { $0 }, _ change: (String, Tensor) -> Tensor) throws {
        let weights = try MappedWeights(reading: file)
        let tensors = try weights.names.map { name in
            (rename(name), change(name, try weights.tensor(named: name, shape: try #require(weights.shape(of: name)))))
        }
        try Safetensors.write(tensors: tensors, to: file)
    }

    private func expect(_ message: String, _ body: () throws -> Any) {
        let error = #expect(throws: (any Error).self) { _ = try body() }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(message) && !text.contains("\n"), "\(text)")
    }
}
