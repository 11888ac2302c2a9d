import ArgumentParser
import Foundation
import Pipeline

struct PowerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "How many tasks and repeats: which gains can be seen with the run's own, and with more.",
        discussion: "Example: baton power runs/demo")

    @OptionGroup var options: StageOptions

    func run() throws {
        let power = try RunPower(options.open(ProgressLine(quiet: options.common.quiet)))
        if options.common.json { return Output.line(String(decoding: try power.json(), as: UTF8.self)) }
        for line in power.lines { Output.line(line) }
    }
}
