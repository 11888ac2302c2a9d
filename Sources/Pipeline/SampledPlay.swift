public import Routing
public import Tensors

/// Single episodes instead of expectations: in each generation every candidate plays the same episodes, names a worker in
/// each, and is paid what that one sample was worth. Where the samples come from, a ledger that has them or workers that
/// are asked, changes no number: both give the same checkpoints.
public struct SampledPlay: HeadEnvironment {
    public typealias Failure = any Error

    private let schedule: EpisodeSchedule
    /// Rows of all tasks that are trained on, and of those that choose.
    private let train: [Int], validation: [Int]
    private let reward: SampledReward
    private let states: Tensor
    private let samples: [Int], workers: Int
    private let seed: UInt64
    private let scores: @Sendable (Set<SampleCell>) throws -> [SampleCell: Double]
    public let threads: Threads

    /// `states` are those of all tasks, `[tasks, width]`; `train` and `validation` are rows of it; `samples` are those of each
    /// of `workers` on each task, `[tasks × workers]`, and where there is none the worker is not taken. `scores` gives what cells were worth, and leaves out those whose calls failed.
    public init(
        states: Tensor, train: [Int], validation: [Int], samples: [Int], workers: Int, settings: EvolveSettings, seed: UInt64,
        threads: Threads,
        scores: @escaping @Sendable (Set<SampleCell>) throws -> [SampleCell: Double]
    ) {
        schedule = EpisodeSchedule(
            seed: seed, tasks: train.count, batch: settings.batch, replications: settings.replications)
        reward = SampledReward(
            states: states.rows(at: train), samples: train.flatMap { samples[$0 * workers..<($0 + 1) * workers] },
            workers: workers, action: settings.resolvedRunAction)
        self.states = states
        self.train = train
        self.validation = validation
        self.samples = samples
        self.workers = workers
        self.seed = seed
        self.threads = threads
        self.scores = scores
    }

    public static var isRepeatable: Bool { false }

    public func evaluations(of heads: Tensor, count: Int, generation: Int) throws -> Evaluations {
        let episodes = schedule.episodes(of: generation)
        let cells = reward.cells(of: heads, count: count, episodes: episodes, threads: threads).map { cells in
            cells.map { SampleCell(task: train[$0.task], worker: $0.worker, repeatIndex: $0.repeatIndex) }
        }
        // Candidates that decide alike share their calls.
        let distinct = Set(cells.joined()), scores = try scores(distinct)
        let counts = EvaluationCounts(
            made: distinct.count, reused: count * episodes.count - distinct.count,
            failed: cells.joined().count { scores[$0] == nil })
        return Evaluations(rewards: cells.map { SampledReward.mean(of: $0, scores: scores) }, counts: counts)
    }

    /// The mean over all samples of the chosen worker, task by task.
    public func validationRewards(of head: RoutingHead) throws -> [Double] {
        let table = head.scores(for: states.rows(at: validation), threads: threads)
        let cells = validation.enumerated().map { row, task -> [SampleCell] in
            let there = (0..<workers).filter { samples[task * workers + $0] > 0 }
            guard let worker = chooseWorker(among: there, by: { table[row, $0] }, seed: seed &+ UInt64(task)) else { return [] }
            return (0..<samples[task * workers + worker]).map { SampleCell(task: task, worker: worker, repeatIndex: $0) }
        }
        let scores = try scores(Set(cells.joined()))
        return cells.map { SampledReward.mean(of: $0, scores: scores) }
    }
}
