import Foundation
import Testing

/// Stages do what is left to do, and a router goes where its user takes it.
struct StageTests {
    private static let later = ["checkpoints/sft.h5"] + (2...4).map { "checkpoints/gen-00000\($0).h5" }
    private static let verdict = ["report.html", "report.json"]
    private static let router = ["router/router.json", "router/router.safetensors"]

    /// Files of the run that a command wrote anew, same bytes or not.
    private func rewritten(_ workshop: Workshop, by arguments: [String]) throws -> [String] {
        let before = try identities(workshop)
        let ending = try Command.baton(["run", Workshop.run] + arguments, in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        let after = try identities(workshop)
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
    }

    private func identities(_ workshop: Workshop) throws -> [String: [Int]] {
        Dictionary(
            uniqueKeysWithValues: try workshop.snapshot(Workshop.run).keys.filter { !$0.hasSuffix("/") && $0 != "timing.jsonl" }
                .map { name in
                    var status = stat()
                    stat(workshop.file("\(Workshop.run)/\(name)").path, &status)
                    return (name, [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec])
                })
    }

    @Test func aFinishedRunTouchesNothing() throws {
        let workshop = try Workshop.finished()
        #expect(try rewritten(workshop, by: []) == [])
        let again = try workshop.baton("run", "recipe.yaml", "--json")
        let stages = try again.output.split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(stages.map { $0["stage"] as? String } == ["embed", "sft", "evolve", "evaluate", "export"])
        #expect(stages.allSatisfy { $0["skipped"] as? Bool == true })
    }

    /// Each row: flags, and what they must make anew beside the recipe; all else stays as it is.
    @Test(arguments: [
        (["--evaluate.bootstrap", "300"], verdict),
        (["--evolve.sigma", "0.5"], later.dropFirst() + ["metrics.jsonl"] + verdict + router),
        (["--sft.ridge", "0.5"], later + ["metrics.jsonl"] + verdict + router),
        (["--embed.readout", "cls"], ["states.h5"] + later + ["metrics.jsonl"] + verdict + router),
        (["--generations", "6"], ["checkpoints/gen-000005.h5", "checkpoints/gen-000006.h5", "metrics.jsonl"] + verdict),
    ])
    func aChangedKeyRedoesWhatDependsOnIt(flags: [String], expected: [String]) throws {
        let workshop = try Workshop.finished()
        let changed = try rewritten(workshop, by: flags)
        // A head that comes out the same leaves the same bundle.
        #expect(changed.filter { !$0.hasPrefix("router/") || expected.contains($0) } == changed)
        #expect(Set(expected + ["recipe.yaml"]).subtracting(Self.router).isSubset(of: changed))
        // And what is redone is what a run of its own gives.
        let fresh = try Workshop()
        try #require(Command.baton(["run", "recipe.yaml", "--threads", "2"] + flags, in: fresh.url).status == 0)
        #expect(differences(try workshop.lasting(), try fresh.lasting()) == [])
    }

    @Test func fewerGenerationsAreTheSearchThatEndedThere() throws {
        let workshop = try Workshop.finished(), fresh = try Workshop()
        for run in [workshop, fresh] {
            let ending = try run.baton("run", "recipe.yaml", "--generations", "2")
            try #require(ending.status == 0, "\(ending.messages)")
        }
        let left = try workshop.lasting().filter { !$0.key.contains("gen-00000") }
        let expected = try fresh.lasting().filter { !$0.key.contains("gen-00000") }
        #expect(differences(left, expected) == [])
    }

    @Test func stagesOneByOneAreTheWholeRun() throws {
        let workshop = try Workshop()
        for stage in ["embed", "sft", "evolve", "evaluate", "export"] {
            let ending = try workshop.baton(stage, stage == "embed" ? "recipe.yaml" : Workshop.run)
            #expect(ending.status == 0, "\(stage): \(ending.messages)")
        }
        #expect(differences(try workshop.lasting(), try Workshop.finished().lasting()) == [])
    }

    @Test func aRunStopsAfterTheStageThatIsNamed() throws {
        let workshop = try Workshop()
        #expect(try workshop.baton("run", "recipe.yaml", "--to", "sft").status == 0)
        #expect(
            try Set(workshop.snapshot(Workshop.run).keys) == ["recipe.yaml", "states.h5", "checkpoints/", "checkpoints/sft.h5"])
    }

    private struct Decision: Decodable, Equatable {
        var worker: String
        var scores: [String: Double], probabilities: [String: Double]
    }

    private func decide(_ workshop: Workshop, _ arguments: String...) throws -> Decision {
        let ending = try Command.baton(["route"] + arguments + ["--json"], in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        return try JSONDecoder().decode(Decision.self, from: Data(ending.output.utf8))
    }

    @Test func aDecisionIsTheBestWorkerThatIsLeft() throws {
        let workshop = try Workshop.finished(), text = "map river city"
        let all = try decide(workshop, "\(Workshop.run)/router", text)
        #expect(Set(all.scores.keys) == Set(RecordedWords.workers))
        #expect(all.worker == all.scores.max { $0.value < $1.value }?.key)
        #expect(abs(all.probabilities.values.reduce(0, +) - 1) < 1e-12)
        let rest = try decide(workshop, "\(Workshop.run)/router", text, "--without", all.worker)
        #expect(rest.worker == all.scores.filter { $0.key != all.worker }.max { $0.value < $1.value }?.key)
        #expect(rest.probabilities[all.worker, default: 0] == 0)
        let ranked = try workshop.baton("route", "\(Workshop.run)/router", text)
        #expect(ranked.output.hasPrefix("\(all.worker)\n"))
    }

    @Test func aProbeOfTheBundleGivesItsScores() throws {
        struct Manifest: Decodable {
            struct Probe: Decodable {
                var text: String
                var scores: [Double]
            }
            var workers: [String], probes: [Probe]
        }
        let workshop = try Workshop.finished(), bundle = "\(Workshop.run)/router"
        let manifest = try JSONDecoder().decode(Manifest.self, from: workshop.bytes("\(bundle)/router.json"))
        for probe in manifest.probes {
            let scores = try decide(workshop, bundle, probe.text).scores
            for (worker, score) in zip(manifest.workers, probe.scores) {
                #expect(abs((scores[worker] ?? .nan) - score) < 1e-5)
            }
        }
    }

    @Test func aRouterGoesWhereItIsTaken() throws {
        let workshop = try Workshop.finished(), text = "verb noun"
        let home = try decide(workshop, "\(Workshop.run)/router", text)
        #expect(try workshop.baton("export", Workshop.run, "-o", "exported/deep").status == 0)
        #expect(try decide(workshop, "exported/deep", text) == home)

        // Moved without its backbone, it asks for it by name.
        let elsewhere = try TemporaryFolder()
        let moved = elsewhere.url.appendingPathComponent("a/b/run")
        try FileManager.default.createDirectory(at: moved.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: workshop.file(Workshop.run), to: moved)
        let bundle = moved.appendingPathComponent("router").path
        let lost = try Command.baton(["route", bundle, text], in: elsewhere.url)
        #expect(lost.status == 2)
        #expect(lost.lines.count == 1 && lost.messages.contains("--model"), "\(lost.messages)")
        #expect(try decide(workshop, bundle, text, "--model", "model") == home)
    }
}
