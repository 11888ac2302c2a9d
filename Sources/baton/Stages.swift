public import ArgumentParser
import Foundation
public import Pipeline

/// What every stage's command takes.
struct StageOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A recipe file, or the folder of a run.", valueName: "run"))
    var path: String

    @Option(name: .customLong("run"), help: ArgumentHelp("Where the run is kept (default: runs/NAME).", valueName: "dir"))
    var folder: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup(title: "Recipe") var source: SourceKeys
    @OptionGroup var keys: RecipeKeys

    /// Does `stages` of the run in their order and says how each ended. `restart` begins the search at its start.
    func perform(restart: Bool = false, _ stages: (Run) -> [Stage]) throws {
        let progress = ProgressLine(quiet: common.quiet), run = try open(progress, restart: restart), stages = stages(run)
        if stages.contains(.evolve) { try run.checkSearch() }
        for stage in stages { try show(run.run(stage), on: progress) }
    }

    func perform(_ stage: Stage) throws { try perform { _ in [stage] } }

    func open(_ progress: ProgressLine, restart: Bool = false) throws -> Run {
        try Run(
            opening: path, folder: folder, overrides: source.overrides + keys.overrides, threads: common.workforce,
            monitor: progress.monitor, access: LiveAccess.access, restartsSearch: restart)
    }

    func show(_ report: Run.StageReport, on progress: ProgressLine) throws {
        progress.note("\(report.stage.rawValue): \(report.detail)")
        if common.json { try Output.json(report) }
    }
}

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "All stages in order: label embed sft evolve evaluate export; finished ones are skipped.",
        discussion: "Example: baton run Datasets/programs/recipe.yaml --run runs/demo")

    @OptionGroup var options: StageOptions
    @Option(name: .customLong("to"), help: "The last stage to do.") var last: Stage = .export
    @OptionGroup var restart: RestartFlag

    func run() throws {
        try options.perform(restart: restart.restart) { run in run.stages.filter { $0.isBeforeOrAt(last) } }
    }
}

extension Stage: ExpressibleByArgument {}

struct RestartFlag: ParsableArguments {
    @Flag(help: "Throw away the search that stands, and start again; without it, the same command goes on.")
    var restart = false
}

struct SFTCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sft",
        abstract: "Fits the policy: domains of train, and a routing head by KL to softmax(success rate / τ).",
        discussion: "Example: baton sft runs/demo --sft.kappa 2")

    @OptionGroup var options: StageOptions

    func run() throws { try options.perform(.sft) }
}

struct EvolveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evolve", abstract: "Evolves the head by separable CMA-ES; goes on from the last checkpoint.",
        discussion: "Example: baton evolve runs/demo --generations 200")

    @OptionGroup var options: StageOptions
    @OptionGroup var restart: RestartFlag

    func run() throws { try options.perform(restart: restart.restart) { _ in [.evolve] } }
}

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Judges the run on the tasks that it has not seen.",
        discussion: "Example: baton evaluate runs/demo")

    @OptionGroup var options: StageOptions

    func run() throws { try options.perform(.evaluate) }
}

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes the trained router: router.safetensors and router.json.",
        discussion: "Example: baton export runs/demo -o router")

    @OptionGroup var options: StageOptions
    @Option(name: [.customShort("o"), .customLong("output")], help: "Another folder than RUN/router.") var output: String?

    func run() throws {
        guard let output else { return try options.perform(.export) }
        let progress = ProgressLine(quiet: options.common.quiet)
        try options.show(options.open(progress).export(to: URL(fileURLWithPath: output)), on: progress)
    }
}
