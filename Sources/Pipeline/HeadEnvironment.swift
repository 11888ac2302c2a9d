public import Routing
public import Tensors

/// What a search of a head meets: rewards of candidates on the tasks of train, of the mean on those of validation.
public protocol HeadEnvironment: Sendable {
    /// `Never` where rewards are recorded; where workers are asked, what that throws.
    associatedtype Failure: Error

    var threads: Threads { get }

    /// Mean reward of each of `count` heads in `generation`, one head after the other in `heads`,
    /// `[count × workers × width]`. NaN where a head could not be evaluated.
    func rewards(of heads: Tensor, count: Int, generation: Int) throws(Failure) -> [Double]

    /// Mean reward on validation of the best scored worker, as the head will serve.
    func validationReward(of head: RoutingHead) throws(Failure) -> Double
}

/// Recorded outcomes and expected rewards: no draw is made, so generations differ in nothing but their heads.
public struct ExactReplay: HeadEnvironment {
    public typealias Failure = Never

    private let train: ReplayReward
    private let validation: TaskSet
    public let threads: Threads

    /// Candidates are judged on `train` under `action`, the mean also on `validation` by argmax.
    public init(train: TaskSet, validation: TaskSet, action: Action, threads: Threads) {
        self.train = ReplayReward(train, action: action)
        self.validation = validation
        self.threads = threads
    }

    public func rewards(of heads: Tensor, count: Int, generation: Int) -> [Double] {
        train.rewards(of: heads, count: count, threads: threads)
    }

    public func validationReward(of head: RoutingHead) -> Double { validation.reward(of: head, threads: threads) }
}
