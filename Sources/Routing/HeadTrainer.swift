public import Tensors

/// A part of a split: the states of its tasks and what was recorded on them, row by row.
public struct TaskSet: Sendable {
    /// `[tasks, width]`.
    public let states: Tensor
    /// One row a task.
    public let outcomes: OutcomeTable
    /// The domain of each task, known at training alone; empty where nobody says.
    public let domains: [String]

    /// The tasks whose states are the rows of `states`.
    public init(states: Tensor, outcomes: OutcomeTable, domains: [String] = []) {
        precondition(states.rows == outcomes.tasks, "\(states.rows) states for \(outcomes.tasks) tasks")
        precondition(domains.isEmpty || domains.count == outcomes.tasks, "\(domains.count) domains for the tasks")
        self.states = states
        self.outcomes = outcomes
        self.domains = domains
    }

    /// The same tasks with features in place of states.
    public func mapped(by map: FeatureMap?, threads: Threads = .one) -> TaskSet {
        guard let map else { return self }
        return TaskSet(states: map.features(of: states, threads: threads), outcomes: outcomes, domains: domains)
    }

    /// Mean reward of taking the tried worker of highest score, over the tasks where any was tried.
    public func reward(choosingBy scores: Matrix) -> Double {
        let rewards = outcomes.rewards(choosingBy: scores).filter { !$0.isNaN }
        return rewards.isEmpty ? 0 : rewards.reduce(0, +) / Double(rewards.count)
    }

    /// Mean reward of the head's best scored worker.
    public func reward(of head: RoutingHead, threads: Threads = .one) -> Double {
        reward(choosingBy: head.scores(for: states, threads: threads))
    }
}

/// What the SFT of a head depends on.
public struct TrainingOptions: Sendable, Equatable {
    /// Candidate temperatures τ of the target.
    public var temperatures: [Double]
    /// Candidate ridges λ.
    public var ridges: [Double]
    /// Candidate temperatures τ of a pooled head.
    public var pooledTemperatures: [Double]
    /// Candidate ridges λ of a pooled head.
    public var pooledRidges: [Double]
    /// κ: a cell of n samples is trusted n / (n + κ).
    public var kappa: Double
    /// The optimiser with its stopping rule.
    public var optimizer: LBFGS

    /// The reference's grids: τ of 0.1, 0.3, 1 and λ of 1e-4 … 1.
    public static let defaultTemperatures = [0.1, 0.3, 1.0]
    public static let defaultRidges = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    /// Those of a pooled head, whose states are three vectors of length 1.
    public static let defaultPooledRidges = [
        1, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5,
    ]
    /// τ of a pooled head: so high that KL is least squares, in which a coin weighs no more than it is worth.
    public static let defaultPooledTemperatures = [10.0]

    /// Options with the reference's grids, unweighted tasks and the default optimiser.
    public init(
        temperatures: [Double] = defaultTemperatures, ridges: [Double] = defaultRidges,
        pooledTemperatures: [Double] = defaultPooledTemperatures, pooledRidges: [Double] = defaultPooledRidges,
        kappa: Double = 0, optimizer: LBFGS = LBFGS()
    ) {
        self.temperatures = temperatures
        self.ridges = ridges
        self.pooledTemperatures = pooledTemperatures
        self.pooledRidges = pooledRidges
        self.kappa = kappa
        self.optimizer = optimizer
    }
}

/// A fitted head and how it was chosen.
public struct TrainedHead: Sendable, Equatable {
    /// The head, and the prior that it stands on where there is one.
    public var policy: RoutingPolicy
    /// Mean state of train, at which a search centres what it sees; empty where there is no prior.
    public var center: [Float]
    /// τ and λ that validation chose.
    public var temperature: Double, ridge: Double
    /// Mean reward on validation.
    public var validationReward: Double
    /// Norm of the loss's gradient at the head, and iterations of the optimiser.
    public var gradientNorm: Double, iterations: Int

    /// The head.
    public var head: RoutingHead { policy.head }
    /// What a search sees of the policy; nil for states as they are.
    public var map: FeatureMap? { FeatureMap(policy, center: center) }

