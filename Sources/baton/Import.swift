import ArgumentParser
import Chat
import Foundation
import Pipeline

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "What was recorded or trained elsewhere, into a run.",
        discussion: """
            outcomes: a folder with tasks.jsonl, workers.csv and splits.json becomes a run with a ledger of its own; stages, \
            labels and inspect work on it as on any. Into a run that is there already go the outcomes of its own tasks.

            trinity-vector: a NumPy file of singular-value offsets and a head, in the layout that TRINITY published (9,216 and 10,240 \
            numbers for Qwen3-0.6B and 7 workers), becomes a router in DIR/router; `baton route` then gives worker and role. \
            The instruction before the request is ours, because the authors' is not printed.

            Example: baton import Datasets/programs --format outcomes --run runs/programs
            Example: baton import vector.npy --format trinity-vector --model Models/Qwen3-0.6B --run runs/trinity
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case outcomes
        case trinityVector = "trinity-vector"
    }

    @Argument(help: ArgumentHelp("A folder of recorded outcomes, or a vector's file.", valueName: "path")) var path: String
    @Option(help: "outcomes or trinity-vector") var format: Format
    @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "dir")) var folder: String
    @Option(help: "The split that a new run takes.") var split = "0"
    @Option(help: "What a new run and its router are called (default: the folder's name).") var name: String?
    @Option(help: "A Hugging Face model directory, for a new run.") var model = "Models/all-MiniLM-L6-v2"
    @Option(help: "trinity-vector: the workers by commas, in the order of the head's rows (default: worker_1, worker_2, …).")
    var workers: String?
    @Option(help: "trinity-vector: a pool file whose workers are meant, in their order.") var pool: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard format == .trinityVector || (workers == nil && pool == nil) else {
            throw ValidationError("--workers and --pool go with --format trinity-vector")
        }
        guard workers == nil || pool == nil else { throw ValidationError("--workers and --pool: give one of them") }
    }

    func run() throws {
        if format == .trinityVector { return try vector() }
        let report = try OutcomesImport(reading: URL(fileURLWithPath: path), split: split).perform(
            into: URL(fileURLWithPath: folder), name: name, model: URL(fileURLWithPath: model), access: LiveAccess.access)
        guard !common.json else { return try Output.json(report) }
        let others = report.elsewhere == 0 ? "" : "; \(report.elsewhere) samples are of tasks that it doesn't have"
        Output.line(
            "\(report.samples) samples of \(report.workers) workers on \(report.tasks) tasks in \(report.run), "
                + "\(report.new) of them new\(others)")
    }

    private func vector() throws {
        let vector = try TrinityVector(reading: URL(fileURLWithPath: path), model: URL(fileURLWithPath: model))
        let listed = workers.map { $0.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmed } }
        let pooled = try pool.map { try LiveAccess.access.describe(LiveAccess.place($0)).workers.map(\.name) }
        let report = try vector.perform(
            into: URL(fileURLWithPath: folder), name: name, workers: listed ?? pooled, threads: common.workforce)
        guard !common.json else { return try Output.json(report) }
        Output.line(
            "\(report.offsets) offsets of layer \(report.layer) and a head for \(report.workers.count) workers and \(report.roles.count) roles in \(report.router)"
        )
    }
}

extension Substring {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
