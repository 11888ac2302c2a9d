import Evolution
import Files
import Foundation
import Routing
import Tensors

/// The search: one checkpoint a generation, one line of metrics a generation.
struct EvolveStage {
    let run: Run
    /// When a command's hours are over.
    private let end: ContinuousClock.Instant?

    init(run: Run) {
        self.run = run
        end = run.recipe.evolve.hours.map { .now + .seconds($0 * 3600) }
    }

    /// What was reached, for people; `nil` where the last generation stands already.
    func perform() throws -> String? {
        let settings = run.recipe.evolve
        switch (settings.environment, settings.draws) {
        case (.replay, .exact):
            let inputs = try run.inputs(), sft = try run.finishedSFT(inputs)
            let start = settings.start(sft.trained.policy, train: inputs.train.states)
            let ground = ExactReplay(
                train: inputs.train.mapped(by: start.map, threads: run.threads),
                validation: inputs.validation.mapped(by: start.map, threads: run.threads),
                action: settings.resolvedRunAction, threads: run.threads)
            return try search(from: start.head, key: run.searchKey(inputs), on: { ground })
        case (.replay, .sampled):
            let inputs = try run.inputs(), ground = try SampledGround(recorded: run, inputs: inputs)
            return try search(from: ground.start.head, key: ground.key, on: { try ground.play(run.recordedScores(inputs)) })
        case (.question, _):
            let ground = try SampledGround(live: run, isAsking: true)
            if let finished = try finishedSearch(key: ground.key) {
                try restoreMetrics(finished.history)
                return nil
            }
            try run.prepareFolder()
            let calls = try LivePlay(run: run, plan: ground.plan, shouldStop: shouldStop)
            defer { calls.close() }
            let detail = try search(from: ground.start.head, key: ground.key, on: { ground.play(calls.scores(of:)) })
            return detail.map { "\($0); \(calls.line)" }
        }
    }

    private var shouldStop: @Sendable () -> Bool {
        let monitor = run.monitor, end = end
        return { monitor.stopping() || end.map { ContinuousClock.now >= $0 } == true }
    }

    /// This very search, where its last generation stands already.
    private func finishedSearch(key: String) throws -> HeadSearch? {
        let last = run.directory.checkpoint(generation: run.recipe.evolve.generations)
        guard run.directory.exists(last), let checkpoint = try? Checkpoint(reading: last), checkpoint.key == key else {
            return nil
        }
        return checkpoint.search
    }

    private func search<Ground: HeadEnvironment>(
        from head: RoutingHead, key: String, on makeGround: () throws -> Ground
    ) throws -> String? {
        let settings = run.recipe.evolve
        try settings.check(weights: head.weight.scalars.count)
        try run.prepareFolder()
        let ground = try makeGround()
        var search: HeadSearch
        if let checkpoint = try newestCheckpoint(key: key) {
            search = checkpoint.search
            try restoreMetrics(search.history)
            guard search.search.generation < settings.generations else { return nil }
            run.monitor.note("evolve: goes on after generation \(search.search.generation)")
        } else {
            search = try HeadSearch(
                from: settings.start == .sft ? head : RoutingHead(zeros: head.workers, width: head.width),
                sigma: settings.resolvedRunSigma, settings: settings, seed: run.recipe.seed, on: ground)
            try keep(search, key: key)
            try restoreMetrics(search.history)
        }
        try advance(&search, until: settings.generations, key: key, on: ground)
        let kept = search.kept
        return "validation reward \(kept.validationReward.fixed(4)), "
            + "the mean of generation \(kept.generation) kept of \(settings.generations)"
    }

    private func advance<Ground: HeadEnvironment>(
        _ search: inout HeadSearch, until last: Int, key: String, on ground: Ground
    ) throws {
        while search.search.generation < last {
            let place = "after generation \(search.search.generation)"
            try run.monitor.checkpoint(place)
            if let end, ContinuousClock.now >= end {
                throw LimitReached("evolve.hours", "over \(place) of \(last); the same command goes on")
            }
            try search.step(on: ground)
            try keep(search, key: key)
            if let record = search.history.last {
                try Durable.append(Self.line(record), to: run.directory.metrics)
                run.monitor.progress(
                    "evolve", record.generation, of: last,
                    detail:
                        "train \(record.train.fixed(4)), validation \(record.validation.fixed(4)), σ \(record.sigma.fixed(4))")
            }
        }
    }

    private func keep(_ search: HeadSearch, key: String) throws {
        try Checkpoint(search: search, key: key).write(to: run.directory.checkpoint(generation: search.search.generation))
    }

    /// The newest checkpoint of this very search that is not beyond the recipe's generations; those of another search are
    /// removed. A damaged one is passed over, and said.
    private func newestCheckpoint(key: String) throws -> Checkpoint? {
        let generations = run.directory.checkpointedGenerations
        for generation in generations.reversed() where generation <= run.recipe.evolve.generations {
            let file = run.directory.checkpoint(generation: generation)
            let checkpoint: Checkpoint
            do { checkpoint = try Checkpoint(reading: file) } catch {
                run.monitor.note("evolve: passing over a checkpoint that cannot be read: \(error)")
                continue
            }
            if checkpoint.key == key { return checkpoint }
            run.monitor.note("evolve: the recipe or its data changed; starting again")
            for stale in generations {
                try Durable.remove(run.directory.checkpoint(generation: stale))
            }
            return nil
        }
        return nil
    }

    /// Metrics follow the checkpoints: a kill between the two leaves a line missing or too many.
    private func restoreMetrics(_ history: [GenerationRecord]) throws {
        let text = Data(try history.map { try Self.line($0) + "\n" }.joined().utf8)
        if run.directory.exists(run.directory.metrics), try readFile(run.directory.metrics) == text { return }
        try Durable.replace(run.directory.metrics, by: text)
    }

    private static func line(_ record: GenerationRecord) throws -> String {
        String(decoding: try JSONEncoder.forFiles().encode(record), as: UTF8.self)
    }
}
