import Foundation
import Testing

/// A labeller or a live search that dies at any instant loses no answer, no cent, and asks again only what was under way.
struct LiveKillTests {
    private static let killed = 128 + SIGKILL
    private static let rows = ["--tasks.train_rows", "3", "--tasks.validation_rows", "1", "--tasks.test_rows", "1"]
    private static let search = [
        "--evolve.environment", "question", "--evolve.start", "zero", "--evolve.popsize", "6", "--generations", "3",
        "--evolve.batch", "6", "--evolve.replications", "2",
    ]

    /// Kills `command` at every border of the lane, each time in a fresh `runs`, and finishes it.
    ///
    /// `prepare` makes what the command needs; `check` looks at what the second run left.
    private func everyBorder(
        _ workshop: Workshop, _ lane: Int, _ command: [String], prepare: () throws -> Void, check: (String) throws -> Void
    ) throws {
        let provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        for border in stride(from: lane + 1, to: 1000, by: KillTests.lanes.count) {
            if workshop.exists("runs") { try workshop.remove("runs") }
            try prepare()
            let start = provider.count
            let environment = ["BATON_KILL_AT": "\(border)"], place = "border \(border)"
            let first = try Command.baton(command, in: workshop.url, environment: environment)
            if first.status == 0 {
                #expect(border > 8)
                return
            }
            try #require(first.status == Self.killed, "\(place): \(first.messages)")
            if workshop.exists("killed") { try workshop.remove("killed") }
            if workshop.exists(Workshop.liveRun) { try workshop.copy(workshop.file(Workshop.liveRun), to: "killed") }
            let second = try Command.baton(command, in: workshop.url)
            #expect(second.status == 0, "\(place): \(second.messages)")
            let repeated = provider.repeated(since: start)
            // To look at the ledger as it was takes a while, and is seldom needed.
            if repeated > 0 {
                let underWay = try workshop.ledger("killed").leased
                #expect(repeated <= underWay, "\(place)")
            }
            // Whoever looks at a ledger last tidies up behind the one that was killed.
            _ = try workshop.labels()
            try workshop.expectWholeLedger(Workshop.liveRun, place)
            try check(place)
        }
        Issue.record("a command with 1000 borders")
    }

    @Test("labels that were killed at any border of an effect are the undisturbed ones", arguments: KillTests.lanes)
    func everyBorderOfLabel(lane: Int) throws {
        let workshop = try Workshop.live(), command = ["label", "recipe.yaml", "--threads", "1", "--quiet"] + Self.rows
        let provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        try #require(try Command.baton(command, in: workshop.url).status == 0)
        let expected = try workshop.labels()
        #expect(expected.count == 5 * 5)
        try everyBorder(workshop, lane, command, prepare: {}) { place in
            let labels = try workshop.labels()
            #expect(labels == expected, "\(place)")
        }
    }

    @Test("a live search that was killed at any border of an effect is the undisturbed one", arguments: KillTests.lanes)
    func everyBorderOfALiveSearch(lane: Int) throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let embed = ["embed", "recipe.yaml", "--threads", "1", "--quiet"] + Self.rows
        try #require(try Command.baton(embed, in: workshop.url).status == 0)
        try workshop.copy(workshop.file(Workshop.liveRun), to: "prepared")
        let command = ["evolve", "recipe.yaml", "--threads", "1", "--quiet"] + Self.rows + Self.search
        try #require(try Command.baton(command, in: workshop.url).status == 0)
        let expected = try workshop.search()
        #expect((4...5).contains(expected.count))
        let prepare = { try workshop.copy(workshop.file("prepared"), to: Workshop.liveRun) }
        try everyBorder(workshop, lane, command, prepare: prepare) { place in
            let search = try workshop.search()
            #expect(differences(search, expected) == [], "\(place)")
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalLetsCallsEndAndTheSameCommandGoesOn(signal: Int32) throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--delay", "250")
        try workshop.writePool(port: provider.port)
        let command = ["label", "recipe.yaml", "--threads", "1", "--quiet"]
        let process = try Command.start(command, in: workshop.url)
        try #require(process.wait { provider.count > 3 })
        process.send(signal)
        let stopped = try process.end()
        #expect(stopped.status == 75)
        #expect(stopped.lines.count == 1 && stopped.messages.hasPrefix("baton: stopped by a signal"), "\(stopped.messages)")
        #expect(provider.asked.count < Workshop.liveCells)
        // What was under way was waited for, and kept.
        let ledger = try workshop.ledger()
        #expect(ledger.leased == 0 && ledger.answers == provider.asked.count)
        #expect(try Command.baton(command, in: workshop.url).status == 0)
        #expect(provider.asked.count == Workshop.liveCells && provider.repeated == 0)
        try workshop.expectWholeLedger()
    }

    @Test func aSignalStopsALiveSearchWhichGoesOnAsIfNothingHadBeen() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--delay", "100")
        try workshop.writePool(port: provider.port)
        for run in ["runs/live", "runs/other"] {
            try #require(try workshop.live("embed", "recipe.yaml", "--run", run).status == 0)
        }
        let search = ["--threads", "1", "--quiet"] + Self.search
        let process = try Command.start(["evolve", "runs/live"] + search, in: workshop.url)
        try #require(process.wait { provider.count > 3 })
        process.send(SIGTERM)
        let stopped = try process.end()
        #expect(stopped.status == 75 && stopped.lines.count == 1, "\(stopped.messages)")
        for run in ["runs/live", "runs/other"] {
            let ending = try Command.baton(["evolve", run] + search, in: workshop.url)
            #expect(ending.status == 0, "\(ending.messages)")
        }
        #expect(differences(try workshop.search(), try workshop.search("runs/other")) == [])
        #expect(provider.asked.count == 2 * Set(provider.asked).count)
    }
}
