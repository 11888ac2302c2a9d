import Foundation
import Testing
import Tokenizers

private struct Ids: Decodable { let ids: [[Int32]] }
private struct Sample: Decodable { let text: String }
private struct Case: Decodable { let text: String, ids: [Int32] }
private struct Vocabulary: Decodable { let vocab: [String], merges: [String] }

/// The 151,643 tokens of Qwen2, where the golden data lies beside the checkout.
@Suite(.enabled(if: RealVocabularyTests.folder != nil, "../shared/golden is not beside this checkout"))
struct RealVocabularyTests {
    static let folder: URL? = {
        var folder = URL(fileURLWithPath: #filePath)
        while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path), folder.path != "/" {
            folder.deleteLastPathComponent()
        }
        let golden = folder.appendingPathComponent("../shared/golden/tokenizers").standardizedFileURL
        return FileManager.default.fileExists(atPath: golden.path) ? golden : nil
    }()

    /// Reads the small tokenizer's file with the real vocabulary and merges in it.
    static func tokenizer() throws -> any Tokenizer {
        let golden = try #require(folder)
        return try Fixtures.folder { folder in
            let plain = folder.appendingPathComponent("vocabulary.json"), file = folder.appendingPathComponent("tokenizer.json")
            FileManager.default.createFile(atPath: plain.path, contents: nil)
            let gzip = Process()
            gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            gzip.arguments = ["gzip", "-dc", golden.appendingPathComponent("qwen2_real.vocab_merges.json.gz").path]
            gzip.standardOutput = try FileHandle(forWritingTo: plain)
            try gzip.run()
            gzip.waitUntilExit()
            let vocabulary = try JSONDecoder().decode(Vocabulary.self, from: Data(contentsOf: plain))
            try Data(text(vocabulary).utf8).write(to: file)
            return try TokenizerFile(reading: file).tokenizer()
        }
    }

    private static func text(_ vocabulary: Vocabulary) throws -> String {
        let small = try String(contentsOf: Fixtures.url("tokenizers/qwen_bpe_512/tokenizer.json"), encoding: .utf8)
        let start = try #require(small.range(of: "\"vocab\":")), base = vocabulary.vocab.count
        let head = small[..<start.lowerBound].replacing(#/"id":(\d+),/#) { match in
            "\"id\":\((Int(match.output.1) ?? 0) - 486 + base),"
        }
        func quoted(_ text: String) -> String {
            "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
        }
        let tokens = vocabulary.vocab.enumerated().map { "\(quoted($1)):\($0)" }
        return head + "\"vocab\":{" + tokens.joined(separator: ",") + "},\"merges\":["
            + vocabulary.merges.map(quoted).joined(separator: ",") + "]}}"
    }

    @Test func everyIdOfEveryStringIsTheReferences() throws {
        let golden = try #require(Self.folder), tokenizer = try Self.tokenizer()
        func read<Value: Decodable>(_ name: String) throws -> Value {
            try JSONDecoder().decode(Value.self, from: Data(contentsOf: golden.appendingPathComponent(name)))
        }
        let samples: [Sample] = try read("strings.json"), expected: Ids = try read("qwen2_real.ids.json")
        #expect(samples.count == 300 && expected.ids.count == 300 && tokenizer.vocabularySize == 151_669)
        for (sample, ids) in zip(samples, expected.ids) {
            #expect(tokenizer.encode(sample.text) == ids, "\(sample.text.debugDescription)")
        }
        let cases: [Case] = try read("qwen2_real.llamacpp_cases.json")
        #expect(cases.count == 47)
        for one in cases { #expect(tokenizer.encode(one.text) == one.ids, "\(one.text.debugDescription)") }
        try ChatTemplateTests.expectGoldens(tokenizer, { $0.ids_qwen2_real })
    }
}
