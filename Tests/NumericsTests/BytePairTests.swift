import Foundation
import Tensors
import Testing
import Tokenizers

private struct Ids: Decodable { let ids: [[Int32]], decoded: [String]? }
private struct Sample: Decodable { let text: String }

/// Laws of byte-level BPE, and the reference library's ids.
@Suite struct BytePairTests {
    let qwen: any Tokenizer, llama: any Tokenizer
    init() throws {
        qwen = try Self.tokenizer("qwen_bpe_2k")
        llama = try Self.tokenizer("llama3_bpe_512")
    }

    private static func tokenizer(_ name: String) throws -> any Tokenizer {
        try TokenizerFile(reading: Fixtures.url("tokenizers/\(name)/tokenizer.json")).tokenizer()
    }

    @Test(arguments: ["qwen_bpe_2k", "qwen_bpe_512", "llama3_bpe_512"])
    func idsAndTextsAreThoseOfTheReferenceLibrary(_ name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        let samples: [Sample] = try Fixtures.json("tokenizers/strings.json")
        let expected: Ids = try Fixtures.json("tokenizers/\(name).ids.json")
        #expect(samples.count == 300 && expected.ids.count == 300)
        for (sample, ids) in zip(samples, expected.ids) {
            #expect(tokenizer.encode(sample.text) == ids, "\(sample.text.debugDescription)")
        }
        for (ids, text) in zip(expected.ids, expected.decoded ?? []) {
            #expect(Array(tokenizer.decode(ids).unicodeScalars) == Array(text.unicodeScalars), "\(ids)")
        }
        #expect(tokenizer.vocabularySize == (name == "qwen_bpe_2k" ? 2048 : 512))
    }

    /// Without composition every text comes back; with it, its composed form.
    @Test func aTextComesBackFromItsIds() {
        var random = SeededText(state: 3)
        for round in 0..<400 {
            let text = random.text(parts: 1 + round % 20, length: 1 + round % 60)
            let back = llama.decode(llama.ids(of: text, atMost: .max))
            #expect(Array(back.utf8) == Array(text.utf8), "round \(round)")
            let composed = qwen.decode(qwen.encode(text))
            #expect(composed == text, "round \(round): equal by canonical equivalence")
            #expect(qwen.encode(composed) == qwen.encode(text), "round \(round)")
        }
    }

    /// Composed and decomposed text is one, as far as the reference's Unicode knows its characters.
    @Test func canonicallyEquivalentTextsHaveTheSameIds() {
        var random = SeededText(state: 4)
        for round in 0..<400 {
            let text = random.text(parts: 1 + round % 6, length: 1 + round % 30) { ($0.properties.age?.major ?? 99) <= 9 }
            #expect(qwen.encode(text) == qwen.encode(text.decomposedStringWithCanonicalMapping), "round \(round)")
        }
        #expect(qwen.encode("\u{ac00}\u{11a8}") == qwen.encode("\u{ac01}"))
        #expect(qwen.encode("a\u{301}\u{323}") == qwen.encode("\u{1ea1}\u{301}"))
    }

    @Test func theBeginningIsThatOfTheWhole() {
        var random = SeededText(state: 5)
        for round in 0..<40 {
            let text = random.text(parts: 1 + round, length: 300), whole = llama.encode(text)
            for count in [1, 2, 3, 16, 128, whole.count - 1, whole.count, whole.count + 1] where count > 0 {
                #expect(llama.encode(text, maxTokens: count) == Array(whole.prefix(count)), "round \(round), \(count)")
            }
        }
    }

