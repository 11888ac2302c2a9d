import Foundation
import Testing
import Tokenizers

/// Files of byte-level BPE: all forms that are published, and those that are refused.
@Suite struct BytePairFileTests {
    private static let file = "tokenizers/qwen_bpe_512/tokenizer.json"
    private static let split = #"\\p{N}| ?[^"#

    @Test(arguments: [
        ("\"BPE\"", "\"Unigram\"", "\"model\" is of type \"Unigram\""),
        ("\"vocab\"", "\"wordlist\"", "no \"vocab\""),
        ("\"merges\"", "\"pairs\"", "no list \"merges\""),
        ("\"NFC\"", "\"NFKC\"", "\"normalizer\" is of type \"NFKC\"; only \"NFC\""),
        ("\"pre_tokenizer\"", "\"words\"", "no \"pre_tokenizer\""),
        ("\"type\":\"Split\"", "\"type\":\"Digits\"", "\"pre_tokenizer\" is of type \"Digits\""),
        ("\"Isolated\"", "\"Removed\"", "\"Removed\"; only \"Isolated\""),
        ("\"invert\":false", "\"invert\":true", "not inverted"),
        ("\"use_regex\":false", "\"use_regex\":true", "use_regex"),
        (split, #"\\p{N}{1,4}| ?[^"#, "the patterns of GPT-2, Qwen2 and Llama-3 are supported"),
        (
            "\"end_of_word_suffix\":\"\"", "\"end_of_word_suffix\":\"</w>\"",
            "\"end_of_word_suffix\" in \"model\" is not supported"
        ),
        ("\"dropout\":null", "\"dropout\":0.1", "\"dropout\""),
        ("\"unk_token\":null", "\"unk_token\":\"nothing\"", "the unknown token \"nothing\" is not in \"vocab\""),
        ("\"!\":0", "\"!\":-1", "the id of \"!\" in \"vocab\" is no whole number"),
        ("\"!\":0", "\"!\":4294967296", "the id of \"!\" in \"vocab\" is no whole number"),
        ("\"!\":0", "\"!\":1.5", "the id of \"!\" in \"vocab\" is no whole number"),
        ("\"!\":0", "\"!\":1", "two tokens of \"vocab\" have the id 1"),
        ("\"!\":0", "\"!\":0,\"!\":600", "\"!\" stands twice in \"vocab\""),
        ("[\"Ġ\",\"Ġ\"]", "[\"Ġ\",\"Ġ\",\"Ġ\"]", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "[\"Ġ\"]", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "[\"Ġ\",1]", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "[\"\",\"Ġ\"]", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "7", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "\"Ġ Ġ Ġ\"", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "\"ĠĠ\"", "merge 0 (from 0) is no pair of tokens"),
        ("[\"Ġ\",\"Ġ\"]", "[\"語\",\"Ġ\"]", "merge 0 (from 0) has \"語Ġ\", which is not in \"vocab\""),
        ("[\"Ġ\",\"Ġ\"]", "[\"Ġ\",\"a\\n\"]", "merge 0 (from 0) has \"Ġa\\n\", which is not in \"vocab\""),
        ("\"content\":\"<think>\"", "\"contents\":\"<think>\"", "an entry of \"added_tokens\" has no content"),
        (
            "\"added_tokens\":[", "\"added_tokens\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "too many brackets"
        ),
    ])
    func aFileOfAnotherKindIsRefusedByThePart(_ old: String, _ new: String, _ message: String) throws {
        let error = #expect(throws: TokenizerError.self) { try edited { $0.replacingOccurrences(of: old, with: new) } }
        let text = try #require(error?.description)
        #expect(text.contains(message) && text.contains("tokenizer.json") && !text.contains("\n"), "\(text)")
    }

    /// Any file that is cut short, and most that have another byte somewhere, are no tokenizer; none ends the program.
    @Test func aDamagedFileIsAnErrorOrAnotherTokenizer() throws {
        let bytes = Array(try Data(contentsOf: Fixtures.url(Self.file)))
        var random = SeededText(state: 8)
        try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("tokenizer.json")
            for round in 0..<600 {
                var damaged = bytes
                for _ in 0...random.below(3) { damaged[random.below(damaged.count)] = UInt8(random.below(256)) }
                if round % 3 == 0 { damaged.removeLast(1 + random.below(damaged.count - 1)) }
                try Data(damaged).write(to: file)
                do {
                    let tokenizer = try TokenizerFile(reading: file).tokenizer()
                    let ids = tokenizer.encode("The quick <think> brown\n 'ſ é 各 123")
                    #expect(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.vocabularySize })
                    #expect(round % 3 != 0)
                } catch let error as TokenizerError {
                    #expect(!error.description.contains("\n"), "\(error)")
                }
            }
        }
    }

