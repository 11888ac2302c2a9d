import Evolution
import Files
import Foundation
import Routing
import Tensors

/// The search: one checkpoint a generation, one line of metrics a generation.
struct EvolveStage {
    let run: Run
    private let folder: SearchFolder
    /// When a command's hours are over, by a clock that nobody sets.
    private let end: ContinuousClock.Instant?

    init(run: Run) {
        self.run = run
        folder = SearchFolder(run: run)
        end = run.recipe.evolve.hours.map { .now + .seconds($0 * 3600) }
    }

    /// What was reached, for people; `nil` where the last generation stands already.
    func perform() throws -> String? {
        let settings = run.recipe.evolve
        switch (settings.environment, settings.draws) {
        case (.replay, .exact):
            let inputs = try run.inputs(), sft = try run.finishedSFT(inputs)
            let start = settings.start(sft.trained)
            return try search(from: start.head, run.searchIdentity(inputs)) { (play: (ExactReplay) throws -> String) in
                try play(
                    ExactReplay(
                        train: inputs.train.mapped(by: start.map, threads: run.threads),
                        validation: inputs.validation.mapped(by: start.map, threads: run.threads),
                        action: settings.resolvedRunAction, threads: run.threads))
            }
        case (.replay, .sampled):
            let inputs = try run.inputs(), ground = try SampledGround(recorded: run, inputs: inputs)
            return try search(from: ground.start.head, ground.identity) { (play: (SampledPlay) throws -> String) in
                try play(ground.play(run.recordedScores(inputs)))
            }
        case (.question, _):
            let ground = try SampledGround(live: run)
            return try search(from: ground.start.head, ground.identity) { (play: (SampledPlay) throws -> String) in
                let calls = try LivePlay(run: run, plan: ground.plan, shouldStop: shouldStop)
                defer { calls.close() }
                let detail = try play(ground.play(calls.scores(of:)))
                return "\(detail); \(calls.line)"
            }
        }
    }

    private var shouldStop: @Sendable () -> Bool {
        let monitor = run.monitor, end = end
        return { monitor.stopping() || end.map { ContinuousClock.now >= $0 } == true }
    }

    /// The search from where it stands to its end; `open` plays it in an environment that is made only where it is needed.
    private func search<Ground: HeadEnvironment>(
        from head: RoutingHead, _ identity: SearchIdentity, open: ((Ground) throws -> String) throws -> String
    ) throws -> String? {
        let settings = run.recipe.evolve
        try settings.check(weights: head.weight.scalars.count)
        // All that may be wrong with what stands is found before the first byte is written.
        let standing = try folder.standing(for: identity)
        for note in standing.notes { run.monitor.note("evolve: \(note)") }
        if let checkpoint = standing.checkpoint, SearchAim(settings).isReached(by: checkpoint.search) {
            try folder.settle(checkpoint, isNewest: standing.isNewest)
            return nil
        }
        try run.prepareFolder()
        return try open { ground in
            var search = try begin(standing, from: head, identity, on: ground)
            try advance(&search, identity, on: ground)
            return line(search)
        }
    }

    /// The search as it stands, or its start.
    private func begin<Ground: HeadEnvironment>(
        _ standing: SearchFolder.Standing, from head: RoutingHead, _ identity: SearchIdentity, on ground: Ground
    ) throws -> HeadSearch {
        if let checkpoint = standing.checkpoint {
            try folder.settle(checkpoint, isNewest: standing.isNewest)
            run.monitor.note("evolve: goes on after generation \(checkpoint.generation)")
            return checkpoint.search
        }
        let settings = run.recipe.evolve
        let search = try HeadSearch(
            from: head, sigma: settings.resolvedRunSigma, settings: settings, seed: run.recipe.seed, on: ground)
        // What is there goes when there is something to put in its place.
        if standing.isInTheWay { try folder.clear() }
        try folder.keep(search, identity: identity)
        try folder.restoreMetrics(search.history)
        return search
    }

    private func advance<Ground: HeadEnvironment>(
        _ search: inout HeadSearch, _ identity: SearchIdentity, on ground: Ground
    ) throws {
        let settings = run.recipe.evolve, aim = SearchAim(settings), last = settings.generations
        while !aim.isReached(by: search) {
            let place = "after generation \(search.search.generation)", start = ContinuousClock.now
            try run.monitor.checkpoint(place)
            if let end, start >= end {
                throw LimitReached("evolve.hours", "over \(place) of \(last); the same command goes on")
            }
            try search.step(on: ground, isJudged: settings.judges(search.search.generation + 1))
            try folder.keep(search, identity: identity)
            guard let record = search.history.last else { continue }
            try Durable.append(record.line, to: run.directory.metrics)
            GenerationTiming(generation: record.generation, seconds: (ContinuousClock.now - start) / .seconds(1))
                .note(in: run.directory.timing)
            run.monitor.progress(
                "evolve", record.generation, of: last,
                detail: "train \(record.train.fixed(4)), validation \(record.isJudged ? record.validation.fixed(4) : "–"), "
                    + "σ \(record.sigma.fixed(4))")
        }
    }

    private func line(_ search: HeadSearch) -> String {
        let settings = run.recipe.evolve, kept = search.kept
        let reached = "validation reward \(kept.validationReward.fixed(4)), the mean of generation \(kept.generation) kept of "
        if let reason = SearchAim(settings).stop(of: search) {
            return reached + "\(search.search.generation); stopped before \(settings.generations): \(reason.text)"
        }
        guard let target = settings.target, kept.validationReward >= target, search.search.generation < settings.generations
        else { return reached + "\(settings.generations)" }
        return reached + "\(search.search.generation); that is the target of \(target.short), and the end"
    }
}
