import Chat
import Files
import Foundation
import Labelling
import Routing
import Tasks
import Tensors

/// What a search with drawn rewards stands on, recorded or live: tasks, states, workers, and the head it starts from.
struct SampledGround {
    let start: (map: FeatureMap?, head: RoutingHead)
    /// What the search depends on, the number of generations aside. It names what is measured, not where the answers come
    /// from: replay and live play have the same.
    let identity: SearchIdentity
    /// The cells that may be asked; without tasks where outcomes are recorded.
    let plan: LabelPlan
    private let states: Tensor
    private let split: Outcomes.Split
    /// Of each worker on each task, `[tasks × workers]`.
    private let samples: [Int]
    private let run: Run

    /// Over outcomes that are there already.
    init(recorded run: Run, inputs: RunInputs) throws {
        if let labels = inputs.labels {
            try self.init(live: run, labels: labels)
            if run.recipe.evolve.start == .sft { _ = try run.finishedSFT(inputs) }
            return
        }
        let table = inputs.data.outcomes.table
        try self.init(
            run, states: inputs.states, split: inputs.split, workers: table.workers, samples: table.samples,
            plan: try LabelPlan(tasks: [], workers: [], repeats: 1),
            measured: ["\(table.samples)", "\(table.successes)"])
        if run.recipe.evolve.start == .sft { _ = try run.finishedSFT(inputs) }
    }

    /// Over the tasks and workers of a live recipe. The states must be there; without `labels` workers are asked.
    init(live run: Run, labels: RunLabels? = nil) throws {
        guard case .live(let live) = run.recipe.source else {
            throw InputError("evolve.environment", "question asks workers: name a pool and tasks instead of outcomes")
        }
        try run.directory.require(run.directory.states, from: .embed)
        let tasks = try labels?.tasks ?? RunTasks(reading: live)
        let plan = try labels?.plan ?? run.plan(live, tasks: tasks)
        if labels == nil, let worker = plan.workers.first(where: \.isRecorded) {
            throw InputError(
                "evolve.environment",
                "question asks workers, and outcomes of \"\(worker.name)\" were recorded elsewhere; take replay")
        }
        let states = try States(reading: run.directory.states)
        guard states.ids == tasks.ids else {
            throw InputError(
                run.directory.states.path,
                "was made for other tasks than the recipe's; run `baton embed \(run.directory.url.path)` again")
        }
        let repeats = plan.workers.indices.map { plan.repeats(of: $0) }
        var samples = tasks.ids.flatMap { _ in repeats }, measured = plan.identity
        if let matrix = labels?.matrix {
            // What was recorded isn't asked for: there is as much as there is, and it is part of what is measured.
            let width = plan.workers.count
            for worker in plan.workers.indices where plan.workers[worker].isRecorded {
                let column = tasks.ids.indices.map { $0 * width + worker }
                for cell in column { samples[cell] = matrix.samples[cell] }
                measured.append("\(column.map { matrix.samples[$0] }) \(column.map { matrix.successes[$0] })")
            }
        }
        try self.init(
            run, states: states, split: tasks.split, workers: plan.workers.map(\.name), samples: samples, plan: plan,
            measured: measured + ["\(repeats)"])
    }

    private init(
        _ run: Run, states: States, split: Outcomes.Split, workers: [String], samples: [Int], plan: LabelPlan,
        measured: [String]
    ) throws {
        let evolve = run.recipe.evolve
        var startKey = "zero"
        var start: (map: FeatureMap?, head: RoutingHead) = (nil, RoutingHead(zeros: workers, width: states.values.columns))
        if evolve.start == .sft {
            try run.directory.require(run.directory.sft, from: .sft)
            let sft = try SFTCheckpoint(reading: run.directory.sft)
            guard sft.trained.head.workers == workers, sft.trained.head.width == states.values.columns else {
                throw InputError(
                    run.directory.sft.path, "was made for other workers; run `baton sft \(run.directory.url.path)` first")
            }
            (start, startKey) = (evolve.start(sft.trained), sft.key)
        }
        identity = run.searchIdentity(
            states: states, split: split,
            data: ["data.start": startKey, "data.workers": StageKey(workers + measured).hex])
        self.start = start
        self.plan = plan
        self.states = start.map?.features(of: states.values, threads: run.threads) ?? states.values
        self.split = split
        self.samples = samples
        self.run = run
    }

    /// The play itself; `scores` gives what cells were worth.
    func play(_ scores: @escaping @Sendable (Set<SampleCell>) throws -> [SampleCell: Double]) -> SampledPlay {
        SampledPlay(
            states: states, train: split.train, validation: split.validation, samples: samples,
            workers: start.head.workers.count, settings: run.recipe.evolve,
            seed: run.recipe.seed, threads: run.threads, scores: scores)
    }
}

extension Run {
    /// What single samples were worth, from the ledger, or as recorded counts give them: of `k` successes among `n` samples
    /// the first `k` are the successes, and what is fractional is spread over all.
    func recordedScores(_ inputs: RunInputs) -> @Sendable (Set<SampleCell>) -> [SampleCell: Double] {
        if let labels = inputs.labels {
            let plan = labels.plan, matrix = labels.matrix, known = matrix.scores
            return { cells in
                var scores: [SampleCell: Double] = [:]
                for cell in cells {
                    var found = cell
                    let samples = matrix.samples[cell.task * plan.workers.count + cell.worker]
                    // Of a recorded worker some tasks may have fewer samples than others.
                    if plan.workers[cell.worker].isRecorded, samples > 0 { found.repeatIndex %= samples }
                    scores[cell] = known[found]
                }
                return scores
            }
        }
        let table = inputs.data.outcomes.table
        return { cells in
            var scores: [SampleCell: Double] = [:]
            for cell in cells { scores[cell] = table.score(of: cell) }
            return scores
        }
    }
}

extension LabelMatrix {
    /// What each heard cell was worth.
    var scores: [SampleCell: Double] {
        var scores: [SampleCell: Double] = [:]
        for row in rows where row.status.isHeard {
            let cell = SampleCell(task: row.cell.task, worker: row.cell.worker, repeatIndex: row.cell.repeatIndex)
            scores[cell] = row.score ?? 0
        }
        return scores
    }
}
