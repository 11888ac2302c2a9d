import Foundation
import Synchronization
import Testing

/// Load changes when things happen, never what they come to: budgets of real programs are steps and sizes, not seconds.
struct LiveLoadTests {
    /// What keeps the machine busy. A class because its threads share it.
    private final class Burner: Sendable {
        private let isOver = Atomic(false)

        /// Does `body` while so many threads do nothing as fast as they can: until it ends, five minutes at most.
        static func burning<Result>(threads: Int, _ body: () throws -> Result) rethrows -> Result {
            let burner = Burner(), end = ContinuousClock.now + .seconds(300)
            defer { burner.isOver.store(true, ordering: .relaxed) }
            for _ in 0..<threads {
                Thread.detachNewThread { while !burner.isOver.load(ordering: .relaxed), ContinuousClock.now < end {} }
            }
            return try body()
        }
    }

    /// What may not depend on load.
    private struct Outcome: Equatable {
        var labels: [String]
        var search: [String: Data]
    }

    private static let rounds = [
        "--evolve.environment", "question", "--evolve.popsize", "12", "--generations", "4", "--evolve.batch", "8",
        "--evolve.replications", "2",
    ]

    /// A search among real programs whose answers are all asked before, and one that asks as it goes.
    private func outcomes(_ suffix: String, in workshop: Workshop) throws -> [Outcome] {
        let labelled = "runs/labelled-\(suffix)", asking = "runs/asking-\(suffix)"
        let commands = [
            ["run", "recipe.yaml", "--to", "evolve", "--run", labelled] + Self.rounds,
            ["embed", "recipe.yaml", "--run", asking],
            ["evolve", asking, "--evolve.start", "zero"] + Self.rounds,
        ]
        for command in commands {
            let ending = try Command.baton(command + ["--threads", "1", "--quiet"], in: workshop.url)
            try #require(ending.status == 0, "\(suffix): \(command): \(ending.messages)")
        }
        return try [labelled, asking].map { Outcome(labels: try workshop.labels($0), search: try workshop.search($0)) }
    }

    @Test(.enabled(if: LiveWorkersTests.isInstalled, LiveWorkersTests.withoutPrograms))
    func aBusyMachineGivesTheLabelsAndCheckpointsOfAnIdleOne() throws {
        let workshop = try Workshop.live(), root = try #require(Command.above("Package.swift"))
        try workshop.edit("recipe.yaml", "pool: pool.yaml", "pool: offline")
        try workshop.edit("recipe.yaml", "tasks: {", "tasks: {train_rows: 28, validation_rows: 14, test_rows: 7, ")
        for part in ["train", "validation", "test"] {
            try workshop.copy(root.appendingPathComponent("Datasets/offline/\(part).jsonl"), to: "offline/\(part).jsonl")
            try workshop.edit("recipe.yaml", "tasks/\(part)", "offline/\(part)")
        }
        let idle = try outcomes("idle", in: workshop)
        let loaded = try Burner.burning(threads: 2 * ProcessInfo.processInfo.activeProcessorCount) {
            try outcomes("loaded", in: workshop)
        }
        for (loaded, idle) in zip(loaded, idle) {
            #expect(loaded.labels == idle.labels)
            #expect(differences(loaded.search, idle.search) == [])
            #expect((4...5).contains(idle.search.count) && idle.labels.count > 50)
        }
    }
}
