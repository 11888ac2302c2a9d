import ArgumentParser
import Files
import Foundation
import Pipeline

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Is this machine ready, how fast is it, and how long will a recipe take?",
        discussion: "Example: baton doctor runs/demo")

    @Argument(help: ArgumentHelp("A recipe file, or the folder of a run.", valueName: "run")) var path: String?
    @Option(help: "A Hugging Face model directory.") var model = "Models/all-MiniLM-L6-v2"
    @OptionGroup var common: CommonOptions

    func run() throws {
        let findings = try doctor().findings()
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

    private func doctor() throws -> Doctor {
        guard let path else { return Doctor(model: URL(fileURLWithPath: model), threads: common.workforce) }
        let run = try Run(
            opening: path, folder: nil, overrides: [], threads: common.workforce,
            monitor: ProgressLine(quiet: common.quiet).monitor)
        return Doctor(run: run, threads: common.workforce)
    }
}
