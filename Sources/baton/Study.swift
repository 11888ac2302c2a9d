import ArgumentParser
import Files
import Foundation
import Pipeline

struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study", abstract: "Is routing worth it? Every method on a folder of recorded outcomes.",
        discussion: "Example: baton study Datasets/programs --report study.html")

    /// Which methods are compared.
    enum Methods: String, ExpressibleByArgument, CaseIterable { case standard, all, optimizers }

    @Argument(help: ArgumentHelp("A folder with tasks.jsonl, workers.csv and splits.json.", valueName: "dir")) var path: String
    @Option(help: "all, or names of splits by commas") var splits = "all"
    @Option(help: "A Hugging Face model directory.") var model = "Models/all-MiniLM-L6-v2"
    @Option(help: "Where hidden states are kept (default: $BATON_CACHE, else runs/.cache).") var cache: String?
    @Option(
        help: """
            all adds the options of the head: standardised, shrunk, logistic, constant; optimizers compares random search, \
            REINFORCE, evolution and SFT instead, at equal budgets of drawn episodes.
            """)
    var methods = Methods.standard
    @Option(help: "Of optimizers: repetitions that differ in their draws (default: 5).") var seeds: Int?
    @Option(help: "Of optimizers: episodes that each may play (default: 30720).") var episodes: Int?
    @Option(help: ArgumentHelp("Write a self-contained report.", valueName: "html")) var report: String?
    @Option(help: ArgumentHelp("Write the picture of the result.", valueName: "svg")) var picture: String?
    @OptionGroup var common: CommonOptions
    @OptionGroup var keys: RecipeKeys

    func run() throws {
        let environment = ProcessInfo.processInfo.environment["BATON_CACHE"]
        let options = try Study.Options(
            model: URL(fileURLWithPath: model), cache: URL(fileURLWithPath: cache ?? environment ?? "runs/.cache"),
            splits: splits == "all" ? nil : splits.split(separator: ",").map(String.init), allMethods: methods == .all,
            optimizers: try optimizers(), overrides: keys.overrides)
        let progress = ProgressLine(quiet: common.quiet)
        let result = try Study(options: options, threads: common.workforce, monitor: progress.monitor)
            .run(on: URL(fileURLWithPath: path))
        let document = StudyReport(result)
        if let report {
            let html = document.html(title: "Is routing worth it on \(result.outcomes.name)?")
            try Durable.replace(URL(fileURLWithPath: report), by: Data(html.utf8))
        }
        if let picture { try Durable.replace(URL(fileURLWithPath: picture), by: Data(document.picture().utf8)) }
        Output.line(common.json ? String(decoding: try result.json(), as: UTF8.self) : document.text())
        if let report, !common.json { Output.line("\nreport: \(report)") }
    }

    /// What the comparison of optimisers is asked, where it is. Throws ``InputError`` naming the flag.
    private func optimizers() throws -> OptimizerSettings? {
        guard methods == .optimizers else {
            if let flag = seeds != nil ? "--seeds" : episodes != nil ? "--episodes" : nil {
                throw InputError(flag, "belongs to the comparison of optimisers; add --methods optimizers, or leave it out")
            }
            return nil
        }
        var settings = OptimizerSettings()
        if let seeds {
            guard (1...1000).contains(seeds) else { throw InputError("--seeds", "expected 1 to 1000, got \(seeds)") }
            settings.seeds = seeds
        }
        if let episodes {
            guard (1...1_000_000_000).contains(episodes) else {
                throw InputError("--episodes", "expected 1 to 1000000000, got \(episodes)")
            }
            settings.episodes = episodes
        }
        return settings
    }
}
