import ArgumentParser
import Foundation
import Pipeline

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "What is in any file or folder that baton writes.",
        discussion: "Example: baton inspect runs/demo/checkpoints/gen-000012.h5")

    @Argument(help: "A run, a bundle, or a .h5, .safetensors, .json, .jsonl or .yaml file.") var path: String

    func run() throws {
        for line in try Inspection.lines(of: URL(fileURLWithPath: path)) { Output.line(line) }
    }
}
