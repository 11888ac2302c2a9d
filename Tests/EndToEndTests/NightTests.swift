import Foundation
import Testing

/// A night that nobody watches: a search ends where it is told to, keeps what it needs, and says what happened.
struct NightTests {
    private static let run = Workshop.run

    private func evolve(_ workshop: Workshop, _ flags: String...) throws -> Command.Ending {
        try Command.baton(["evolve", Self.run, "--threads", "1"] + flags, in: workshop.url)
    }

    private func records(_ workshop: Workshop, _ run: String = Self.run) throws -> [[String: Any]] {
        try workshop.text("\(run)/metrics.jsonl").split(separator: "\n").map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func name(_ generation: Int) -> String { "gen-" + String(format: "%06d", generation) + ".h5" }

    // MARK: What stays

    @Test func theLastThreeCheckpointsAndTheBestStay() throws {
        let workshop = try Workshop(generations: 20)
        try #require(try workshop.baton("run", "recipe.yaml", "--evolve.start", "zero").status == 0)
        let records = try records(workshop), kept = try #require(records.last?["kept"] as? Int)
        #expect(records.count == 21 && kept > 0)
        #expect(try workshop.checkpoints() == Set([kept, 18, 19, 20]).sorted().map(name))
    }

    /// Catches a fallback that starts again, and one that keeps silent.
    @Test(arguments: ["cut off", "gone", "empty"])
    func aNewestCheckpointThatIsLostCostsOneGenerationAndIsSaid(how: String) throws {
        let workshop = try Workshop.finished(), expected = try workshop.lasting(),
            newest = "\(Self.run)/checkpoints/gen-000004.h5"
        switch how {
        case "cut off": try workshop.halve(newest)
        case "gone": try workshop.remove(newest)
        default: try workshop.write("", to: newest)
        }
        let ending = try evolve(workshop)
        #expect(ending.status == 0)
        let said = ending.lines.filter { $0.contains("going on after generation 3") }
        #expect(
            said.count == 1 && said[0].contains(how == "gone" ? "generation 4 is missing" : "gen-000004.h5"),
            "\(ending.messages)")
        #expect(differences(try workshop.lasting(), expected) == [])
    }

