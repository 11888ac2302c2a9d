import Foundation
import Testing

/// Somebody follows a run from another shell, and changes nothing.
struct WatchTests {
    private static let run = Workshop.run

    @Test func aFinishedSearchIsToldWholeAndNothingIsWritten() throws {
        let workshop = try Workshop.finished(), before = try workshop.snapshot()
        let people = try workshop.baton("watch", Self.run), lines = people.output.split(separator: "\n")
        #expect(people.status == 0 && lines.count == 5)
        #expect(lines.last?.hasPrefix("generation 4  train ") == true && lines.last?.contains("kept ") == true)
        for word in ["validation", "σ", "axis ratio"] { #expect(lines.allSatisfy { $0.contains(word) }) }
        let json = try workshop.baton("watch", Self.run, "--json")
        #expect(try json.output == workshop.text("\(Self.run)/metrics.jsonl"))
        #expect(differences(try workshop.snapshot(), before) == [])
    }

    /// Catches one that prints a line twice, or loses one where the file is replaced.
    @Test func linesAreToldOnceAsTheyComeFromBeforeTheFirstToTheLast() throws {
        let workshop = try Workshop(generations: 400)
        let working = try Command.start(["run", "recipe.yaml", "--threads", "1", "--quiet"], in: workshop.url)
        // Early: as soon as there is a folder.
        try #require(working.wait { workshop.exists("\(Self.run)/recipe.yaml") })
        let watching = try Command.start(["watch", "recipe.yaml", "--json"], in: workshop.url)
        _ = working.wait { workshop.measured() > 50 }
        working.send(SIGTERM)
        let stopped = try working.end(), watched = try watching.end()
        #expect(watched.status == 0)
        if stopped.status == 75 {
            #expect(watched.messages.contains("nobody works on it"), "\(watched.messages)")
        }
        #expect(try watched.output == workshop.text("\(Self.run)/metrics.jsonl"))
    }

    @Test func whereNobodyWorksItSaysSoAndEnds() throws {
        let workshop = try Workshop()
        try #require(try workshop.baton("embed", "recipe.yaml", "--threads", "1").status == 0)
        let ending = try workshop.baton("watch", "recipe.yaml"), before = try workshop.snapshot()
        #expect(ending.status == 0 && ending.output.isEmpty)
        #expect(ending.lines.count == 1 && ending.messages.contains("nobody works on it"), "\(ending.messages)")
        #expect(differences(try workshop.snapshot(), before) == [])
    }

    /// Who mistypes a folder must not take silence for an ended search.
    @Test func aRunThatNobodyBeganIsBadInput() throws {
        let workshop = try Workshop()
        for arguments in [["recipe.yaml"], ["recipe.yaml", "--run", "runs/other"], [Self.run]] {
            let ending = try Command.baton(["watch"] + arguments, in: workshop.url)
            #expect(ending.status == 2 && ending.output.isEmpty, "\(arguments)")
            #expect(ending.lines.count == 1 && ending.messages.contains("no such r"), "\(ending.messages)")
            #expect(ending.messages.contains(arguments.last == "recipe.yaml" ? Self.run : arguments.last ?? ""))
        }
        #expect(!workshop.exists("runs"))
    }

    @Test func aSignalEndsItAndLeavesTheSearchAlone() throws {
        let workshop = try Workshop(generations: 100_000)
        let working = try Command.start(["run", "recipe.yaml", "--threads", "1", "--quiet"], in: workshop.url)
        try #require(working.wait { workshop.measured() > 2 })
        let watching = try Command.start(["watch", Self.run], in: workshop.url)
        try #require(watching.wait { !watching.output.isEmpty })
        watching.send(SIGINT)
        #expect(try watching.end().status == 75)
        let before = workshop.measured()
        #expect(working.wait { workshop.measured() > before + 2 })
        working.send(SIGTERM)
        #expect(try working.end().status == 75)
    }
}
