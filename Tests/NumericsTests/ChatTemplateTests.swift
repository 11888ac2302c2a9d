import Foundation
import Testing
import Tokenizers

/// A chat as the reference library rendered it.
struct RenderedChat: Decodable {
    struct Options: Decodable { let enable_thinking: Bool? }
    let text: String
    let add_generation_prompt: Bool
    let kwargs: Options
    let ids_qwen_bpe_2k: [Int32], ids_qwen2_real: [Int32]
}

@Suite struct ChatTemplateTests {
    private struct Cases: Decodable { let cases: [RenderedChat] }

    /// Compares texts, and ids with `tokenizer`, with all that the reference rendered.
    static func expectGoldens(_ tokenizer: any Tokenizer, _ ids: (RenderedChat) -> [Int32]) throws {
        let template = try ChatTemplate(reading: Fixtures.url("tokenizers/qwen_bpe_2k"))
        let rendered = try Fixtures.json("tokenizers/chat_template.json", as: Cases.self).cases
        let file = try Data(contentsOf: Fixtures.url("tokenizers/chat_template.json"))
        // Foundation would lose the order of keys in a tool's description.
        let chats = try parts(of: Array(file))
        #expect(rendered.count == 18 && chats.count == 18)
        for (index, (expected, json)) in zip(rendered, chats).enumerated() {
            let chat = try Conversation(parsing: json), thinks = expected.kwargs.enable_thinking ?? true
            let text = try template.text(of: chat, prompts: expected.add_generation_prompt, thinks: thinks)
            #expect(Array(text.utf8) == Array(expected.text.utf8), "case \(index): \(text.debugDescription)")
            let encoding = try template.encode(chat, with: tokenizer, prompts: expected.add_generation_prompt, thinks: thinks)
            #expect(encoding == Encoding(ids: ids(expected), total: ids(expected).count), "case \(index)")
        }
    }

    /// The objects of the list "cases", as they stand in the file.
    private static func parts(of file: [UInt8]) throws -> [[UInt8]] {
        let key = Array("\"cases\"".utf8), start = try #require(file.ranges(of: key).first?.upperBound)
        var parts: [[UInt8]] = [], depth = 0, first = start, isInString = false, isEscaped = false
        for at in start..<file.count {
            let byte = file[at]
            if isInString {
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"):
                if depth == 0 { first = at }
                depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { parts.append(Array(file[first...at])) }
                if depth < 0 { return parts }
            default: break
            }
        }
        return parts
    }

    @Test func qwen3RendersAsTheReference() throws {
        let file = try Fixtures.url("tokenizers/qwen_bpe_2k/tokenizer.json")
        try Self.expectGoldens(TokenizerFile(reading: file).tokenizer()) { $0.ids_qwen_bpe_2k }
    }

    private static let ask = Conversation(turns: [
        .init(role: "system", content: " Be brief.\n"), .init(role: "user", content: " Hi "),
        .init(role: "assistant", content: "Yes?"), .init(role: "user", content: "Bye"),
    ])

    // The publishers' templates in short: what tells them apart, without their tools.
    private static let llama3 = """
        {% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + \
        '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}\
        {% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}
        """
    private static let llama31 = """
        {{- bos_token }}{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}{%- endif %}
        {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}{{- "Cutting Knowledge Date: December 2023\\n" }}
        {{- "Today Date: " + date_string + "\\n\\n" }}{{- system_message }}{{- "<|eot_id|>" }}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
        """
    private static let qwen2 = """
        {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
        You are a helpful assistant.<|im_end|>
        ' }}{% endif %}{{'<|im_start|>' + message['role'] + '
        ' + message['content'] + '<|im_end|>' + '
        '}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
        ' }}{% endif %}
        """

