import ArgumentParser
import Files
import Foundation
import Pipeline
import Tokenizers

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "One JSON string a line on stdin, one array of token ids a line on stdout.",
        discussion: "Example: echo '\"17 + 25?\"' | baton tokenize --model Models/all-MiniLM-L6-v2")

    @Option(help: "A Hugging Face model directory.") var model: String
    @OptionGroup var common: CommonOptions

    func run() throws {
        let tokenizer = try WordPiece(reading: URL(fileURLWithPath: model).appendingPathComponent("tokenizer.json"))
        try JSONLines.forEach(in: .standardInput, named: "stdin") { line, number in
            guard let text = try? JSONDecoder().decode(String.self, from: line) else {
                throw InputError("stdin:\(number)", "is not a JSON string")
            }
            Output.line("[" + tokenizer.encode(text).map(String.init).joined(separator: ",") + "]")
        }
    }
}
