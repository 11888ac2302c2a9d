import ArgumentParser
import Files
import Foundation
import Pipeline
import Tokenizers

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "One JSON string a line on stdin, one array of token ids a line on stdout.",
        discussion: """
            With --chat each text is a question in the model's chat template, as a router reads it: the head of the answer
            stands at the end, thinking is off.

            Example: echo '"17 + 25?"' | baton tokenize --model Models/all-MiniLM-L6-v2
            Example: echo '"17 + 25?"' | baton tokenize --model Models/Qwen3-0.6B --chat --system 'Answer briefly.'
            """)

    @Option(help: "A Hugging Face model directory.") var model: String
    @Flag(help: "Put each text into the model's chat template.") var chat = false
    @Option(help: "With --chat: an instruction before the text.") var system: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if system != nil && !chat { throw ValidationError("--system goes with --chat") }
    }

    func run() throws {
        let directory = URL(fileURLWithPath: model)
        let tokenizer = try TokenizerFile(reading: directory.appendingPathComponent("tokenizer.json")).tokenizer()
        let template = chat ? try ChatTemplate(reading: directory) : nil
        let decoder = JSONDecoder()
        try JSONLines.forEach(in: .standardInput, named: "stdin") { line, number in
            guard let text = try? decoder.decode(String.self, from: line) else {
                throw InputError("stdin:\(number)", "is not a JSON string")
            }
            let question = Conversation(system: system, user: text)
            let ids = try template?.encode(question, with: tokenizer).ids ?? tokenizer.encode(text)
            Output.line("[" + ids.map(String.init).joined(separator: ",") + "]")
        }
    }
}