    @Test func llama3TrimsTurnsAndBeginsWithItsToken() throws {
        let head = "<|start_header_id|>", end = "<|end_header_id|>\n\n"
        let turns =
            "\(head)user\(end)Hi<|eot_id|>\(head)assistant\(end)Yes?<|eot_id|>\(head)user\(end)Bye<|eot_id|>\(head)assistant\(end)"
        #expect(
            try ChatTemplate(Self.llama3, begin: "<b>").text(of: Self.ask)
                == "<b>\(head)system\(end)Be brief.<|eot_id|>" + turns)
        #expect(
            try ChatTemplate(Self.llama31, begin: "<b>").text(of: Self.ask)
                == "<b>\(head)system\(end)Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nBe brief.<|eot_id|>"
                + turns)
    }

    @Test func qwen2HasAnInstructionOfItsOwn() throws {
        let template = try ChatTemplate(Self.qwen2), user = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        let own = try template.text(of: Conversation(system: nil, user: "Hi"))
        #expect(own == "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" + user)
        #expect(try template.text(of: Conversation(system: "", user: "Hi")) == "<|im_start|>system\n<|im_end|>\n" + user)
    }

    @Test func anUnknownTemplateIsRefusedByNameOfThoseSupported() throws {
        let qwen3 = try String(
            contentsOf: Fixtures.url("tokenizers/qwen_bpe_2k/tokenizer_config.json"), encoding: .utf8)
        for text in [
            "", "{{ messages }}", "[INST] {{ message['content'] }} [/INST]", qwen3.replacing("last_query_index", with: "x"),
        ] {
            let error = #expect(throws: TokenizerError.self) { try ChatTemplate(text) }
            #expect(error?.description.contains("Qwen3's") == true && error?.description.contains("\n") == false)
        }
        let error = #expect(throws: TokenizerError.self) { try ChatTemplate(reading: Fixtures.url("tokenizers/qwen_bpe_512")) }
        #expect(error?.description.contains("no chat template") == true)
        #expect(throws: TokenizerError.self) {
            try ChatTemplate(Self.llama3).text(of: Conversation(turns: [.init(role: "tool", content: "7")]))
        }
    }

    @Test func aCutChatKeepsInstructionAndPrompt() throws {
        let directory = try Fixtures.url("tokenizers/qwen_bpe_2k"), template = try ChatTemplate(reading: directory)
        let tokenizer = try TokenizerFile(reading: directory.appendingPathComponent("tokenizer.json")).tokenizer()
        let words = (0..<200).map { "word\($0)" }.joined(separator: " ")
        for user in [words, "\n\n" + words, "\u{301}" + words] {
            let chat = Conversation(system: "You are a router.", user: user)
            let whole = try template.encode(chat, with: tokenizer)
            #expect(!whole.isCut)
            let bare = try template.encode(Conversation(system: "You are a router.", user: ""), with: tokenizer).ids
            let behind = tokenizer.encode("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
            for truncation in Truncation.allCases {
                for limit in [bare.count, bare.count + 1, bare.count + 40, whole.total - 1] {
                    let cut = try template.encode(chat, with: tokenizer, maxTokens: limit, cutting: truncation)
                    #expect(cut.ids.count == limit && cut.total == whole.total && cut.isCut)
                    #expect(Array(cut.ids.suffix(behind.count)) == behind)
                    #expect(cut.ids.prefix(bare.count - behind.count - 1) == bare.prefix(bare.count - behind.count - 1))
                }
                // Less than the frame can't be had.
                let least = try template.encode(chat, with: tokenizer, maxTokens: 3, cutting: truncation)
                #expect(least.ids.count == bare.count)
            }
        }
    }

    @Test func theTranscriptIsALineATurn() {
        let chat = Conversation(turns: [.init(role: "user", content: "2+2?"), .init(role: "assistant", content: "4")])
        #expect(chat.transcript == "user: 2+2?\nassistant: 4")
    }

    @Test(arguments: [
        ("{}", "no list \"messages\""), (#"{"messages":[{"content":"a"}]}"#, "message 0 (from 0): no \"role\""),
        (#"{"messages":[{"role":"user","content":[]}]}"#, "\"content\" is no text"),
        (#"{"messages":[{"role":"assistant","tool_calls":[{}]}]}"#, "a tool call without \"name\""), ("[", "not JSON"),
    ])
    func aMessageThatIsNoneIsRefused(_ json: String, _ message: String) {
        let error = #expect(throws: TokenizerError.self) { try Conversation(parsing: Array(json.utf8)) }
        #expect(error?.description.contains(message) == true)
    }
}
