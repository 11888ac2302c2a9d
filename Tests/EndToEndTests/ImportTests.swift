import Foundation
import Testing

/// Outcomes that were recorded elsewhere, in a run like any other; and grades made again.
struct ImportTests {
    private static let run = "runs/imported"

    private func importing(_ workshop: Workshop, _ flags: String...) throws -> Command.Ending {
        try Command.baton(["import", "outcomes", "--format", "outcomes", "--run", Self.run] + flags, in: workshop.url)
    }

    private struct Report: Decodable, Equatable { var tasks: Int, workers: Int, samples: Int, new: Int, elsewhere: Int }

    private func report(_ ending: Command.Ending) throws -> Report {
        try #require(ending.status == 0, "\(ending.messages)")
        return try JSONDecoder().decode(Report.self, from: Data(ending.output.utf8))
    }

    /// What methods earned on test.
    private func rewards(_ workshop: Workshop, _ run: String) throws -> [String: Double] {
        struct Document: Decodable {
            struct Method: Decodable { var reward: Double }
            var methods: [String: Method]
        }
        return try JSONDecoder().decode(Document.self, from: workshop.bytes("\(run)/report.json")).methods.mapValues(\.reward)
    }

    @Test func anImportedRunSaysWhatTheFolderSays() throws {
        let workshop = try Workshop.finished()
        let first = try report(importing(workshop, "--json", "--model", "model"))
        #expect(first.new == first.samples && first.samples > 0 && first.elsewhere == 0)
        let again = try report(importing(workshop, "--json"))
        #expect(
            again
                == Report(
                    tasks: first.tasks, workers: first.workers, samples: first.samples, new: 0, elsewhere: 0))

