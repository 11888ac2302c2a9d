import Foundation
import Testing

/// A stated limit ends a command with status 3 before it is passed, and raising it goes on.
struct LiveLimitTests {
    private static let search = [
        "--evolve.environment", "question", "--evolve.start", "zero", "--evolve.popsize", "8", "--generations", "2",
        "--evolve.replications", "2",
    ]

    private func expectLimit(_ ending: Command.Ending, _ key: String) {
        #expect(ending.status == 3)
        #expect(ending.lines.count == 1 && ending.messages.hasPrefix("baton: \(key): "), "\(ending.messages)")
    }

    @Test func aBudgetIsNeverOverspentAndRaisingItGoesOn() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        var budget = 0.0001, asked = 0, ends = 0
        while true {
            let ending = try workshop.live("label", "recipe.yaml", "--label.budget", "\(Int(budget * 1e9))e-9")
            if ending.status == 0 { break }
            expectLimit(ending, "label.budget")
            ends += 1
            #expect(try Double(workshop.ledger().committed) <= budget * 1e9 + 0.5)
            #expect(provider.repeated == 0 && provider.asked.count >= asked)
            asked = provider.asked.count
            budget *= 3
        }
        #expect(ends > 2 && asked > 0)
        #expect(provider.asked.count == Workshop.liveCells)
        try workshop.expectWholeLedger()
    }

    @Test func cellsBeyondTheBudgetSaySo() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        expectLimit(try workshop.live("label", "recipe.yaml", "--budget", "0.0001"), "label.budget")
        let skipped = try workshop.labels(filter: "status=skipped_budget").count
        #expect(skipped > 0 && skipped <= Workshop.liveCells - provider.asked.count)
    }

    @Test func aDryRunAsksNothingAndWritesNothing() throws {
        struct Estimate: Decodable {
            var calls: Int
            var at_most: String, spent: String
        }
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port, key: "BATON_NO_SUCH_KEY")
        let before = try workshop.snapshot()
        let people = try workshop.live("label", "recipe.yaml", "--dry-run")
        #expect(people.status == 0 && people.output.contains("\(Workshop.liveCells) calls"), "\(people.messages)")
        let ending = try workshop.live("label", "recipe.yaml", "--dry-run", "--json")
        let estimate = try JSONDecoder().decode(Estimate.self, from: Data(ending.output.utf8))
        #expect(estimate.calls == Workshop.liveCells)
        #expect(differences(try workshop.snapshot(), before) == [] && provider.asked.isEmpty)
        // It is an upper bound, and knows what is done already.
        try workshop.writePool(port: provider.port)
        try #require(try workshop.live("label", "recipe.yaml").status == 0)
        let most = try #require(Double(estimate.at_most))
        #expect(try most * 1e9 >= Double(workshop.ledger().spent) && most > 0)
        let rest = try workshop.live("label", "recipe.yaml", "--dry-run", "--json", "--label.repeats", "3")
        #expect(try JSONDecoder().decode(Estimate.self, from: Data(rest.output.utf8)).calls == 24 * 2)
        #expect(provider.asked.count == Workshop.liveCells)
    }

    @Test func aSearchEndsAtItsBudgetAndAtItsHoursAndGoesOn() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        for run in ["runs/live", "runs/other"] {
            try #require(try workshop.live("embed", "recipe.yaml", "--run", run).status == 0)
        }
        func evolve(_ run: String, _ flags: String...) throws -> Command.Ending {
            try Command.baton(["evolve", run, "--threads", "1", "--quiet"] + Self.search + flags, in: workshop.url)
        }
        expectLimit(try evolve("runs/live", "--evolve.budget", "0.0008"), "evolve.budget")
        #expect(try workshop.ledger().committed <= 800_000)
        let asked = provider.asked.count
        #expect(asked > 0)
        expectLimit(try evolve("runs/live", "--evolve.budget", "none", "--hours", "1e-9"), "evolve.hours")
        #expect(provider.asked.count == asked)
        for run in ["runs/live", "runs/other"] {
            let ending = try evolve(run, "--evolve.budget", "none", "--hours", "8")
            #expect(ending.status == 0, "\(ending.messages)")
            try workshop.expectWholeLedger(run)
        }
        // Neither limit changes what is found.
        #expect(differences(try workshop.search(), try workshop.search("runs/other")) == [])
        #expect(provider.asked.count == 2 * Set(provider.asked).count)
    }

    @Test func aReplayEndsAtItsHoursToo() throws {
        let workshop = try Workshop.finished()
        let ending = try workshop.live("evolve", Workshop.run, "--generations", "9", "--hours", "1e-9")
        expectLimit(ending, "evolve.hours")
    }
}
