import ArgumentParser
import Files
import Foundation
import Pipeline
import Tensors

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follows a run's search from another shell, a line a generation; changes nothing.",
        discussion: """
            Ends when the search's last generation is there, or when no process works in the folder. With --json the lines are \
            those of metrics.jsonl.

            Example: baton watch runs/demo
            """)

    @Argument(help: ArgumentHelp("A recipe file, or the folder of a run.", valueName: "run")) var path: String
    @Option(name: .customLong("run"), help: ArgumentHelp("Where the run is kept (default: runs/NAME).", valueName: "dir"))
    var folder: String?
    @OptionGroup var common: CommonOptions

    func run() throws {
        let progress = ProgressLine(quiet: common.quiet)
        let run = try Run(opening: path, folder: folder, overrides: [], threads: .one, monitor: .silent)
        var watch = try RunWatch(run)
        while true {
            let news = try watch.look()
            if news.isAgain { progress.note("the search began again") }
            for line in news.lines { Output.line(common.json ? line.json : line.text) }
            switch news.end {
            case .finished: return
            case .abandoned:
                progress.note("nobody works on it; `baton evolve \(run.directory.url.path)` goes on")
                return
            case nil: break
            }
            if Output.isIncomplete || Output.hasNoReader { return }
            for _ in 0..<8 {
                if Signals.cameIn {
                    throw Interrupted(watch.generation.map { "after generation \($0)" } ?? "before a generation")
                }
                usleep(50_000)
            }
        }
    }
}
