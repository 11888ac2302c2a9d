import Foundation
import Testing

/// Evolution that asks as it goes is the evolution that replays what was asked before.
struct LiveSearchTests {
    private static let search = [
        "--evolve.start", "zero", "--evolve.popsize", "24", "--generations", "4", "--evolve.batch", "6",
        "--evolve.replications", "2",
    ]
    private static let live = search + ["--evolve.environment", "question"]
    private static let replay = search + ["--evolve.environment", "replay", "--evolve.draws", "sampled"]

    private func perform(_ workshop: Workshop, _ command: [String]) throws -> Command.Ending {
        let ending = try Command.baton(command + ["--threads", "1"], in: workshop.url)
        try #require(ending.status == 0, "\(command): \(ending.messages)")
        return ending
    }

    /// The last three checkpoints, the best where it is another one, and metrics.
    private static func isWhole(_ search: [String: Data]) -> Bool { (4...5).contains(search.count) }

    @Test func liveAndReplayedSearchesHaveTheSameBytes() throws {
        let workshop = try Workshop.live(), labels = try LiveProvider(), provider = try LiveProvider()
        try workshop.writePool(port: labels.port)
        for stage in ["label", "embed"] { _ = try perform(workshop, [stage, "recipe.yaml"]) }
        _ = try perform(workshop, ["evolve", "recipe.yaml"] + Self.replay)
        let expected = try workshop.search()
        #expect(Self.isWhole(expected) && labels.asked.count == Workshop.liveCells)

        // A folder that has nothing but states.
        try workshop.writePool(port: provider.port)
        let run = ["--run", "runs/other"]
        _ = try perform(workshop, ["embed", "recipe.yaml"] + run)
        let ending = try perform(workshop, ["evolve", "recipe.yaml"] + run + Self.live)
        #expect(differences(try workshop.search("runs/other"), expected) == [])
        #expect(provider.repeated == 0)
        #expect(provider.asked.count > 0 && provider.asked.count * 5 <= 24 * 6 * 4, "\(provider.asked.count) calls")
        #expect(ending.messages.contains("\(provider.asked.count) calls made"), "\(ending.messages)")
        try workshop.expectWholeLedger("runs/other")

        // The labelled folder has all that a live search asks for: nobody is asked, nobody needs to be there.
        labels.stop()
        let calls = provider.asked.count
        provider.stop()
        try workshop.removeCheckpoints(of: Workshop.liveRun)
        _ = try perform(workshop, ["evolve", Workshop.liveRun] + Self.live)
        #expect(differences(try workshop.search(), expected) == [])
        #expect(provider.asked.count == calls && labels.asked.count == Workshop.liveCells)
    }

    @Test func moreGenerationsGoOnWithTheSameSearch() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        for run in ["runs/live", "runs/other"] { _ = try perform(workshop, ["embed", "recipe.yaml", "--run", run]) }
        for last in ["1", "3"] {
            _ = try perform(workshop, ["evolve", "runs/live"] + Self.live + ["--generations", last])
        }
        _ = try perform(workshop, ["evolve", "runs/other"] + Self.live + ["--generations", "3"])
        #expect(differences(try workshop.search(), try workshop.search("runs/other")) == [])
        // Two folders, two ledgers: each asks everything once.
        #expect(provider.asked.count == 2 * Set(provider.asked).count)
    }

    @Test func aFailedCallIsLeftOutAndNeverAZero() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--down", "gamma-1=401")
        try workshop.writePool(port: provider.port)
        _ = try perform(workshop, ["embed", "recipe.yaml"])
        let ending = try perform(workshop, ["evolve", Workshop.liveRun] + Self.live)
        #expect(ending.messages.contains("gamma is left out for now"), "\(ending.messages)")
        #expect(try !workshop.labels(filter: "status=failed").isEmpty)
        #expect(Self.isWhole(try workshop.search()))
        for line in try workshop.text("\(Workshop.liveRun)/metrics.jsonl").split(separator: "\n") {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)")
        }
        try workshop.expectWholeLedger()
    }

    /// Catches a generation that is kept though nothing was heard in it.
    @Test func aSearchThatHearsNobodyStopsAndGoesOnOnceTheyAnswer() throws {
        let workshop = try Workshop.live()
        let silent = try LiveProvider("--down", "alpha-1=401", "--down", "beta-1=401", "--down", "gamma-1=401")
        try workshop.writePool(port: silent.port)
        _ = try perform(workshop, ["embed", "recipe.yaml"])
        let ending = try workshop.live("evolve", Workshop.liveRun, "--evolve.environment", "question", "--evolve.start", "zero")
        #expect(ending.status == 1)
        #expect(ending.lines.count == 1 && ending.messages.contains("no worker answers"), "\(ending.messages)")
        #expect(try workshop.search().isEmpty)
        let provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        _ = try perform(workshop, ["evolve", Workshop.liveRun] + Self.live)
        #expect(Self.isWhole(try workshop.search()))
    }

    @Test func aSearchThatHearsOneOfThreeWorkersStillHasMetrics() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--down", "beta-1=401", "--down", "gamma-1=401")
        try workshop.writePool(port: provider.port)
        _ = try perform(workshop, ["embed", "recipe.yaml"])
        _ = try perform(workshop, ["evolve", Workshop.liveRun] + Self.live)
        let lines = try workshop.text("\(Workshop.liveRun)/metrics.jsonl").split(separator: "\n")
        #expect(lines.count == 5)
        for line in lines { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)") }
    }
}

extension Workshop {
    /// Removes the search's checkpoints and metrics of `run`, not the head of SFT.
    func removeCheckpoints(of run: String) throws {
        for name in try search(run).keys { try remove("\(run)/\(name)") }
    }
}
