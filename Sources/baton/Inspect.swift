import ArgumentParser
import Foundation
import Pipeline

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "What is in any file or folder that baton writes.",
        discussion: "Example: baton inspect runs/demo/checkpoints/gen-000012.h5")

    @Argument(help: "A run, a bundle, or a .h5, .safetensors, .json, .jsonl or .yaml file.") var path: String
    @OptionGroup var common: CommonOptions

    private struct Result: Encodable {
        var path: String
        var lines: [String]
    }

    func run() throws {
        let lines = try Inspection.lines(of: URL(fileURLWithPath: path))
        guard !common.json else { return try Output.json(Result(path: path, lines: lines)) }
        for line in lines { Output.line(line) }
    }
}
