import ArgumentParser
import Foundation
import Pipeline

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "What was recorded elsewhere, into a run.",
        discussion: """
            outcomes: a folder with tasks.jsonl, workers.csv and splits.json becomes a run with a ledger of its own; stages, \
            labels and inspect work on it as on any. Into a run that is there already go the outcomes of its own tasks.

            Example: baton import Datasets/programs --format outcomes --run runs/programs
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case outcomes }

    @Argument(help: ArgumentHelp("A folder of recorded outcomes.", valueName: "path")) var path: String
    @Option(help: "outcomes") var format: Format
    @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "dir")) var folder: String
    @Option(help: "The split that a new run takes.") var split = "0"
    @Option(help: "What a new run and its router are called (default: the folder's name).") var name: String?
    @Option(help: "A Hugging Face model directory, for a new run.") var model = "Models/all-MiniLM-L6-v2"
    @OptionGroup var common: CommonOptions

    func run() throws {
        let report = try OutcomesImport(reading: URL(fileURLWithPath: path), split: split).perform(
            into: URL(fileURLWithPath: folder), name: name, model: URL(fileURLWithPath: model), access: LiveAccess.access)
        guard !common.json else { return try Output.json(report) }
        let others = report.elsewhere == 0 ? "" : "; \(report.elsewhere) samples are of tasks that it doesn't have"
        Output.line(
            "\(report.samples) samples of \(report.workers) workers on \(report.tasks) tasks in \(report.run), "
                + "\(report.new) of them new\(others)")
    }
}