    @Test func whereTwoAreCutOffTheThirdGoesOn() throws {
        let workshop = try Workshop.finished(), expected = try workshop.lasting()
        for generation in 3...4 { try workshop.halve("\(Self.run)/checkpoints/\(name(generation))") }
        let ending = try evolve(workshop)
        #expect(
            ending.status == 0 && ending.lines.count { $0.contains("going on after generation 2") } == 2, "\(ending.messages)")
        #expect(differences(try workshop.lasting(), expected) == [])
    }

    // MARK: Ends

    @Test func theTargetEndsTheSearchAndAHigherOneGoesOn() throws {
        let workshop = try Workshop(generations: 40)
        let start = ["--evolve.start", "zero", "--threads", "1"]
        try #require(try Command.baton(["run", "recipe.yaml"] + start, in: workshop.url).status == 0)
        let records = try records(workshop), rewards = try records.map { try #require($0["validation"] as? Double) }
        let first = try #require(records.firstIndex { $0["kept"] as? Int != 0 })
        let target = rewards[first]
        try #require(first > 0 && first < 40)

        let other = ["run", "recipe.yaml", "--run", "runs/other"] + start
        let ended = try Command.baton(other + ["--target", "\(target)"], in: workshop.url)
        #expect(ended.status == 0)
        #expect(ended.lines.contains { $0.contains("that is the target of ") }, "\(ended.messages)")
        #expect(try self.records(workshop, "runs/other").count == first + 1)
        // It is finished: nothing is left to do, and the router is there.
        let before = try workshop.lasting("runs/other")
        #expect(try Command.baton(["run", "runs/other"], in: workshop.url).status == 0)
        #expect(differences(try workshop.lasting("runs/other"), before) == [])
        #expect(workshop.exists("runs/other/router/router.json"))
        // Without it, the same search goes on.
        try #require(try Command.baton(["run", "runs/other", "--target", "none"], in: workshop.url).status == 0)
        var whole = try workshop.lasting("runs/other"), expected = try workshop.lasting()
        for name in ["recipe.yaml"] { (whole[name], expected[name]) = (nil, nil) }
        #expect(differences(whole, expected) == [])
    }

    /// With steps of nothing all candidates choose alike: two generations are enough to see it.
    @Test func aSearchThatCanGetNoFurtherEndsWhenAskedToAndSaysWhy() throws {
        let workshop = try Workshop(generations: 12)
        let flags = ["--evolve.action", "argmax", "--evolve.sigma", "1e-6", "--threads", "1"]
        try #require(try Command.baton(["run", "recipe.yaml"] + flags, in: workshop.url).status == 0)
        #expect(try !workshop.text("\(Self.run)/report.json").contains("\"stopped\""))
        let other = ["run", "recipe.yaml", "--run", "runs/other"] + flags
        let ended = try Command.baton(other + ["--evolve.stop", "auto"], in: workshop.url)
        #expect(ended.status == 0)
        let reason = "most candidates of a generation are equally good"
        #expect(
            ended.lines.contains { $0.contains("kept of 2; stopped before 12: ") && $0.contains(reason) }, "\(ended.messages)")
        #expect(try records(workshop, "runs/other").count == 3)
        #expect(try workshop.text("runs/other/report.json").contains("\"stopped\" : \"flat_fitness\""))
        #expect(try workshop.text("runs/other/report.html").contains(reason))
        // It is finished: nobody waits for more, and nothing is left to do.
        let watched = try workshop.baton("watch", "runs/other")
        #expect(watched.status == 0 && watched.messages.isEmpty, "\(watched.messages)")
        let before = try workshop.lasting("runs/other")
        #expect(try Command.baton(["run", "runs/other"], in: workshop.url).status == 0)
        #expect(differences(try workshop.lasting("runs/other"), before) == [])
        // Not asked to, the same search goes on.
        try #require(try Command.baton(["run", "runs/other", "--evolve.stop", "none"], in: workshop.url).status == 0)
        #expect(differences(try workshop.lasting("runs/other"), try workshop.lasting()) == [])
    }

    @Test func whereTheMeanIsJudgedNowAndThenTheOthersSaySo() throws {
        let workshop = try Workshop(generations: 10), flags = ["--evolve.validate_every", "4", "--evolve.start", "zero"]
        let ending = try Command.baton(["run", "recipe.yaml"] + flags, in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        let records = try records(workshop)
        #expect(records.indices.filter { records[$0]["validation"] is Double } == [0, 4, 8])
        #expect(records.allSatisfy { $0["validation"] is Double || $0["validation"] is NSNull })
        // No generation is judged for being the last one that was asked for.
        let parts = ["--run", "runs/parts"] + flags
        for length in ["4", "6", "7", "10"] {
            try #require(
                Command.baton(["run", "recipe.yaml", "--generations", length] + parts, in: workshop.url).status == 0)
        }
        #expect(differences(try workshop.lasting("runs/parts"), try workshop.lasting()) == [])
        let page = try workshop.text("\(Self.run)/report.html")
        #expect(!page.lowercased().contains("nan"))
        // The search itself is the one that is judged at each.
        try #require(
            try workshop.baton("run", "recipe.yaml", "--run", "runs/other", "--evolve.start", "zero").status == 0)
        let other = try self.records(workshop, "runs/other")
        #expect(zip(records, other).allSatisfy { $0["train"] as? Double == $1["train"] as? Double })
    }

    // MARK: Another recipe

    @Test func aFinishedSearchWithAnotherRecipeStartsAgainAndSaysWhy() throws {
        let workshop = try Workshop.finished()
        let ending = try evolve(workshop, "--evolve.sigma", "0.5")
        #expect(ending.status == 0)
        #expect(
            ending.lines.contains { $0.contains("evolve.sigma was 0.03 and is 0.5") && $0.contains("starting again") },
            "\(ending.messages)")
    }

    @Test func aHalfFinishedSearchGoesOnWithItsOwnRecipeOrStartsAgainWhenAsked() throws {
        let workshop = try Workshop(generations: 9)
        try #require(try workshop.baton("run", "recipe.yaml", "--run", "runs/other", "--evolve.sigma", "0.1").status == 0)
        try #require(try workshop.baton("run", "recipe.yaml", "--run", "runs/third").status == 0)
        let limited = try workshop.baton("run", "recipe.yaml", "--hours", "1e-9")
        try #require(limited.status == 3, "\(limited.messages)")
        let before = try workshop.snapshot()
        let refused = try workshop.baton("run", "recipe.yaml", "--evolve.sigma", "0.1", "--quiet")
        #expect(refused.status == 2 && refused.messages.contains("evolve.sigma was 0.03 and is 0.1"), "\(refused.messages)")
        #expect(differences(try workshop.snapshot(), before) == [])
        // The old value goes on.
        try #require(try workshop.baton("run", "recipe.yaml", "--hours", "none").status == 0)
        #expect(differences(try workshop.lasting(), try workshop.lasting("runs/third")) == [])
        // Asked to, it starts again, in the middle too.
        let longer = try workshop.baton("run", Self.run, "--generations", "20", "--hours", "1e-9")
        try #require(longer.status == 3, "\(longer.messages)")
        let again = try workshop.baton("run", "recipe.yaml", "--evolve.sigma", "0.1", "--restart")
        #expect(again.status == 0, "\(again.messages)")
        #expect(differences(try workshop.lasting(), try workshop.lasting("runs/other")) == [])
    }

    // MARK: The report

    private struct Report: Decodable {
        struct Interval: Decodable {
            var mean: Double, low: Double, high: Double
        }
        struct Part: Decodable {
            var train: Interval, validation: Interval
        }
        struct Evolution: Decodable {
            var start: Part, kept: Part
            var evaluations_made: Int, evaluations_reused: Int, failed_episodes: Int, axis_ratio: Double
        }
        struct Method: Decodable {
            var reward: Double
            var versus_best_single: Interval
        }
        struct Power: Decodable {
            var tasks: Int, detectable: Double, standard_deviation: Double
        }
        struct Timing: Decodable {
            var generation_seconds: Double
        }
        var exported: String
        var methods: [String: Method]
        var versus: [String: Interval]
        var evolution: Evolution
        var power: Power
        var timing: Timing
    }

    @Test func theReportComparesWhatIsExportedWithEachSimplerPolicy() throws {
        let workshop = try Workshop.finished()
        let report = try JSONDecoder().decode(Report.self, from: workshop.bytes("\(Self.run)/report.json"))
        #expect(Set(report.versus.keys) == ["sft", "best_single", "domain_table", "knn"])
        let own = try #require(report.methods[report.exported])
        for (name, difference) in report.versus {
            let other = try #require(report.methods[name])
            #expect(abs(own.reward - other.reward - difference.mean) < 1e-9, "\(name)")
            #expect(difference.low <= difference.mean && difference.mean <= difference.high, "\(name)")
        }
        #expect(abs((report.versus["best_single"]?.low ?? .nan) - own.versus_best_single.low) < 0.05)
        for part in [report.evolution.start, report.evolution.kept] {
            for interval in [part.train, part.validation] {
                #expect(interval.low <= interval.mean && interval.mean <= interval.high)
            }
        }
        // 36 tasks: eight candidates and the mean in each of four generations, and the start.
        let evolution = report.evolution
        #expect(evolution.evaluations_made + evolution.evaluations_reused == 36 * (4 * 9 + 1))
        #expect(evolution.failed_episodes == 0 && evolution.axis_ratio >= 1 && report.timing.generation_seconds > 0)
        #expect(
            report.power.tasks == 12
                && abs(report.power.detectable - 2.8016 * report.power.standard_deviation / 12.0.squareRoot()) < 1e-4)
        let page = try workshop.text("\(Self.run)/report.html")
        for word in ["The exported policy", "cannot be seen", "Step size", "Axis ratio", "<footer id=\"timing\">"] {
            #expect(page.contains(word), "\(word)")
        }
    }

    @Test func powerSaysWhatTheRunsOwnTasksCanShow() throws {
        struct Power: Decodable {
            struct Part: Decodable {
                struct Need: Decodable {
                    var difference: Double
                    var tasks: Int
                }
                var part: String
                var tasks: Int, detectable: Double
                var needed: [Need]
            }
            var policy: String
            var parts: [Part]
        }
        let workshop = try Workshop.finished()
        let power = try JSONDecoder().decode(
            Power.self, from: Data(try workshop.baton("power", Self.run, "--json").output.utf8))
        let report = try JSONDecoder().decode(Report.self, from: workshop.bytes("\(Self.run)/report.json"))
        #expect(power.policy == "evolved" && power.parts.map(\.part) == ["validation", "test"])
        #expect(power.parts.map(\.tasks) == [12, 12])
        #expect(abs(power.parts[1].detectable - report.power.detectable) < 1e-12)
        for part in power.parts {
            #expect(part.needed.map(\.difference) == [0.005, 0.01, 0.02, 0.05])
            #expect(zip(part.needed, part.needed.dropFirst()).allSatisfy { $0.tasks >= $1.tasks })
        }
        let people = try workshop.baton("power", Self.run)
        #expect(people.status == 0 && people.output.contains("12 test tasks"), "\(people.output)")
    }
}
