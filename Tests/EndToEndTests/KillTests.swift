import Foundation
import Testing

/// A process that dies at any instant costs time, never results.
struct KillTests {
    private static let killed = 128 + SIGKILL

    /// Borders are dealt to so many tests, which run side by side.
    static let lanes = 0..<2

    /// Calls `body` with N = lane + 1, lane + 1 + lanes, … until it says that nothing was left to kill.
    private func everyBorder(_ lane: Int, _ body: (Int) throws -> Bool) throws {
        for border in stride(from: lane + 1, to: 1000, by: Self.lanes.count) where try !body(border) {
            // A command with nothing to kill would prove nothing.
            #expect(border > 4)
            return
        }
        Issue.record("a run with 1000 borders")
    }

    @Test("a run that is killed at any border of an effect ends with the same bytes", arguments: lanes)
    func everyBorderOfARun(lane: Int) throws {
        let expected = try Workshop.finished().lasting()
        let workshop = try Workshop()
        try everyBorder(lane) { border in
            if workshop.exists("runs") { try workshop.remove("runs") }
            let command = ["run", "recipe.yaml", "--threads", "1", "--quiet"]
            let first = try Command.baton(command, in: workshop.url, environment: ["BATON_KILL_AT": "\(border)"])
            if first.status == 0 { return false }
            try #require(first.status == Self.killed, "border \(border): \(first.messages)")
            let second = try Command.baton(command, in: workshop.url)
            #expect(second.status == 0, "border \(border): \(second.messages)")
            let differing = differences(try workshop.lasting(), expected)
            #expect(differing.isEmpty, "killed at border \(border)")
            return true
        }
    }

