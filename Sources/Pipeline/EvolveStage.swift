import Evolution
import Files
import Foundation
import Routing
import Tensors

/// The search: one checkpoint a generation, one line of metrics a generation.
struct EvolveStage {
    let run: Run

    /// What was reached, for people; `nil` where the last generation stands already.
    func perform() throws -> String? {
        let inputs = try run.inputs(), sft = try run.finishedSFT(inputs), key = run.searchKey(inputs)
        let settings = run.recipe.evolve, head = sft.trained.head
        try settings.check(weights: head.weight.scalars.count)
        try run.prepareFolder()
        let ground = HeadSearch.Ground(
            train: inputs.train, validation: inputs.validation, action: settings.resolvedRunAction, threads: run.threads)
        var search: HeadSearch
        if let checkpoint = try newestCheckpoint(key: key) {
            search = checkpoint.search
            try restoreMetrics(search.history)
            guard search.search.generation < settings.generations else { return nil }
            run.monitor.note("evolve: goes on after generation \(search.search.generation)")
        } else {
            search = HeadSearch(
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

    private func advance(_ search: inout HeadSearch, until last: Int, key: String, on ground: HeadSearch.Ground) throws {
        while search.search.generation < last {
            try run.monitor.checkpoint("after generation \(search.search.generation)")
            search.step(on: ground)
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
