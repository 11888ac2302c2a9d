import Foundation
import Testing
import Tokenizers

private struct Ids: Decodable { let ids: [[Int32]] }
private struct Sample: Decodable { let text: String }

@Suite struct WordPieceTests {
    let tiny: WordPiece
    init() throws { tiny = try WordPiece(reading: Fixtures.url("bert_tiny/tokenizer.json")) }

    @Test func idsAreThoseOfTheReferenceLibrary() throws {
        try expectIds(of: tiny, in: "bert_wp_512")
        #expect(tiny.vocabularySize == 512)
    }

    @Test(.enabled(if: Fixtures.miniLM != nil, Fixtures.withoutMiniLM))
    func idsOfTheRealVocabularyAreThoseOfTheReferenceLibrary() throws {
        let folder = try #require(Fixtures.miniLM)
        let tokenizer = try WordPiece(reading: folder.appendingPathComponent("tokenizer.json"))
        try expectIds(of: tokenizer, in: "minilm_wordpiece")
        #expect(tokenizer.vocabularySize == 30522)
        #expect(tokenizer.decode(tokenizer.encode("Don't embed, unbelievably!")) == "[CLS] don ' t embed, unbelievably! [SEP]")
    }

    private func expectIds(of tokenizer: WordPiece, in name: String) throws {
        let samples: [Sample] = try Fixtures.json("tokenizers/strings.json")
        let expected: Ids = try Fixtures.json("tokenizers/\(name).ids.json")
        #expect(samples.count == 300 && expected.ids.count == 300)
        for (sample, ids) in zip(samples, expected.ids) {
            #expect(tokenizer.encode(sample.text) == ids, "\(sample.text.debugDescription)")
        }
    }

    @Test func truncationKeepsTheTemplate() {
        let whole = tiny.encode("a long sentence with many words in it")
        #expect(tiny.encode("a long sentence with many words in it", maxTokens: whole.count) == whole)
        #expect(tiny.encode("a long sentence with many words in it", maxTokens: 6) == whole.prefix(5) + [3])
        #expect(tiny.encode("a long sentence", maxTokens: 1) == [2, 3])
    }

    @Test func addedWordsAreFoundAsTheirFlagsSay() throws {
        let tokens = [
            #"{"id": 600, "content": "qq", "single_word": true, "lstrip": false, "rstrip": false, "normalized": false, "special": false}"#,
            #"{"id": 601, "content": "<m>", "single_word": false, "lstrip": true, "rstrip": true, "normalized": false, "special": true}"#,
            #"{"id": 602, "content": "ZÉ!", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}"#,
        ]
        let list = "\"added_tokens\":["
        let tokenizer = try edited { $0.replacingOccurrences(of: list, with: list + tokens.joined(separator: ",") + ",") }
        let a = tiny.encode("a")[1]
        #expect(tokenizer.encode("a qq a") == [2, a, 600, a, 3])
        #expect(tokenizer.encode("aqq") == tiny.encode("aqq"))
        #expect(tokenizer.encode("a  <m> \n a") == [2, a, 601, a, 3])
        #expect(tokenizer.encode("a ze! a ZÉ!") == [2, a, 602, a, 602, 3])
        #expect(tokenizer.decode([600, 601]) == "qq <m>")
    }

    @Test(arguments: [
        ("\"model\":{\"type\":\"WordPiece\"", "\"model\":{\"type\":\"Unigram\"", "\"model\" is of type \"Unigram\""),
        ("\"model\":{\"type\":\"WordPiece\"", "\"model\":{\"type\":\"BPE\"", "\"normalizer\" is of type \"BertNormalizer\""),
        ("\"vocab\"", "\"wordlist\"", "no \"vocab\""),
        ("\"BertNormalizer\"", "\"NFC\"", "\"normalizer\" is of type \"NFC\""),
        ("\"BertPreTokenizer\"", "\"ByteLevel\"", "\"pre_tokenizer\" is of type \"ByteLevel\""),
        ("\"model\"", "\"mödel\"", "no \"model\""),
        ("\"unk_token\":\"[UNK]\"", "\"unk_token\":\"[WHAT]\"", "\"[WHAT]\" is not in \"vocab\""),
        ("\"[MASK]\":4", "\"[MASK]\":-4", "the id of \"[MASK]\" in \"vocab\" is no whole number"),
        ("\"[MASK]\":4", "\"[MASK]\":4294967298", "the id of \"[MASK]\" in \"vocab\" is no whole number"),
        ("\"[MASK]\":4", "\"[MASK]\":4,\"[CLS]\":2", "\"[CLS]\" stands twice in \"vocab\""),
        ("{\"id\":4,", "{\"id\":-1,", "the id of \"[MASK]\" in \"added_tokens\" is no whole number"),
        ("\"ids\":[2]", "\"ids\":[-2]", "the id of \"[CLS]\" in \"post_processor\" is no whole number"),
        ("\"ids\":[2]", "\"ids\":[9999]", "\"post_processor\" gives \"[CLS]\" the id 9999, which no token has"),
        (Self.template, Self.bert(cls: "4294967298"), "the id of \"[CLS]\" in \"post_processor\" is no whole number"),
        (Self.template, Self.bert(cls: "700"), "\"post_processor\" gives \"[CLS]\" the id 700, which no token has"),
    ])
    func aFileOfAnotherKindIsRefusedByTheMissingPart(_ old: String, _ new: String, _ message: String) throws {
        let error = #expect(throws: TokenizerError.self) { try edited { $0.replacingOccurrences(of: old, with: new) } }
        let text = try #require(error?.description)
        #expect(text.contains(message) && text.contains("tokenizer.json") && !text.contains("\n"), "\(text)")
    }

    private static let template = "\"post_processor\":{\"type\":\"TemplateProcessing\","
    private static func bert(cls: String) -> String {
        "\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"[CLS]\",\(cls)],\"sep\":[\"[SEP]\",3],"
    }

    @Test func theOlderTemplateGivesTheSameIds() throws {
        let older = try edited { $0.replacingOccurrences(of: Self.template, with: Self.bert(cls: "2")) }
        #expect(older.encode("a word") == tiny.encode("a word") && older.encode("").count == 2)
    }

    @Test(arguments: SafetensorsTests.brokenEscapes) func anEscapeThatIsNoneIsRefused(_ escape: String, _ message: String)
        throws
    {
        let error = #expect(throws: TokenizerError.self) {
            try edited { $0.replacingOccurrences(of: "\"[UNK]\"", with: "\"[UNK\(escape)]\"") }
        }
        let text = try #require(error?.description)
        #expect(text.contains(message) && !text.contains("\n"), "\(text)")
    }

    @Test func escapesAreTheirScalars() throws {
        let tokenizer = try edited {
            $0.replacingOccurrences(of: "\"[PAD]\"", with: #""\u0041\u00E9\ud83d\uDE00\/""#)
        }
        #expect(tokenizer.decode([0]) == "Aé😀/")
    }

    /// The tiny tokenizer with its file changed.
    @discardableResult
    private func edited(_ change: (String) -> String) throws -> WordPiece {
        let text = try String(contentsOf: Fixtures.url("bert_tiny/tokenizer.json"), encoding: .utf8)
        let changed = change(text)
        try #require(changed.utf8.count != text.utf8.count, "nothing was changed")
        return try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("tokenizer.json")
            try changed.write(to: file, atomically: true, encoding: .utf8)
            return try WordPiece(reading: file)
        }
    }
}
