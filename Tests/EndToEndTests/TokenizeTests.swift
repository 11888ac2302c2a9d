import Foundation
import Testing

/// `baton tokenize`: texts in, ids out, line by line.
struct TokenizeTests {
    private struct Ids: Decodable { let ids: [[Int32]] }
    private struct Sample: Decodable { let text: String }
    private struct Chats: Decodable {
        struct Chat: Decodable { let text: String, ids_qwen_bpe_2k: [Int32] }
        let cases: [Chat]
    }

    private static let fixtures = Command.above("Package.swift")?.appendingPathComponent("Tests/NumericsTests/Fixtures")

    private static func url(_ path: String) throws -> URL { try #require(fixtures).appendingPathComponent(path) }

    private static func read<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(path)))
    }

    private static func lines(_ texts: [String]) throws -> String {
        try texts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n" }.joined()
    }

    @Test(arguments: [
        ("tokenizers/qwen_bpe_2k", "qwen_bpe_2k"), ("tokenizers/llama3_bpe_512", "llama3_bpe_512"),
        ("bert_tiny", "bert_wp_512"),
    ])
    func aLineOfIdsForALineOfText(_ model: String, _ name: String) throws {
        let folder = try TemporaryFolder()
        let texts = try Self.read("tokenizers/strings.json", as: [Sample].self).map(\.text)
        let expected = try Self.read("tokenizers/\(name).ids.json", as: Ids.self).ids
        let ending = try Command.baton(["tokenize", "--model", Self.url(model).path], in: folder.url, input: Self.lines(texts))
        #expect(ending.status == 0 && ending.messages.isEmpty)
        let lines = ending.output.split(separator: "\n").map(String.init)
        #expect(lines == expected.map { "[" + $0.map(String.init).joined(separator: ",") + "]" })
    }

    @Test func aChatIsTheModelsTemplateWithThinkingOff() throws {
        let folder = try TemporaryFolder(), model = try Self.url("tokenizers/qwen_bpe_2k").path
        let chats = try Self.read("tokenizers/chat_template.json", as: Chats.self).cases
        func ids(of input: String, _ arguments: [String]) throws -> String {
            try Command.baton(["tokenize", "--model", model, "--chat"] + arguments, in: folder.url, input: input).output
        }
        func line(_ index: Int) -> String { "[" + chats[index].ids_qwen_bpe_2k.map(String.init).joined(separator: ",") + "]\n" }
        #expect(try ids(of: "\"Hello\"\n", []) == line(1))
        #expect(try ids(of: "\"2+2=?\"\n", ["--system", "You are a router."]) == line(5))
    }

    @Test func whatIsNoTextOrNoTemplateIsOneLine() throws {
        let folder = try TemporaryFolder(), model = try Self.url("tokenizers/llama3_bpe_512").path
        let bad = try Command.baton(["tokenize", "--model", model], in: folder.url, input: "\"a\"\n{}\n")
        #expect(bad.status == 2 && bad.output == "[507,64]\n" && bad.lines.count == 1 && bad.messages.contains("stdin:2"))
        let chat = try Command.baton(["tokenize", "--model", model, "--chat"], in: folder.url, input: "\"a\"\n")
        #expect(chat.status == 2 && chat.lines.count == 1 && chat.messages.contains("no chat template"))
        let system = try Command.baton(["tokenize", "--model", model, "--system", "a"], in: folder.url, input: "\"a\"\n")
        #expect(system.status == 64)
    }
}
