import Foundation
import Testing

/// Flags and arguments.
struct UsageTests {
    static let subcommands = [
        "run", "import", "label", "embed", "sft", "evolve", "evaluate", "export", "watch", "power", "labels", "grade", "study",
        "route", "serve",
        "workers",
        "tokenize", "inspect", "doctor",
    ]

    @Test(arguments: [
        [], ["fly"], ["run"], ["run", "recipe.yaml", "--fly"], ["run", "recipe.yaml", "--threads", "0"],
        ["run", "recipe.yaml", "--threads", "many"], ["run", "recipe.yaml", "--to", "moon"], ["run", "recipe.yaml", "twice"],
        ["run", "recipe.yaml", "--evolve.pop", "8"], ["embed"], ["embed", "--model", "model"],
        ["embed", "recipe.yaml", "--input", "texts.jsonl"], ["route", "router"], ["study"], ["tokenize"], ["inspect"],
        ["study", "outcomes", "--methods", "some"],
    ])
    func argumentsThatDoNotParseAreStatus64AndDoNothing(arguments: [String]) throws {
        let workshop = try Workshop(), before = try workshop.snapshot()
        let ending = try Command.baton(arguments, in: workshop.url)
        // The command alone shows what there is.
        #expect(ending.status == (arguments.isEmpty ? 0 : 64), "\(ending.messages)")
        #expect(ending.messages.isEmpty == arguments.isEmpty)
        #expect(ending.output.isEmpty != arguments.isEmpty)
        #expect(differences(try workshop.snapshot(), before) == [])
    }

    @Test(arguments: subcommands)
    func everySubcommandHasAnExample(subcommand: String) throws {
        let folder = try TemporaryFolder()
        let help = try Command.baton([subcommand, "--help"], in: folder.url)
        #expect(help.status == 0)
        #expect(help.output.contains("Example: ") && help.output.contains("baton \(subcommand)"))
        #expect(help.messages.isEmpty)
        #expect(try Command.baton([subcommand, "--version"], in: folder.url).output.hasPrefix("baton "))
    }

    @Test func noSubcommandIsMissingAbove() throws {
        let folder = try TemporaryFolder()
        let help = try Command.baton(["--help"], in: folder.url).output
        let listed = help.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  -") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(listed == Self.subcommands + ["See"])
    }

    /// Each command, of a finished run.
    @Test(arguments: [
        ["run", Workshop.run], ["embed", Workshop.run], ["sft", Workshop.run], ["evolve", Workshop.run],
        ["evaluate", Workshop.run], ["export", Workshop.run, "-o", "exported"], ["route", "\(Workshop.run)/router", "text"],
        ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "states.h5"], ["inspect", Workshop.run],
        ["inspect", "\(Workshop.run)/states.h5"], ["inspect", "\(Workshop.run)/checkpoints/gen-000004.h5"],
        ["inspect", "\(Workshop.run)/router"], ["inspect", "\(Workshop.run)/router/router.safetensors"],
        ["inspect", "\(Workshop.run)/report.json"], ["inspect", "\(Workshop.run)/metrics.jsonl"],
        ["inspect", "\(Workshop.run)/recipe.yaml"], ["watch", Workshop.run], ["power", Workshop.run], ["doctor", Workshop.run],
        ["study", "outcomes", "--model", "model", "--cache", "cache", "--generations", "2"],
    ])
    func jsonIsAnObjectALineAndQuietIsQuiet(command: [String]) throws {
        let workshop = try Workshop.finished()
        let ending = try Command.baton(command + ["--json", "--quiet"], in: workshop.url)
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.messages.isEmpty)
        let lines = ending.output.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)") }
    }

    @Test func tokensAreAnArrayALine() throws {
        let ending = try Workshop().baton("tokenize", "--model", "model", input: "\"\"\n\"\\u0061 b\"\n")
        #expect(ending.status == 0, "\(ending.messages)")
        let lines = ending.output.split(separator: "\n").compactMap {
            try? JSONDecoder().decode([Int].self, from: Data($0.utf8))
        }
        #expect(lines.count == 2)
        #expect(lines.first == [2, 3])
        #expect(lines.last?.first == 2 && lines.last?.last == 3)
    }
}
