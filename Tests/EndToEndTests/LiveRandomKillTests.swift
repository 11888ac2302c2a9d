import Foundation
import Statistics
import Testing

/// A labeller or a live search that is killed at instants which nobody chose: twenty by default, any number by `make kill`.
struct LiveRandomKillTests {
    enum Job: String, CaseIterable { case label, evolve }

    private static let variables = ProcessInfo.processInfo.environment
    private static let kills = variables["BATON_KILLS"].flatMap { Int($0) } ?? 20
    /// With the machine's pace it decides the instants; `BATON_KILL_SEED` sets it.
    private static let seed = variables["BATON_KILL_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 32)

    /// What a job came to.
    private struct Summary: CustomStringConvertible {
        var job: Job
        var killed = 0, cells = 0, repeated = 0, underWay = 0

        var description: String {
            "kill: \(job): \(killed) of \(kills / 2) ended by a kill, \(cells) cells, \(repeated) calls repeated of \(underWay) "
                + "under way; BATON_KILL_SEED=\(seed)"
        }
    }

    private static let rounds = [
        "--evolve.environment", "question", "--evolve.start", "zero", "--evolve.popsize", "12", "--generations", "6",
        "--evolve.batch", "6", "--evolve.replications", "2",
    ]

    @Test(arguments: Job.allCases)
    func aKillAtARandomInstantLosesNothingAndRepeatsAtMostWhatWasUnderWay(job: Job) throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--delay", "10")
        // A few calls at once, so that most instants meet some of them.
        try workshop.writePool(port: provider.port, keys: "max_concurrency: 6")
        try #require(try workshop.live("embed", "recipe.yaml").status == 0)
        try workshop.copy(workshop.file(Workshop.liveRun), to: "prepared")
        let command = [job.rawValue, Workshop.liveRun, "--threads", "1", "--quiet"] + (job == .evolve ? Self.rounds : [])
        let clock = ContinuousClock(), begin = clock.now
        try #require(try Command.baton(command, in: workshop.url).status == 0)
        let duration = clock.now - begin, labels = try workshop.labels(), search = try workshop.search()
        #expect(search.isEmpty == (job == .label))

        var instants = SplitMix64(seed: Self.seed), summary = Summary(job: job)
        for number in 1...max(1, Self.kills / 2) {
            let share = instants.nextShare(), place = "\(job) \(number), after \(share) of \(duration), seed \(Self.seed)"
            try workshop.remove("runs")
            try workshop.copy(workshop.file("prepared"), to: Workshop.liveRun)
            let asked = provider.count
            let process = try Command.start(command, in: workshop.url), start = clock.now
            _ = process.wait { clock.now - start > duration * share }
            process.send(SIGKILL)
            let first = try process.end()
            // On a machine whose load falls, it may end by itself before its instant comes.
            try #require(first.status == 128 + SIGKILL || first.status == 0, "\(place): \(first.messages)")
            // Early on there is no ledger yet, or none with tables; then nothing may be asked again.
            let underWay = (try? workshop.ledger().leased) ?? 0
            let second = try Command.baton(command, in: workshop.url), repeated = provider.repeated(since: asked)
            #expect(second.status == 0, "\(place): \(second.messages)")
            #expect(repeated <= underWay, "\(place)")
            let found = try workshop.labels(), foundSearch = try workshop.search()
            #expect(found == labels, "\(place)")
            #expect(differences(foundSearch, search) == [], "\(place)")
            try workshop.expectWholeLedger(Workshop.liveRun, place)
            summary.killed += first.status == 0 ? 0 : 1
            summary.cells += found.count
            summary.repeated += repeated
            summary.underWay += underWay
        }
        #expect(summary.killed > 0)
        print(summary)
    }
}

extension SplitMix64 {
    /// A share of a duration, uniform in [0, 1).
    mutating func nextShare() -> Double { Double(next() >> 11) * 0x1p-53 }
}
