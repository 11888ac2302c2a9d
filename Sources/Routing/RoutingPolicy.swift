public import Tensors

/// What decides: scores = W h + softmax(P [h, 1]) T for a hidden state h.
///
/// W is the routing head. The prior, where there is one, tells how much the state looks like each domain of train and mixes
/// the domains' scores by that; it costs a product of a few rows.
public struct RoutingPolicy: Sendable, Equatable {
    /// W, `[workers, width]`.
    public let head: RoutingHead
    /// P and T; nil where the head decides alone.
    public let prior: DomainPrior?

    /// A policy of these parts, which read states of one width.
    public init(head: RoutingHead, prior: DomainPrior? = nil) {
        precondition(prior.map { $0.width == head.width } ?? true, "head and prior read states of different widths")
        self.head = head
        self.prior = prior
    }

    /// Unnormalised scores, `[states, workers]`, for states `[states, width]`.
    public func scores(for states: Tensor, threads: Threads = .one) -> Matrix {
        var scores = head.scores(for: states, threads: threads)
        guard let prior else { return scores }
        let first = prior.scores(for: states, threads: threads)
        for index in scores.scalars.indices { scores.scalars[index] += first.scalars[index] }
        return scores
    }
}

/// A first estimate of each worker by the domains of train.
///
/// It pools strength: the mean of a domain and a worker is over many tasks, where one cell of a task is a coin or two.
/// Domains are needed at training alone; what serves guesses them from the state.
public struct DomainPrior: Sendable, Equatable {
    /// P: logits of the domains, `[domains, width + 1]`, on the state and the constant 1.
    public let classifier: Tensor
    /// T: scores of the workers in each domain, `[domains, workers]`.
    public let table: Tensor

    /// A prior of these parts, a row a domain in both.
    public init(classifier: Tensor, table: Tensor) {
        precondition(classifier.rows == table.rows, "\(classifier.rows) and \(table.rows) domains")
        self.classifier = classifier
        self.table = table
    }

    /// Size of the hidden state that it reads.
    public var width: Int { classifier.columns - 1 }

    /// softmax(P [h, 1]) T for each state: `[states, workers]`.
    public func scores(for states: Tensor, threads: Threads = .one) -> Matrix {
        let logits = logits(for: states, threads: threads), domains = table.rows
        var scores = Matrix(rows: states.rows, columns: table.columns)
        for task in 0..<states.rows {
            let shares = softmax((0..<domains).map { logits[task, $0] })
            for (domain, share) in shares.enumerated() {
                for worker in 0..<table.columns {
                    scores[task, worker] += share * Double(table.scalars[domain * table.columns + worker])
                }
            }
        }
        return scores
    }

    private func logits(for states: Tensor, threads: Threads) -> Matrix {
        let constants = (0..<classifier.rows).map { Double(classifier[row: $0].last ?? 0) }
        var logits = Matrix(states.timesTransposed(classifier.prefix(columns: width), threads: threads))
        for task in 0..<logits.rows {
            for domain in constants.indices { logits[task, domain] += constants[domain] }
        }
        return logits
    }

    /// The same prior with `shift` added to the scores of every domain.
    func shifted(by shift: [Double]) -> DomainPrior {
        let workers = table.columns
        return DomainPrior(
            classifier: classifier,
            table: Tensor(
                shape: table.shape,
                scalars: table.scalars.indices.map { Float(Double(table.scalars[$0]) + shift[$0 % workers]) }))
    }

    /// The same prior with `shift` added to the scores of every domain, and all of it multiplied from the right by `mixing`
    /// `[workers, workers]`, transposed.
    func mixed(by mixing: Matrix, shift: [Double]) -> DomainPrior {
        let workers = table.columns
        var scalars: [Float] = []
        for domain in 0..<table.rows {
            for worker in 0..<workers {
                let sum = (0..<workers).reduce(0.0) { $0 + Double(table.scalars[domain * workers + $1]) * mixing[worker, $1] }
                scalars.append(Float(sum + shift[worker]))
            }
        }
        return DomainPrior(classifier: classifier, table: Tensor(shape: table.shape, scalars: scalars))
    }
}
