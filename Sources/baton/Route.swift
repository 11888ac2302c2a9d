import ArgumentParser
import Foundation
import Pipeline

struct RouteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "One decision of a trained router.",
        discussion: """
            The worker of the highest score, and its role where the router gives roles. (TRINITY's paper draws both from their \
            probabilities; here the same request has the same answer.)

            Example: baton route runs/demo/router 'Convert 3 miles to metres.'
            """)

    @Argument(help: "The folder of a router bundle.") var bundle: String
    @Argument(help: "The request.") var text: String
    @Option(help: "The backbone's folder, where it moved.") var model: String?
    @Option(help: ArgumentHelp("Leave this worker out; may be repeated.", valueName: "worker")) var without: [String] = []
    @OptionGroup var common: CommonOptions

    func run() throws {
        let router = try LoadedRouter(
            reading: URL(fileURLWithPath: bundle), model: model.map { URL(fileURLWithPath: $0) }, threads: common.workforce)
        let decision = try router.decide(text, without: Set(without))
        guard !common.json else {
            return try Output.json(decision)
        }
        if decision.cut, !common.quiet { Output.note("the request was cut to \(decision.tokens) tokens at the \(router.cut)") }
        Output.line(decision.role.map { "\(decision.worker) as \($0)" } ?? decision.worker)
        list(decision.probabilities)
        if let roles = decision.roleProbabilities {
            Output.line("roles")
            list(roles)
        }
    }

    private func list(_ probabilities: [String: Double]) {
        for (name, probability) in probabilities.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
            Output.line("  \(String(format: "%5.1f %%", probability * 100))  \(name)")
        }
    }
}
