public import Tensors

/// What a search sees of a policy with a prior: one linear head over the centred state and, behind it, the prior's scores.
///
/// Centred, because otherwise a random change of a head would mostly move all tasks the same way; with the prior's scores as
/// inputs, because the search may then trust them more or less. Whatever head it finds is again a policy:
/// `policy(folding:)`.
public struct FeatureMap: Sendable, Equatable {
    /// Mean state of train, `[width]`.
    public let center: [Float]
    /// The prior, as it scores on top of a head that reads centred states.
    public let prior: DomainPrior
    /// Root mean square of the prior's table: features are its scores divided by this, so that a head's weight of them is as
    /// large as they matter, and a search's step, which is in units of the head's, fits both.
    private let unit: Double

    /// The map of a policy's prior around `center`; nil for a policy without prior.
    public init?(_ policy: RoutingPolicy, center: [Float]) {
        guard let prior = policy.prior else { return nil }
        precondition(center.count == policy.head.width, "a center of \(center.count) for states of \(policy.head.width)")
        self.center = center
        let raised = prior.shifted(by: policy.head.scores(at: center))
        let squares = raised.table.scalars.reduce(0.0) { $0 + Double($1) * Double($1) }
        unit = squares > 0 ? (squares / Double(raised.table.scalars.count)).squareRoot() : 1
        self.prior = raised
    }

    /// Components of the features: those of a state, and one for each worker.
    public var width: Int { center.count + prior.table.columns }

    /// Features `[tasks, width]` of states `[tasks, center.count]`.
    public func features(of states: Tensor, threads: Threads = .one) -> Tensor {
        let centred = states.centred(at: center), first = prior.scores(for: states, threads: threads)
        var scalars: [Float] = []
        scalars.reserveCapacity(states.rows * width)
        for row in 0..<states.rows {
            scalars.append(contentsOf: centred[row: row])
            for worker in 0..<first.columns { scalars.append(Float(first[row, worker] / unit)) }
        }
        return Tensor(shape: [states.rows, width], scalars: scalars)
    }

    /// The head over features that gives a policy's scores: its own weights, and those of each worker's prior.
    public func head(of policy: RoutingPolicy) -> RoutingHead {
        let workers = policy.head.workers
        var scalars: [Float] = []
        for worker in workers.indices {
            scalars.append(contentsOf: policy.head.weight[row: worker])
            scalars.append(contentsOf: workers.indices.map { $0 == worker ? Float(unit) : 0 })
        }
        return RoutingHead(workers: workers, weight: Tensor(shape: [workers.count, width], scalars: scalars))
    }

    /// The policy that gives a head's scores: its weights of the prior are folded into the prior's table, and so is what
    /// centring took away.
    public func policy(folding head: RoutingHead) -> RoutingPolicy {
        let workers = head.workers.count, state = center.count
        let own = RoutingHead(workers: head.workers, weight: head.weight.prefix(columns: state))
        var mixing = Matrix(rows: workers, columns: workers)
        for worker in 0..<workers {
            for other in 0..<workers {
                mixing[worker, other] = Double(head.weight.scalars[worker * width + state + other]) / unit
            }
        }
        return RoutingPolicy(
            head: own, prior: prior.mixed(by: mixing, shift: own.scores(at: center).map { -$0 }))
    }
}

extension Tensor {
    /// The mean of the rows.
    var columnMeans: [Float] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for (column, value) in self[row: row].enumerated() { sums[column] += Double(value) }
        }
        return sums.map { Float($0 / Double(max(1, rows))) }
    }

    /// The rows less `center`.
    func centred(at center: [Float]) -> Tensor {
        precondition(columns == center.count, "rows of \(columns) around a center of \(center.count)")
        return Tensor(shape: [rows, columns], scalars: (0..<rows).flatMap { zip(self[row: $0], center).map { $0 - $1 } })
    }
}
