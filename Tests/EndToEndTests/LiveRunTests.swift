import Foundation
import Testing

/// A run that asks its workers itself: what was answered once is never asked again.
struct LiveRunTests {
    private static let stages = ["label", "embed", "sft", "evolve", "evaluate", "export"]
    private static let evolve = ["--generations", "2", "--evolve.popsize", "6"]

    private func stages(_ ending: Command.Ending) throws -> [(stage: String, isSkipped: Bool)] {
        try #require(ending.status == 0, "\(ending.messages)")
        return try ending.output.split(separator: "\n").map { line in
            let row = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return (try #require(row["stage"] as? String), try #require(row["skipped"] as? Bool))
        }
    }

    private func label(_ workshop: Workshop, _ flags: String...) throws {
        let ending = try Command.baton(["label", "recipe.yaml", "--quiet"] + flags, in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        #expect(ending.messages.isEmpty)
    }

    @Test func aRunGoesThroughAllStagesAndASecondOneMakesNoCall() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let command = ["run", "recipe.yaml", "--json", "--quiet"] + Self.evolve
        #expect(try stages(Command.baton(command, in: workshop.url)).map(\.stage) == Self.stages)
        #expect(provider.asked.count == Workshop.liveCells && provider.repeated == 0)
        try workshop.expectWholeLedger()
        #expect(try workshop.labels().count == Workshop.liveCells)
        // The mock's answers are of all kinds, or these tests would show little.
        for status in ["graded", "wrong_format", "refused", "truncated"] {
            #expect(try !workshop.labels(filter: "status=\(status)").isEmpty, "\(status)")
        }
        provider.stop()
        let again = try stages(Command.baton(command, in: workshop.url))
        #expect(again.map(\.stage) == Self.stages && again.allSatisfy(\.isSkipped))
    }

    @Test func onlyWhatIsMissingIsAsked() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        var asked = 0
        /// Calls since the last look.
        func news() -> Int {
            defer { asked = provider.asked.count }
            return provider.asked.count - asked
        }
        try label(workshop, "--tasks.train_rows", "6")
        #expect(news() == (6 + 6 + 6) * 5)
        try label(workshop)
        #expect(news() == 6 * 5, "tasks")
        try label(workshop, "--label.repeats", "3")
        #expect(news() == 24 * 2, "repeats of the workers whose answers differ")
        try workshop.writePool(port: provider.port, workers: LiveWorker.three + [.delta])
        try label(workshop, "--label.repeats", "3")
        #expect(news() == 24 * 3, "a worker")
        var dearer = LiveWorker.three
        dearer[0].input = 9
        dearer[1].name = "brother"
        #expect(provider.repeated == 0)
        try workshop.expectWholeLedger()
        // Neither a price nor an address is what an answer depends on.
        dearer[1].name = "beta"
        let moved = try LiveProvider()
        try workshop.writePool(port: moved.port, workers: dearer)
        try label(workshop, "--label.repeats", "3")
        #expect(news() == 0 && moved.asked.isEmpty)
        // Another target is another grade of the same answer.
        let before = try workshop.labels(filter: "task=task-0")
        try workshop.edit("tasks/train.jsonl", #""target": "24""#, #""target": "25""#)
        try label(workshop, "--label.repeats", "3")
        #expect(news() == 0 && moved.asked.isEmpty)
        #expect(try workshop.labels(filter: "task=task-0") != before)
        #expect(try workshop.labels(filter: "task=task-0").count == before.count)
    }

    @Test func labelsCanBeSeenWhileTheyAreMadeAndASecondLabellerKeepsOut() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--delay", "150")
        try workshop.writePool(port: provider.port)
        let process = try Command.start(["label", "recipe.yaml", "--quiet"], in: workshop.url)
        try #require(process.wait { provider.count > 40 })
        // However busy the machine is, the first one is still there when the second begins.
        process.send(SIGSTOP)
        let seen = try workshop.labels()
        let second = try workshop.live("label", "recipe.yaml")
        process.send(SIGCONT)
        #expect(second.status == 1)
        #expect(second.lines.count == 1 && second.messages.contains("another baton"), "\(second.messages)")
        let ending = try process.end()
        #expect(ending.status == 0, "\(ending.messages)")
        let all = try workshop.labels()
        #expect(!seen.isEmpty && seen.count <= all.count && Set(seen).isSubset(of: all))
        #expect(provider.repeated == 0 && provider.asked.count == Workshop.liveCells)
    }

    @Test func aWorkerThatLeftThePoolIsLeftOutOfAllStages() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let command = ["run", "recipe.yaml", "--json", "--quiet"] + Self.evolve
        _ = try stages(Command.baton(command, in: workshop.url))
        try workshop.writePool(port: provider.port, workers: [.alpha, .gamma])
        let second = try stages(Command.baton(command, in: workshop.url))
        #expect(second.filter(\.isSkipped).map(\.stage) == ["label", "embed"])
        #expect(provider.asked.count == Workshop.liveCells)
        let bundle = try workshop.text("\(Workshop.liveRun)/router/router.json")
        #expect(bundle.contains("gamma") && !bundle.contains("beta"))
    }
}
