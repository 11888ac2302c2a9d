import ArgumentParser
import Files
import Foundation
import Pipeline

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Is this machine ready, and how fast is it?",
        discussion: "Example: baton doctor runs/demo")

    @Argument(help: ArgumentHelp("A recipe file, or the folder of a run.", valueName: "run")) var path: String?
    @Option(help: "A Hugging Face model directory.") var model = "Models/all-MiniLM-L6-v2"
    @OptionGroup var common: CommonOptions

    func run() throws {
        var model = URL(fileURLWithPath: model)
        if let path {
            model = try Run(
                opening: path, folder: nil, overrides: [], threads: common.workforce,
                monitor: ProgressLine(quiet: common.quiet).monitor
            ).recipe.model
        }
        let findings = Doctor(model: model, threads: common.workforce).findings()
        for finding in findings {
            if common.json {
                try Output.json(finding)
            } else {
                Output.line("\(finding.isGood ? "ok" : "NO")  \(finding.name): \(finding.value)")
            }
        }
        if let bad = findings.first(where: { !$0.isGood }) {
            throw JobError("doctor", "this machine is not ready: \(bad.name)")
        }
    }
}