    @Test func aCutTextKeepsTheTokenizersOwnAndSaysThatItWasCut() throws {
        let text = "one two three four five six seven eight nine ten", whole = llama.encode(text), count = whole.count
        for truncation in Truncation.allCases {
            let uncut = llama.encode(text, maxTokens: count, cutting: truncation)
            #expect(uncut == Encoding(ids: whole, total: count) && !uncut.isCut)
            let none = llama.encode(text, maxTokens: 0, cutting: truncation)
            #expect(none.ids == llama.prefix && none.total == count && none.isCut)
        }
        let body = whole.dropFirst()
        #expect(llama.encode(text, maxTokens: 6, cutting: .tail).ids == llama.prefix + body.prefix(5))
        #expect(llama.encode(text, maxTokens: 6, cutting: .tail).ids == llama.encode(text, maxTokens: 6))
        #expect(llama.encode(text, maxTokens: 6, cutting: .head).ids == llama.prefix + body.suffix(5))
        #expect(llama.encode(text, maxTokens: 6, cutting: .middle).ids == llama.prefix + body.prefix(3) + body.suffix(2))
        let bert = try WordPiece(reading: Fixtures.url("bert_tiny/tokenizer.json"))
        let sentence = bert.encode(text)
        #expect(bert.encode(text, maxTokens: 4, cutting: .head).ids == [2] + sentence.dropLast().suffix(2) + [3])
        #expect(
            bert.encode(text, maxTokens: 4, cutting: .tail) == Encoding(ids: sentence.prefix(3) + [3], total: sentence.count))
    }

    /// A word's ids don't depend on what was tokenised before, nor on how many do it at once.
    @Test func idsDoNotDependOnWhatCameBefore() throws {
        let texts = (0..<64).map { seed in
            var random = SeededText(state: UInt64(seed))
            return (0..<40).map { _ in random.text(parts: 3, length: 8) }.joined(separator: " ")
        }
        let expected = try texts.map { try Self.tokenizer("qwen_bpe_512").encode($0) }
        let shared = try Self.tokenizer("qwen_bpe_512")
        let found = Threads(4).map(4 * texts.count) { shared.encode(texts[$0 % texts.count], maxTokens: .max - $0) }
        for (index, ids) in found.enumerated() { #expect(ids == expected[index % texts.count]) }
    }

    /// Each would take minutes were it quadratic: one word, blanks, marks in no order, syllables of letters.
    @Test(arguments: ["a", "ab", " ", "\n", "\u{301}\u{323}", "\u{1100}\u{1161}", "é", "<", "<|im_end|", "1", "'"])
    func aLongWordTakesNoLongerThanItsLength(_ unit: String) {
        let text = "x" + String(repeating: unit, count: 400_000 / unit.utf8.count)
        for tokenizer in [qwen, llama] {
            let back = tokenizer.decode(tokenizer.ids(of: text, atMost: .max))
            #expect(back.utf8.count > 100_000)
        }
        // Of many equal letters the merges are those of few: what a short word becomes is in the long one.
        #expect(llama.ids(of: String(repeating: "=", count: 64), atMost: .max).count > 0)
    }

    /// Short words and long ones are merged by different means.
    @Test func aLongWordIsMergedAsAShortOne() {
        var random = SeededText(state: 6)
        for round in 0..<200 {
            let word = String(
                (0..<20 + random.below(60)).map { _ in Character(["e", "r", "t", "h", "i", "n", "s"][random.below(7)]) })
            // The reference merges "word" alone and behind a token that is no letter alike.
            let alone = qwen.encode(word), behind = qwen.encode("<|im_end|>" + word + "<|im_end|>")
            #expect(Array(behind.dropFirst().dropLast()) == alone, "round \(round)")
            #expect(qwen.decode(alone) == word)
        }
    }
}

/// Random texts of all kinds of scalars, the same for a seed.
struct SeededText {
    var state: UInt64

    mutating func below(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }

    private static let alphabets: [[ClosedRange<UInt32>]] = [
        [0x20...0x7e], [0x61...0x7a, 0x20...0x20], [0x09...0x0d, 0x20...0x20, 0xa0...0xa0, 0x2000...0x200a], [0x30...0x39],
        [0x300...0x36f, 0x61...0x61], [0xc0...0x24f, 0x1e00...0x1fff], [0xac00...0xd7a3], [0x1100...0x11ff],
        [0x4e00...0x4fff, 0x61...0x61], [0xf900...0xfaff, 0x2f800...0x2fa1d], [0x900...0xdff], [0x590...0x6ff], [0x80...0xd7ff],
        [0x1f300...0x1faff], [0xe000...0x10ffff],
    ]

    mutating func text(parts: Int, length: Int, where isWanted: (Unicode.Scalar) -> Bool = { _ in true }) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<parts {
            let alphabet = Self.alphabets[below(Self.alphabets.count)]
            for _ in 0..<1 + below(length) {
                let range = alphabet[below(alphabet.count)]
                if let scalar = Unicode.Scalar(range.lowerBound + UInt32(below(range.count))), isWanted(scalar) {
                    text.append(scalar)
                }
            }
        }
        return String(text)
    }
}