    /// A head with the record of its training.
    public init(
        policy: RoutingPolicy, center: [Float] = [], temperature: Double, ridge: Double, validationReward: Double,
        gradientNorm: Double, iterations: Int
    ) {
        self.policy = policy
        self.center = center
        self.temperature = temperature
        self.ridge = ridge
        self.validationReward = validationReward
        self.gradientNorm = gradientNorm
        self.iterations = iterations
    }
}

/// Fits heads by KL over a grid of temperatures and ridges and keeps the one that earns most on validation.
public struct HeadTrainer: Sendable {
    let options: TrainingOptions
    let threads: Threads

    /// A trainer that uses up to `threads` threads; the head doesn't depend on how many.
    public init(options: TrainingOptions = TrainingOptions(), threads: Threads = .one) {
        self.options = options
        self.threads = threads
    }

    /// The head of highest validation reward; on a tie the larger ridge, then the earlier temperature.
    ///
    /// For each temperature the ridges are fitted from the largest down, each from the solution before.
    public func fit(train: TaskSet, validation: TaskSet) -> TrainedHead {
        fit(train: train, validation: validation, scale: nil)
    }

    /// As ``fit(train:validation:)`` on inputs divided by their standard deviations, the divisors then folded into the
    /// head. Inputs are not centred: what that adds is a bias, which the head hasn't got.
    public func fitStandardized(train: TaskSet, validation: TaskSet) -> TrainedHead {
        let width = train.states.columns, count = Double(max(1, train.states.rows))
        var sums = [Double](repeating: 0, count: width), squares = sums
        for task in 0..<train.states.rows {
            for (column, value) in train.states[row: task].enumerated() {
                sums[column] += Double(value)
                squares[column] += Double(value) * Double(value)
            }
        }
        let scale = (0..<width).map { column -> Double in
            let mean = sums[column] / count
            let deviation = max(0, squares[column] / count - mean * mean).squareRoot()
            return deviation > 0 ? 1 / deviation : 1
        }
        return fit(train: train, validation: validation, scale: scale)
    }

    private func fit(train: TaskSet, validation: TaskSet, scale: [Double]?) -> TrainedHead {
        var states = Matrix(train.states)
        if let scale {
            for index in states.scalars.indices { states.scalars[index] *= scale[index % scale.count] }
        }
        // Temperatures are independent, so each is one piece of work; ridges follow one another.
        let inner = options.temperatures.count > 1 ? Threads.one : threads
        let fixed = states
        let paths = threads.map(options.temperatures.count) { piece in
            ridgePath(
                states: fixed, train: train, validation: validation, temperature: options.temperatures[piece],
                scale: scale, threads: inner)
        }
        var best: TrainedHead?
        for candidate in paths.flatMap({ $0 }) {
            guard let current = best else {
                best = candidate
                continue
            }
            let gain = candidate.validationReward - current.validationReward
            if gain > 0 || (gain == 0 && candidate.ridge > current.ridge) { best = candidate }
        }
        guard let best else { preconditionFailure("no temperature or no ridge to fit") }
        return best
    }

    private func ridgePath(
        states: Matrix, train: TaskSet, validation: TaskSet, temperature: Double, scale: [Double]?, threads: Threads
    ) -> [TrainedHead] {
        let workers = train.outcomes.workers
        let target = SoftTarget(train.outcomes, temperature: temperature, kappa: options.kappa)
        var weight = [Double](repeating: 0, count: workers.count * states.columns)
        return options.ridges.sorted(by: >).map { ridge in
            let loss = SoftTargetLoss(states: states, target: target, ridge: ridge, threads: threads)
            let solution = options.optimizer.minimize(from: weight) { loss($0) }
            weight = solution.point
            let folded = weight.indices.map { Float(weight[$0] * (scale?[$0 % states.columns] ?? 1)) }
            let head = RoutingHead(workers: workers, weight: Tensor(shape: [workers.count, states.columns], scalars: folded))
            return TrainedHead(
                policy: RoutingPolicy(head: head), temperature: temperature, ridge: ridge,
                validationReward: validation.reward(of: head), gradientNorm: solution.gradientNorm,
                iterations: solution.iterations)
        }
    }
}