    /// A file of few bytes with a huge id costs no memory.
    @Test func aHighIdIsAnId() throws {
        let tokenizer = try edited { $0.replacingOccurrences(of: "\"!\":0", with: "\"!\":2147483646") }
        #expect(tokenizer.encode("!") == [2_147_483_646] && tokenizer.vocabularySize == 2_147_483_647)
        #expect(tokenizer.decode([2_147_483_646]) == "!" && tokenizer.highestToken == "!")
    }

    @Test func mergesAreTheSameInBothForms() throws {
        let tokenizer = try original(),
            older = try edited { text in
                text.replacing(#/\["([^"\s\\]+)","([^"\s\\]+)"\]/#) { "\"\($0.output.1) \($0.output.2)\"" }
            }
        for text in ["The quick brown fox", "self.assertEqual(a, b)\n    return", "各位 été"] {
            #expect(older.encode(text) == tokenizer.encode(text))
        }
    }

    @Test func withoutTokenForAByteTheFileSaysWhatStandsForIt() throws {
        let list = "\"!\":0", without = "\"<0x21>\":0"
        func encoded(_ changes: (String, String)...) throws -> [Int32] {
            try edited { text in
                changes.reduce(text.replacingOccurrences(of: list, with: without)) {
                    $0.replacingOccurrences(of: $1.0, with: $1.1)
                }
            }.encode("#!!&")
        }
        let sharp = try original().encode("#")[0], and = try original().encode("&")[0]
        #expect(try encoded() == [sharp, and])
        #expect(try encoded(("\"unk_token\":null", "\"unk_token\":\"$\"")) == [sharp, 3, 3, and])
        let fused = ("\"fuse_unk\":false", "\"fuse_unk\":true")
        #expect(try encoded(("\"unk_token\":null", "\"unk_token\":\"$\""), fused) == [sharp, 3, and])
        #expect(try encoded(("\"byte_fallback\":false", "\"byte_fallback\":true")) == [sharp, 0, 0, and])
    }

    @Test func addedTokensAreFoundAsTheirFlagsSay() throws {
        let tokens = [
            #"{"id":600,"content":"<m>","single_word":false,"lstrip":true,"rstrip":true,"normalized":false,"special":true}"#,
            #"{"id":601,"content":"zq","single_word":true,"lstrip":false,"rstrip":false,"normalized":false,"special":false}"#,
            #"{"id":602,"content":"é","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false}"#,
        ]
        let list = "\"added_tokens\":["
        let tokenizer = try edited { $0.replacingOccurrences(of: list, with: list + tokens.joined(separator: ",") + ",") }
        let a = try original().encode("a")[0], inside = try original().encode("azq")
        #expect(tokenizer.encode("a \n<m> \n a") == [a, 600, a])
        #expect(tokenizer.encode("zq")[0] == 601 && tokenizer.encode("azq") == inside)
        #expect(tokenizer.encode("ae\u{301}a") == [a, 602, a])
        #expect(tokenizer.decode([600, 601]) == "<m>zq")
    }

    private func original() throws -> any Tokenizer { try TokenizerFile(reading: Fixtures.url(Self.file)).tokenizer() }

    /// The small Qwen tokenizer with its file changed.
    @discardableResult
    private func edited(_ change: (String) -> String) throws -> any Tokenizer {
        let text = try String(contentsOf: Fixtures.url(Self.file), encoding: .utf8)
        let changed = change(text)
        try #require(Array(changed.utf8) != Array(text.utf8), "nothing was changed")
        return try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("tokenizer.json")
            try changed.write(to: file, atomically: true, encoding: .utf8)
            return try TokenizerFile(reading: file).tokenizer()
        }
    }
}
