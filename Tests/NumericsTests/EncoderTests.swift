import Backbones
import Foundation
import Synchronization
import Tensors
import Testing
import Tokenizers

private struct Sentences: Decodable {
    let sentences: [String]
    let ids: [[Int32]]
    let sha256_model_safetensors: String
}

@Suite(.enabled(if: Fixtures.miniLM != nil, Fixtures.withoutMiniLM))
struct EncoderTests {
    let directory: ModelDirectory
    let encoder: Encoder
    fileprivate let golden: Sentences

    init() throws {
        directory = try ModelDirectory(reading: try #require(Fixtures.miniLM))
        encoder = try Encoder(directory)
        golden = try Fixtures.json("minilm/sentences.json")
    }

    @Test func theDirectorySaysHowTextsBecomeVectors() throws {
        #expect(encoder.readout == .mean && encoder.normalizes && encoder.maxTokens == 256 && encoder.width == 384)
        #expect(try directory.weightsSHA256() == golden.sha256_model_safetensors)
        #expect(throws: ModelError.self) { try Encoder(directory, maxTokens: 513) }
    }

    @Test func vectorsAreThoseOfTheReference() throws {
        let states = try encoder.states(for: golden.sentences, threads: Threads(2))
        let weights = try MappedWeights(reading: Fixtures.url("minilm/golden.safetensors"))
        let expected = try weights.tensor(named: "embedding", shape: [56, 384])
        for (index, ids) in golden.ids.enumerated() {
            #expect(encoder.tokenizer.encode(golden.sentences[index], maxTokens: 256) == ids)
            let (_, largest) = distance(states[row: index], expected[row: index])
            #expect(largest < 2e-6, "sentence \(index): \(largest)")
        }
        let means = try Encoder(directory, normalizes: false).states(for: golden.sentences, threads: .one)
        #expect(distance(means.scalars, try weights.tensor(named: "mean", shape: [56, 384]).scalars).relative < 1e-5)
        for index in [0, 2, 12] {
            let levels = try #require(encoder.model as? BERT).hiddenStates(of: PackedBatch([golden.ids[index]]))
            let expected = try weights.tensor(named: "hidden.\(index)", shape: [7, golden.ids[index].count, 384])
            #expect(distance(levels.flatMap(\.scalars), expected.scalars).relative < 1e-5)
        }
    }

    @Test(arguments: [
        (
            "Which planet of the solar system has the most moons?", 13,
            [0.059340, -0.031193, -0.047492, -0.022374, 0.002142, -0.059780, 0.002977, 0.055489] as [Float]
        ),
        (
            "Write a Python function that returns the n-th Fibonacci number.\n\nassert fib(10) == 55", 27,
            [-0.050399, 0.101835, -0.063480, 0.013896, -0.050304, -0.016491, -0.006612, 0.033353]
        ),
        (
            "Tom has 3 boxes with 12 pencils each. He gives 7 pencils away; how many are left? Ärger, naïve café, 答案 = $3\\times 12-7$.",
            42, [0.009752, 0.023255, -0.012057, 0.004634, -0.076608, 0.016198, 0.120103, -0.072496]
        ),
    ])
    func probesHaveTheirTokensAndNumbers(_ text: String, _ tokens: Int, _ numbers: [Float]) throws {
        #expect(encoder.tokenizer.encode(text).count == tokens)
        #expect(distance(try encoder.states(for: [text]).scalars.prefix(8), numbers).largest < 1e-5)
    }

    @Test func theBitsDependNeitherOnThreadsNorOnTheOtherTexts() throws {
        let texts = golden.sentences + golden.sentences.map { "\($0) and more of it" }
        let one = try encoder.states(for: texts, threads: .one)
        for count in [2, 3] { #expect(try encoder.states(for: texts, threads: Threads(count)) == one) }
        for index in stride(from: 0, to: texts.count, by: 5) {
            #expect(try encoder.states(for: [texts[index]], threads: Threads(2)).scalars == Array(one[row: index]))
        }
    }

    @Test func progressEndsWithTheNumberOfTexts() throws {
        let last = Mutex(0)
        let texts = (0..<40).map { String(repeating: "word ", count: 3 + $0) }
        #expect(
            try encoder.states(for: texts, threads: Threads(2)) { count in last.withLock { $0 = max($0, count) } }.rows == 40)
        #expect(last.withLock { $0 } == 40)
        #expect(try encoder.states(for: []).shape == [0, 384])
    }
}
