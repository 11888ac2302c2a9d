import Foundation
import Statistics
import Testing

/// A replayed search that is killed at instants which nobody chose, several times until it is done: ten by default, any
/// number by `make kill`.
struct ReplayRandomKillTests {
    private static let variables = ProcessInfo.processInfo.environment
    private static let kills = variables["BATON_KILLS"].flatMap { Int($0) } ?? 10
    /// With the machine's pace it decides the instants; `BATON_KILL_SEED` sets it.
    private static let seed = variables["BATON_KILL_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)

    @Test(arguments: ["exact", "sampled"])
    func aKillAtARandomInstantChangesNoByte(draws: String) throws {
        let workshop = try Workshop(generations: 60, tasks: 240)
        try #require(try workshop.baton("run", "recipe.yaml", "--to", "sft").status == 0)
        try workshop.copy(workshop.file(Workshop.run), to: "prepared")
        let flags = [
            "--evolve.draws", draws, "--evolve.replications", "2", "--evolve.start", "zero", "--threads", "1", "--quiet",
        ]
        let evolve = ["evolve", Workshop.run] + flags, evaluate = ["evaluate", Workshop.run] + flags
        let clock = ContinuousClock(), begin = clock.now
        try #require(Command.baton(evolve, in: workshop.url).status == 0)
        let duration = clock.now - begin
        try #require(Command.baton(evaluate, in: workshop.url).status == 0)
        let expected = try workshop.lasting()

        var instants = SplitMix64(seed: Self.seed), killed = 0
        for number in 1...max(1, Self.kills / 2) {
            let share = instants.nextShare(), place = "\(draws) \(number), after \(share) of \(duration), seed \(Self.seed)"
            try workshop.remove("runs")
            try workshop.copy(workshop.file("prepared"), to: Workshop.run)
            let process = try Command.start(evolve, in: workshop.url), start = clock.now
            _ = process.wait { clock.now - start > duration * share }
            process.send(SIGKILL)
            let first = try process.end()
            // On a machine whose load falls, it may end by itself before its instant comes.
            try #require(first.status == 128 + SIGKILL || first.status == 0, "\(place): \(first.messages)")
            killed += first.status == 0 ? 0 : 1
            for command in [evolve, evaluate] {
                let ending = try Command.baton(command, in: workshop.url)
                #expect(ending.status == 0, "\(place): \(ending.messages)")
            }
            #expect(differences(try workshop.lasting(), expected) == [], "\(place)")
        }
        #expect(killed > 0)
        print("kill: replay, \(draws): \(killed) of \(max(1, Self.kills / 2)) ended by a kill; BATON_KILL_SEED=\(Self.seed)")
    }
}
