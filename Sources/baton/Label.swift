import ArgumentParser
import Chat
import Foundation
import Labelling
import Pipeline

struct LabelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Runs every worker on every task, grades the answers, keeps all in the ledger.",
        discussion: "Example: baton label recipe.yaml --dry-run")

    @OptionGroup var options: StageOptions
    @Flag(name: .customLong("dry-run"), help: "Say what would be asked and the most that it can cost; ask nothing.")
    var isDry = false

    func run() throws {
        guard isDry else { return try options.perform(.label) }
        let estimate = try options.open(ProgressLine(quiet: options.common.quiet)).labelEstimate()
        guard !options.common.json else { return try Output.json(estimate) }
        for row in estimate.workers {
            Output.line(
                "\(row.worker.padding(toLength: 16, withPad: " ", startingAt: 0)) \(row.calls) calls, at most \(row.atMost)")
        }
        let budget = estimate.budget.map { " of a budget of \($0)" } ?? ""
        Output.line("\(estimate.calls) calls, at most \(estimate.atMost); \(estimate.spent) spent so far\(budget)")
    }
}

struct GradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade", abstract: "Grades the kept replies again, asking nobody: after a target or a grader was mended.",
        discussion: "Example: baton grade runs/demo")

    @OptionGroup var options: StageOptions

    func run() throws {
        let progress = ProgressLine(quiet: options.common.quiet), report = try options.open(progress).regrade()
        progress.note("grade: \(report.line)")
        if options.common.json { try Output.json(report) }
    }
}

struct LabelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels", abstract: "The label matrix, also while it is written.",
        discussion: "Example: baton labels runs/demo --where 'worker=smt status=failed' --format csv")

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, jsonl, csv }

    @OptionGroup var options: StageOptions
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only rows whose columns have these values: column=value …", valueName: "expr"))
    var filter: String?
    @Option(help: "table (counts by worker), jsonl or csv (every row).") var format: Format?

    func run() throws {
        let matrix = try options.open(ProgressLine(quiet: options.common.quiet)).labels()
        let rows = try LabelRows(matrix, filter: filter)
        switch format ?? (options.common.json ? .jsonl : .table) {
        case .table: for line in rows.table { Output.line(line) }
        case .jsonl: for line in rows.jsonLines { Output.line(line) }
        case .csv: for line in rows.csv { Output.line(line) }
        }
    }
}