    @Test("states of texts and an export elsewhere are whole or absent, and come to the same bytes", arguments: lanes)
    func everyBorderOfOneFile(lane: Int) throws {
        let workshop = try Workshop.finished()
        let commands = [
            ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "out/states.h5", "--threads", "1"],
            ["export", Workshop.run, "-o", "out/deep/router"],
            ["study", "outcomes", "--model", "model", "--cache", "out/cache", "--generations", "2", "--threads", "1"],
        ]
        for command in commands {
            if workshop.exists("out") { try workshop.remove("out") }
            let whole = try Command.baton(command, in: workshop.url)
            try #require(whole.status == 0, "\(whole.messages)")
            let expected = try workshop.snapshot("out")
            try everyBorder(lane) { border in
                try workshop.remove("out")
                let first = try Command.baton(command, in: workshop.url, environment: ["BATON_KILL_AT": "\(border)"])
                if first.status == 0 { return false }
                try #require(first.status == Self.killed, "\(command) at border \(border): \(first.messages)")
                for (name, data) in try workshop.snapshot("out") where !name.contains(".tmp-") {
                    #expect(data == expected[name], "\(name) after a kill at border \(border)")
                }
                let second = try Command.baton(command, in: workshop.url)
                #expect(second.status == 0, "\(command) at border \(border): \(second.messages)")
                #expect(differences(try workshop.snapshot("out"), expected) == [], "\(command) at border \(border)")
                return true
            }
        }
    }

    /// Each row: flags that make a finished search go on, or start again. What is removed, and what says for how long the
    /// search is, are effects of their own.
    @Test(
        "a search that is killed at any border while it goes on or starts again ends with the same bytes",
        arguments: [
            ["--generations", "6"], ["--evolve.sigma", "0.5", "--generations", "5"], ["--restart"],
            ["--evolve.draws", "sampled", "--evolve.replications", "2"], ["--evolve.validate_every", "3"],
            ["--evolve.action", "argmax", "--evolve.sigma", "1e-6", "--evolve.stop", "auto"],
        ])
    func everyBorderOfASearchThatChanges(flags: [String]) throws {
        let workshop = try Workshop.finished()
        try workshop.copy(workshop.file(Workshop.run), to: "prepared")
        let command = ["evolve", Workshop.run, "--threads", "1", "--quiet"] + flags
        try #require(Command.baton(command, in: workshop.url).status == 0)
        let expected = try workshop.lasting()
        for border in 1..<1000 {
            try workshop.remove("runs")
            try workshop.copy(workshop.file("prepared"), to: Workshop.run)
            let first = try Command.baton(command, in: workshop.url, environment: ["BATON_KILL_AT": "\(border)"])
            if first.status == 0 {
                #expect(border > 10)
                return
            }
            try #require(first.status == Self.killed, "border \(border): \(first.messages)")
            let second = try Command.baton(command, in: workshop.url)
            #expect(second.status == 0, "border \(border): \(second.messages)")
            #expect(differences(try workshop.lasting(), expected) == [], "killed at border \(border)")
        }
        Issue.record("a search with 1000 borders")
    }

    @Test func aRunThatIsKilledAtRandomInstantsEndsWithTheSameBytes() throws {
        let workshop = try Workshop(generations: 60)
        let command = ["run", "recipe.yaml", "--threads", "1", "--quiet"]
        let clock = ContinuousClock(), start = clock.now
        try #require(Command.baton(command, in: workshop.url).status == 0)
        let duration = clock.now - start, expected = try workshop.lasting()
        var kills = 0
        for share in [0.07, 0.23, 0.42, 0.66, 0.91] {
            try workshop.remove("runs")
            let process = try Command.start(command, in: workshop.url), begin = clock.now
            _ = process.wait { clock.now - begin > duration * share }
            process.send(SIGKILL)
            let first = try process.end()
            // On a machine whose load falls, a run may end by itself before its instant comes.
            #expect(first.status == Self.killed || first.status == 0, "at \(share): \(first.messages)")
            kills += first.status == Self.killed ? 1 : 0
            #expect(try Command.baton(command, in: workshop.url).status == 0)
            #expect(differences(try workshop.lasting(), expected) == [], "killed after \(share) of \(duration)")
        }
        #expect(kills > 0)
    }

    @Test func aSignalStopsAfterAGenerationAndTheSameCommandGoesOn() throws {
        for signal in [SIGTERM, SIGINT] {
            let workshop = try Workshop(generations: 300)
            let process = try Command.start(["run", "recipe.yaml", "--threads", "1", "--quiet"], in: workshop.url)
            try #require(process.wait { workshop.measured() > 3 })
            process.send(signal)
            let stopped = try process.end()
            #expect(stopped.status == 75)
            #expect(stopped.lines.count == 1)
            #expect(stopped.messages.hasPrefix("baton: stopped by a signal after generation"), "\(stopped.messages)")
            #expect(stopped.output.isEmpty)
            let reached = workshop.measured() - 1
            // What is left is made short, and the undisturbed search of that length is the measure.
            let last = "\(reached + 3)"
            let resumed = try workshop.baton("run", "recipe.yaml", "--threads", "1", "--quiet", "--generations", last)
            #expect(resumed.status == 0, "\(resumed.messages)")
            let through = try workshop.baton(
                "run", "recipe.yaml", "--threads", "1", "--quiet", "--generations", last, "--run", "runs/other")
            #expect(through.status == 0, "\(through.messages)")
            #expect(differences(try workshop.lasting(), try workshop.lasting("runs/other")) == [])
        }
    }

    @Test func aSecondProcessKeepsOutOfTheFolderOfTheFirst() throws {
        let workshop = try Workshop(generations: 100_000)
        let first = try Command.start(["run", "recipe.yaml", "--threads", "1", "--quiet"], in: workshop.url)
        try #require(first.wait { workshop.measured() > 1 })
        let second = try workshop.baton("run", "recipe.yaml", "--threads", "1", "--quiet")
        first.send(SIGTERM)
        #expect(second.status == 1)
        #expect(second.lines.count == 1 && second.messages.contains("another baton"), "\(second.messages)")
        #expect(try first.end().status == 75)
    }

    @Test func aTornNewestCheckpointIsPassedOverAndMadeAgain() throws {
        let workshop = try Workshop.finished(), expected = try workshop.lasting()
        try workshop.halve("\(Workshop.run)/checkpoints/gen-000004.h5")
        let ending = try workshop.baton("run", "recipe.yaml", "--threads", "1")
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.lines.contains { $0.contains("passing over") && $0.contains("gen-000004.h5") }, "\(ending.messages)")
        #expect(differences(try workshop.lasting(), expected) == [])
    }
}
