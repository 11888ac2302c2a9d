import Tensors

/// One play of one task with the random numbers that decide it. All candidates of a generation meet the same episodes
/// (common random numbers), so that their ranks compare heads and not luck.
public struct Episode: Sendable, Hashable {
    /// Row of the task.
    public var task: Int
    /// In [0, 1): decides the worker that a sampling policy takes.
    public var uniform: Double
    /// Decides which of a worker's repeats is met.
    public var draw: UInt32

    /// Which of `count` repeats is met.
    public func repeatIndex(of count: Int) -> Int { Int((UInt64(draw) * UInt64(count)) >> 32) }
}

/// Which tasks a generation plays, how often, and with which random numbers: a pure function of seed and generation, so a
/// generation that was interrupted is played again as it was.
public struct EpisodeSchedule: Sendable, Equatable {
    public let seed: UInt64
    /// Tasks there are, and tasks a generation plays.
    public let tasks: Int, batch: Int
    /// Episodes of each of them.
    public let replications: Int

    /// `batch`: `nil` for all tasks.
    public init(seed: UInt64, tasks: Int, batch: Int?, replications: Int) {
        precondition(tasks > 0 && replications > 0, "nothing to play: \(tasks) tasks × \(replications)")
        self.seed = seed
        self.tasks = tasks
        self.batch = min(batch ?? tasks, tasks)
        self.replications = replications
    }

    /// Up to `episodes` of them a generation, on as many tasks as there are: a task is played again only where there are more
    /// episodes than tasks.
    public init(seed: UInt64, tasks: Int, episodes: Int) {
        self.init(seed: seed, tasks: tasks, batch: min(episodes, tasks), replications: max(1, episodes / tasks))
    }

    /// Episodes of one generation.
    public var episodesPerGeneration: Int { batch * replications }

    /// The episodes of one generation. Minibatches follow one another through a shuffled order of all tasks, and then
    /// through another: each task is played as often as any other, give or take one.
    public func episodes(of generation: Int) -> [Episode] {
        let philox = Philox(seed: seed)
        // Where one order of the tasks ends and the next begins, a batch may hold a task twice: with other numbers.
        var times: [Int: Int] = [:]
        return rows(of: generation, philox).flatMap { task in
            let earlier = times[task, default: 0]
            times[task] = earlier + 1
            return (0..<replications).map { replication in
                let words = philox.block(
                    UInt32(truncatingIfNeeded: earlier * replications + replication), row: UInt32(truncatingIfNeeded: task),
                    generation: UInt32(truncatingIfNeeded: generation), purpose: .actions)
                let bits = UInt64(words.x) << 32 | UInt64(words.y)
                return Episode(task: task, uniform: Double(bits >> 11) * 0x1p-53, draw: words.z)
            }
        }
    }

    private func rows(of generation: Int, _ philox: Philox) -> [Int] {
        guard batch < tasks else { return Array(0..<tasks) }
        let first = generation * batch
        var order: (epoch: Int, rows: [Int])?
        return (first..<first + batch).map { position in
            let epoch = position / tasks
            if order?.epoch != epoch {
                var stream = philox.stream(row: UInt32(truncatingIfNeeded: epoch), generation: 0, purpose: .minibatch)
                order = (epoch, Array(0..<tasks).shuffled(using: &stream))
            }
            return order?.rows[position % tasks] ?? 0
        }
    }
}
