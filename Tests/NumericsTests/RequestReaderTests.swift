import Backbones
import Foundation
import Tensors
import Testing
import Tokenizers

/// What of a request a backbone reads, how it is cut, and what is known of it already.
@Suite struct RequestReaderTests {
    private typealias Turn = Conversation.Turn

    private func directory(_ name: String = "decoders/qwen3_tiny") throws -> ModelDirectory {
        try ModelDirectory(reading: Fixtures.url(name))
    }

    private static let chat = Conversation(turns: [
        Turn(role: "system", content: "Be brief."), Turn(role: "user", content: "What is 17 + 25?"),
        Turn(role: "assistant", content: "42"), Turn(role: "user", content: "And twice that?"),
    ])
    private static let words = (0..<120).map { "word\($0)" }.joined(separator: " ")

    @Test func theFolderSaysWhatIsRead() throws {
        #expect(try directory().prompt == .chat && directory().isDecoder)
        // No template.
        #expect(try directory("decoders/llama_tiny").prompt == .lastUser)
        #expect(try directory("bert_tiny").prompt == .lastUser && !directory("bert_tiny").isDecoder)
        try copy { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("1_Pooling"), withIntermediateDirectories: true)
            try Data(#"{"pooling_mode_lasttoken": true}"#.utf8).write(
                to: folder.appendingPathComponent("1_Pooling/config.json"))
            let directory = try ModelDirectory(reading: folder)
            #expect(directory.prompt == .lastUser && directory.readout == .last)
        }
    }

    @Test(arguments: ["qwen3_tiny", "qwen2_tiny", "llama3rope_tiny"])
    func eachPromptReadsItsPartOfARequest(_ name: String) throws {
        let directory = try directory("decoders/\(name)"), template = try ChatTemplate(reading: directory.url)
        let chat = try Encoder(directory).reader, tokenizer = chat.tokenizer
        #expect(chat.prompt == .chat)
        #expect(try chat.tokens(of: Self.chat) == tokens(template.encode(Self.chat, with: tokenizer).ids))
        let instructed = try Encoder(directory, system: "You dispatch.").reader
        let both = Conversation(turns: [Turn(role: "system", content: "You dispatch.")] + Self.chat.turns)
        #expect(try instructed.tokens(of: both.withoutFirst) == tokens(template.encode(both, with: tokenizer).ids))
        let last = try Encoder(directory, prompt: .lastUser).reader
        #expect(try last.tokens(of: Self.chat) == tokens(tokenizer.encode("And twice that?")))
        let transcript = try Encoder(directory, prompt: .transcript, system: "You dispatch.").reader
        #expect(try transcript.tokens(of: Self.chat) == tokens(tokenizer.encode(both.transcript)))
        let many = Array(repeating: Self.chat, count: 70)
        #expect(try chat.tokens(of: many, threads: Threads(2)) == many.map { try chat.tokens(of: $0) })
    }

    private func tokens(_ ids: [Int32]) -> RequestTokens { RequestTokens(ids: ids, isCut: false) }

    @Test(arguments: Prompt.allCases, Truncation.allCases)
    func aLongRequestIsCutWhereItIsToldAndSaysSo(_ prompt: Prompt, _ truncation: Truncation) throws {
        let request = Conversation(system: nil, user: String(Self.words.prefix(400))), directory = try directory()
        func read(_ limit: Int) throws -> RequestTokens {
            try Encoder(directory, prompt: prompt, truncation: truncation, maxTokens: limit).reader.tokens(of: request)
        }
        let whole = try read(512)
        #expect(!whole.isCut && whole.ids.count > 150)
        #expect(try read(whole.ids.count) == whole)
        for limit in [whole.ids.count - 1, 100, 41] {
            let cut = try read(limit)
            #expect(cut.isCut && cut.ids.count == limit)
            let first = zip(cut.ids, whole.ids).prefix { $0 == $1 }.count
            let last = zip(cut.ids.reversed(), whole.ids.reversed()).prefix { $0 == $1 }.count
            #expect(first + last >= limit)
            // The frame of a chat is some twenty tokens; what is kept of the text itself follows from the cut.
            switch truncation {
            case .head: #expect(first < 20)
            case .tail: #expect(last < 20)
            case .middle: #expect(abs(first - last) < 20)
            }
        }
    }

    @Test func aRequestsOwnInstructionIsCutOnceAllElseIs() throws {
        let reader = try Encoder(directory(), maxTokens: 60).reader
        let bare = try reader.tokens(of: Conversation(system: nil, user: "Hi")).ids
        for turns in [
            [Turn(role: "system", content: Self.words)],
            [.init(role: "system", content: Self.words), .init(role: "user", content: "Hi")],
        ] {
            let read = try reader.tokens(of: Conversation(turns: turns))
            #expect(read.isCut && read.ids.count == 60)
            #expect(read.ids.suffix(8) == bare.suffix(8))
        }
    }

    @Test(arguments: ["qwen3_tiny", "qwen2_tiny", "llama3rope_tiny"])
    func noRoleOfAClientLeavesARequestUnread(_ name: String) throws {
        let reader = try Encoder(directory("decoders/\(name)")).reader
        for role in ["developer", "tool", "function", "critic", ""] {
            let call = Conversation.ToolCall(name: "f", arguments: "{}")
            let turns = [
                Turn(role: role, content: "seven"), Turn(role: "assistant", content: "", calls: [call]),
                Turn(role: role, content: "eight"),
            ]
            let ids = try reader.tokens(of: Conversation(turns: turns, tools: ["{}"])).ids
            #expect(reader.tokenizer.decode(ids).contains("eight"), "\(role)")
        }
        #expect(try !reader.tokens(of: Conversation(turns: [])).ids.isEmpty)
    }

    @Test func anInstructionThatCannotBeReadIsRefused() throws {
        let directory = try directory()
        let unread = #expect(throws: ModelError.self) { try Encoder(directory, prompt: .lastUser, system: "You dispatch.") }
        #expect(unread?.description.contains("embed.system") == true)
        let long = #expect(throws: ModelError.self) { try Encoder(directory, system: Self.words, maxTokens: 40) }
        #expect(long?.description.contains("max tokens is 40") == true)
        #expect(throws: TokenizerError.self) { try Encoder(self.directory("decoders/llama_tiny"), prompt: .chat) }
    }

    @Test func aTemplateThatIsNotOursSaysHowToDoWithoutIt() throws {
        try copy { folder in
            try Data("{% for message in messages %}{{ message.content }}".utf8).write(
                to: folder.appendingPathComponent("chat_template.jinja"))
            let directory = try ModelDirectory(reading: folder)
            let error = #expect(throws: ModelError.self) { try Encoder(directory) }
            #expect(error?.description.contains("chat_template.jinja") == true)
            #expect(error?.description.contains("embed.prompt: last_user") == true)
            _ = try Encoder(directory, prompt: .lastUser)
            // Who asks for a chat is told about the template alone.
            #expect(throws: TokenizerError.self) { try Encoder(directory, prompt: .chat) }
        }
    }

    @Test func aDecoderReadsAFewThousandTokensUnlessItIsToldToReadMore() throws {
        try copy { folder in
            let file = folder.appendingPathComponent("config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            let long = text.replacing(#/"max_position_embeddings": \d+/#, with: #""max_position_embeddings": 40960"#)
            try Data(long.utf8).write(to: file)
            let directory = try ModelDirectory(reading: folder)
            #expect(try Encoder(directory).maxTokens == Encoder.defaultMaxTokens)
            #expect(try Encoder(directory, maxTokens: 40_960).maxTokens == 40_960)
            #expect(throws: ModelError.self) { try Encoder(directory, maxTokens: 40_961) }
        }
    }

    // MARK: Beginnings

    @Test(arguments: [Precision.f32, .bf16, .int8])
    func whatTextsBeginWithIsComputedOnceAndChangesNoBit(_ precision: Precision) throws {
        let encoder = try Encoder(directory(), system: String(Self.words.prefix(300)), precision: precision)
        let texts = (0..<23).map { "question \($0) " + Self.words.prefix($0 * 11) } + ["question 3 ", "question 3 "]
        let together = try encoder.states(for: texts, threads: Threads(2))
        #expect(try encoder.states(for: texts, threads: .one) == together)
        for (index, text) in texts.enumerated() {
            #expect(try encoder.states(for: [text], threads: .one).scalars == Array(together[row: index]), "\(index)")
        }
    }

    @Test(arguments: [Precision.f32, .int8], [0, 50_000, 400_000, 1 << 24])
    func whatAServerKeepsChangesNoBitAndStaysInItsBounds(_ precision: Precision, _ bytes: Int) throws {
        let plain = try Encoder(directory(), system: "You dispatch.", precision: precision)
        var serving = plain
        let cache = PrefixCache(bytes: bytes)
        serving.prefixes = cache
        var turns: [Turn] = [], work: [Int] = []
        for turn in 0..<6 {
            turns.append(
                Turn(role: turn % 2 == 0 ? "user" : "assistant", content: String(Self.words.dropFirst(31 * turn).prefix(120))))
            for turns in [turns, Array(turns.suffix(1))] {
                let tokens = [try plain.reader.tokens(of: Conversation(turns: turns))]
                work.append(serving.newTokens(of: tokens[0]))
                #expect(plain.newTokens(of: tokens[0]) == tokens[0].ids.count)
                let states = try plain.states(of: tokens, threads: .one)
                #expect(try serving.states(of: tokens, threads: Threads(2)) == states, "turn \(turn)")
                #expect(try serving.states(of: tokens, threads: .one) == states, "turn \(turn), again")
                #expect(cache.bytes <= bytes)
            }
        }
        // The last transcript's pass is that of its last turn, where there was memory for all before.
        if bytes == 1 << 24 { #expect(work[10] < 120) }
        if bytes == 0 { #expect(cache.bytes == 0) }
    }

    /// A copy of the small Qwen3 that may be changed.
    private func copy(_ body: (URL) throws -> Void) throws {
        try Fixtures.folder { folder in
            for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
                try FileManager.default.copyItem(
                    at: Fixtures.url("decoders/qwen3_tiny/\(name)"), to: folder.appendingPathComponent(name))
            }
            try body(folder)
        }
    }
}

extension Conversation {
    fileprivate var withoutFirst: Conversation { Conversation(turns: Array(turns.dropFirst())) }
}
