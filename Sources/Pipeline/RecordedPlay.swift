public import Routing
public import Tensors

/// Recorded outcomes played episode by episode, as a live run would meet them: the worker that a head names is paid what
/// one of its recorded samples was worth. Validation, which chooses, is judged by all that was recorded there.
public struct RecordedPlay: Sendable {
    /// Tasks of train on which any worker was tried.
    public let train: TaskSet
    public let validation: TaskSet
    public let threads: Threads
    /// Episodes that were played so far.
    public private(set) var episodes = 0

    /// Episodes are played on `train`.
    public init(train: TaskSet, validation: TaskSet, threads: Threads = .one) {
        let table = train.outcomes, width = table.workers.count
        let tried = (0..<table.tasks).filter { task in (0..<width).contains { table.samples[task * width + $0] > 0 } }
        self.train =
            tried.count == table.tasks
            ? train : TaskSet(states: train.states.rows(at: tried), outcomes: table.rows(at: tried))
        self.validation = validation
        self.threads = threads
    }

    /// What each of `count` heads meets in each episode, and is paid for it, `[heads][episodes]`; `heads` holds one after the
    /// other, `[count × workers × width]`.
    public mutating func plays(
        of heads: Tensor, count: Int, episodes: [Episode], action: Action
    ) -> [[(worker: Int, reward: Double)]] {
        self.episodes += count * episodes.count
        let outcomes = train.outcomes
        return SampledReward(train, action: action)
            .cells(of: heads, count: count, episodes: episodes, threads: threads)
            .map { cells in cells.map { (worker: $0.worker, reward: outcomes.score(of: $0) ?? 0) } }
    }

    /// The mean reward of each head over its episodes.
    public mutating func rewards(of heads: Tensor, count: Int, episodes: [Episode], action: Action) -> [Double] {
        plays(of: heads, count: count, episodes: episodes, action: action).map { plays in
            plays.reduce(0) { $0 + $1.reward } / Double(max(1, plays.count))
        }
    }

    /// Reward on each task of validation of the best scored worker, as the head will serve; NaN where there is none.
    func validationRewards(of head: RoutingHead) -> [Double] {
        validation.outcomes.rewards(choosingBy: head.scores(for: validation.states, threads: threads))
    }
}