        let labels = try workshop.labels(Self.run)
        #expect(labels.count == first.samples)
        let ending = try Command.baton(
            ["run", Self.run, "--seed", "7", "--generations", "4", "--evolve.popsize", "8", "--evaluate.bootstrap", "200"],
            in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        // The order of tasks differs, and with it the last digit of a sum.
        let recorded = try rewards(workshop, Workshop.run), imported = try rewards(workshop, Self.run)
        #expect(Set(recorded.keys) == Set(imported.keys))
        for (method, reward) in recorded { #expect(abs(reward - (imported[method] ?? .nan)) < 1e-9, "\(method)") }
        for suffix in ["-wal", "-shm"] { #expect(!workshop.exists("\(Self.run)/ledger.sqlite\(suffix)")) }
    }

    @Test func aWorkerThatCanBeAskedStandsBesideRecordedOnes() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.write("worker\nalpha\nold\n", to: "past/workers.csv")
        let rows = (0..<24).map { index in
            let task = try? JSONSerialization.jsonObject(with: Data(Workshop.task(index).utf8)) as? [String: Any]
            let prompt = ((task?["messages"] as? [[String: Any]])?.first?["content"] as? String) ?? ""
            return #"{"id": "task-\#(index)", "domain": "d", "prompt": "\#(prompt)", "outcomes": {"old": [1, 2]}}"# + "\n"
        }
        let stranger = #"{"id": "task-99", "domain": "d", "prompt": "?", "outcomes": {"old": [0, 3]}}"# + "\n"
        try workshop.write(rows.joined() + stranger, to: "past/tasks.jsonl")
        try workshop.write(
            #"{"0": {"train": ["task-0"], "validation": ["task-1"], "test": ["task-2"]}}"#, to: "past/splits.json")
        try workshop.writePool(port: provider.port)
        let command = ["import", "past", "--format", "outcomes", "--run", Workshop.liveRun, "--json"]
        #expect(try workshop.live("label", "recipe.yaml").status == 0)
        // Its pool asks alpha itself, and has no other.
        let refused = try Command.baton(command, in: workshop.url)
        #expect(refused.status == 2 && refused.messages.contains(#"no recorded worker "alpha""#), "\(refused.messages)")

        try workshop.write("worker\nold\n", to: "past/workers.csv")
        try workshop.edit("pool.yaml", "workers:", "  past: {api: recorded}\nworkers:\n  - {name: old, provider: past}")
        #expect(
            try report(Command.baton(command, in: workshop.url))
                == Report(tasks: 24, workers: 1, samples: 48, new: 48, elsewhere: 3))
        let asked = provider.asked.count
        #expect(try workshop.live("label", "recipe.yaml").status == 0)
        #expect(provider.asked.count == asked)
        #expect(try workshop.labels().count == Workshop.liveCells + 48)
        #expect(try workshop.labels(filter: "worker=old score=1").count == 24)
        #expect(try workshop.live("embed", Workshop.liveRun).status == 0)
        let search = try workshop.live(
            "evolve", Workshop.liveRun, "--evolve.environment", "question", "--evolve.start", "zero")
        #expect(search.status == 2 && search.messages.contains("recorded elsewhere"), "\(search.messages)")
    }

    @Test func anImportThatWasKilledAtAnyBorderIsFinishedByTheNext() throws {
        let workshop = try Workshop()
        _ = try report(importing(workshop, "--json", "--model", "model"))
        let labels = try workshop.labels(Self.run),
            files = try workshop.snapshot(Self.run).filter { !$0.key.contains("ledger") }
        for border in 1..<1000 {
            try workshop.remove("runs")
            let command = ["import", "outcomes", "--format", "outcomes", "--run", Self.run, "--model", "model"]
            let first = try Command.baton(command, in: workshop.url, environment: ["BATON_KILL_AT": "\(border)"])
            if first.status == 0 { return #expect(border > 8) }
            try #require(first.status == 128 + SIGKILL, "border \(border): \(first.messages)")
            let second = try Command.baton(command, in: workshop.url)
            #expect(second.status == 0, "border \(border): \(second.messages)")
            #expect(try workshop.labels(Self.run) == labels, "border \(border)")
            let left = try workshop.snapshot(Self.run).filter { !$0.key.contains("ledger") }
            #expect(differences(left, files) == [], "border \(border)")
        }
        Issue.record("an import with 1000 borders")
    }

    /// Rewards of single draws: as many samples as there are, whatever the recipe would ask of others.
    @Test func drawsFromImportedOutcomesAreThoseFromTheFolder() throws {
        struct Generation: Decodable, Equatable { var generation: Int, train: Double, sigma: Double }
        let workshop = try Workshop()
        try workshop.edit("outcomes/tasks.jsonl", "[2, 2]", "[5, 7]")
        try workshop.edit("outcomes/tasks.jsonl", "[2, 2]", "[1, 1]")
        _ = try report(importing(workshop, "--json", "--model", "model"))
        let search = [
            "--evolve.draws", "sampled", "--evolve.start", "zero", "--evolve.replications", "4", "--generations", "5",
            "--evolve.popsize", "8", "--seed", "7", "--label.repeats", "1", "--to", "evolve", "--quiet",
        ]
        func generations(_ path: String, _ run: String) throws -> [Generation] {
            let flags = path == "recipe.yaml" ? search.filter { $0 != "--label.repeats" && $0 != "1" } : search
            let ending = try Command.baton(["run", path] + flags, in: workshop.url)
            try #require(ending.status == 0, "\(ending.messages)")
            return try workshop.text("\(run)/metrics.jsonl").split(separator: "\n").map {
                try JSONDecoder().decode(Generation.self, from: Data($0.utf8))
            }
        }
        let folder = try generations("recipe.yaml", Workshop.run)
        #expect(try generations(Self.run, Self.run) == folder && folder.count >= 5)
    }

    @Test func whatAnImportCannotDoIsOneLineAndLeavesEverythingAsItWas() throws {
        let workshop = try Workshop()
        func refuses(_ words: String, _ change: () throws -> Void) throws {
            try change()
            let before = try workshop.snapshot(), ending = try importing(workshop, "--model", "model")
            #expect(ending.status == 2 && ending.lines.count == 1 && ending.messages.contains(words), "\(ending.messages)")
            #expect(differences(try workshop.snapshot(), before) == [], "\(words)")
        }
        try refuses("is there already") { try workshop.write("version: 1\n", to: "\(Self.run)/pool.yaml") }
        try workshop.remove("runs")
        try refuses("\"baton\": a pool cannot have that name") {
            try workshop.edit("outcomes/workers.csv", "alpha", "baton")
            try workshop.edit("outcomes/tasks.jsonl", "alpha", "baton", everywhere: true)
        }
        try RecordedWords(tasks: 60).write(to: workshop.file("outcomes"))
        try refuses("asks nothing") {
            try workshop.edit("outcomes/tasks.jsonl", #""id": "task-0""#, #""id": " ""#)
            try workshop.edit("outcomes/splits.json", #""task-0""#, #"" ""#)
        }
    }

    @Test func outcomesThatContradictAreRefusedAndNothingOfThemIsKept() throws {
        let workshop = try Workshop()
        _ = try report(importing(workshop, "--json", "--model", "model"))
        let before = try workshop.labels(Self.run)
        try workshop.edit("outcomes/tasks.jsonl", "[1, 2]", "[0, 2]")
        let ending = try importing(workshop)
        #expect(ending.status == 2 && ending.messages.contains("another outcome"), "\(ending.messages)")
        #expect(try workshop.labels(Self.run) == before)
    }

    @Test func repliesAreGradedAgainWithoutACall() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        #expect(try workshop.live("label", "recipe.yaml").status == 0)
        let before = try workshop.labels()
        provider.stop()
        let same = try Command.baton(["grade", Workshop.liveRun], in: workshop.url)
        #expect(
            same.status == 0 && same.messages.contains(" 0 otherwise than before, 0 for the first time"), "\(same.messages)")
        #expect(try workshop.labels() == before)
        // A grade that somebody spoiled is put right.
        #expect(try Fixture.run("spoil_grade.py", [workshop.file(Workshop.liveLedger).path]) == [1])
        #expect(try workshop.labels() != before)
        let mended = try Command.baton(["grade", Workshop.liveRun], in: workshop.url)
        #expect(mended.status == 0 && mended.messages.contains(" 1 otherwise than before"), "\(mended.messages)")
        #expect(try workshop.labels() == before)
    }
}
