public import Routing
public import Tensors

/// What heads earned in one generation.
public struct Evaluations: Sendable, Equatable {
    /// Mean reward of each head; NaN where it could not be evaluated.
    public var rewards: [Double]
    public var counts: EvaluationCounts

    /// `rewards`, one a head.
    public init(rewards: [Double], counts: EvaluationCounts) {
        self.rewards = rewards
        self.counts = counts
    }
}

/// What a search of a head meets: rewards of candidates on the tasks of train, of the mean on those of validation.
public protocol HeadEnvironment: Sendable {
    /// `Never` where rewards are recorded; where workers are asked, what that throws.
    associatedtype Failure: Error

    var threads: Threads { get }

    /// Whether a head earns the same in every generation: nothing is drawn.
    static var isRepeatable: Bool { get }

    /// Mean reward of each of `count` heads in `generation`, one head after the other in `heads`,
    /// `[count × workers × width]`. NaN where a head could not be evaluated.
    func evaluations(of heads: Tensor, count: Int, generation: Int) throws(Failure) -> Evaluations

    /// Reward of the best scored worker on each task of validation, as the head will serve; NaN where there is none.
    func validationRewards(of head: RoutingHead) throws(Failure) -> [Double]
}

/// Recorded outcomes and expected rewards: no draw is made, so generations differ in nothing but their heads.
public struct ExactReplay: HeadEnvironment {
    public typealias Failure = Never

    private let train: ReplayReward
    private let tasks: Int
    private let validation: TaskSet
    public let threads: Threads

    public static var isRepeatable: Bool { true }

    /// Candidates are judged on `train` under `action`, the mean also on `validation` by argmax.
    public init(train: TaskSet, validation: TaskSet, action: Action, threads: Threads) {
        self.train = ReplayReward(train, action: action)
        tasks = train.outcomes.tasks
        self.validation = validation
        self.threads = threads
    }

    /// Heads of the same bits are computed once.
    public func evaluations(of heads: Tensor, count: Int, generation: Int) -> Evaluations {
        let distinct = DistinctRows(of: heads.scalars, count: count)
        let rewards: [Double]
        if distinct.representatives.count == count {
            rewards = train.rewards(of: heads, count: count, threads: threads)
        } else {
            let rows = heads.rows / count
            let kept = heads.rows(at: distinct.representatives.flatMap { $0 * rows..<($0 + 1) * rows })
            let computed = train.rewards(of: kept, count: distinct.representatives.count, threads: threads)
            rewards = distinct.places.map { computed[$0] }
        }
        let made = distinct.representatives.count * tasks
        return Evaluations(rewards: rewards, counts: EvaluationCounts(made: made, reused: count * tasks - made))
    }

    public func validationRewards(of head: RoutingHead) -> [Double] {
        validation.outcomes.rewards(choosingBy: head.scores(for: validation.states, threads: threads))
    }
}

/// Which of several rows of numbers are the same, bit for bit.
private struct DistinctRows {
    /// The first row of each kind, ascending.
    var representatives: [Int] = []
    /// For each row, the place of its kind among them.
    var places: [Int] = []

    /// `scalars` are `count` rows, one after the other.
    init(of scalars: [Float], count: Int) {
        let width = scalars.count / max(1, count)
        // Rows that agree in a few numbers are compared in all; others need no second look.
        var alike: [[UInt32]: [Int]] = [:]
        func same(_ left: Int, _ right: Int) -> Bool {
            (0..<width).allSatisfy { scalars[left * width + $0].bitPattern == scalars[right * width + $0].bitPattern }
        }
        for row in 0..<count {
            let beginning = scalars[row * width..<row * width + min(4, width)].map(\.bitPattern)
            if let place = alike[beginning]?.first(where: { same(representatives[$0], row) }) {
                places.append(place)
            } else {
                alike[beginning, default: []].append(representatives.count)
                places.append(representatives.count)
                representatives.append(row)
            }
        }
    }
}
