import Tensors

extension HeadTrainer {
    /// Reward per unit of a pooled policy's scores: its softmax all but decides between workers 0.05 apart.
    public static let unitOfReward = 0.02

    /// A head that corrects what the domains of train say: the prior's scores are mean rewards, the weights of the state are
    /// fitted by KL on top of them; both then in units of `unitOfReward`.
    ///
    /// For each temperature the largest ridge whose policy, sampled, is no worse on validation than the best by more than one
    /// standard error of their difference: where rewards are coins, the best is a lucky one. Then the temperature of highest
    /// validation reward, the earlier on a tie. Ridges are fitted from the largest down, each from the solution before.
    public func fitPooled(train: TaskSet, validation: TaskSet) -> TrainedHead {
        let center = train.states.columnMeans, own = Matrix(train.states.centred(at: center))
        let prior = prior(center, own, train: train, validation: validation)
        let inner = options.pooledTemperatures.count > 1 ? Threads.one : threads
        let candidates = threads.map(options.pooledTemperatures.count) { piece in
            correction(
                of: prior, center, own, train: train, validation: validation, temperature: options.pooledTemperatures[piece],
                threads: inner)
        }
        guard var best = candidates.first else { preconditionFailure("no temperature to fit") }
        for candidate in candidates.dropFirst() where candidate.validationReward > best.validationReward { best = candidate }
        return best
    }

    private func correction(
        of prior: DomainPrior, _ center: [Float], _ states: Matrix, train: TaskSet, validation: TaskSet, temperature: Double,
        threads: Threads
    ) -> TrainedHead {
        let workers = train.outcomes.workers, width = center.count
        let target = SoftTarget(train.outcomes, temperature: temperature, kappa: options.kappa)
        let offset = prior.scaled(by: 1 / temperature).scores(for: train.states)
        var weight = [Double](repeating: 0, count: workers.count * width)
        let path = options.pooledRidges.sorted(by: >).map { ridge -> TrainedHead in
            let loss = SoftTargetLoss(states: states, target: target, ridge: ridge, offset: offset, threads: threads)
            let solution = options.optimizer.minimize(from: weight) { loss($0) }
            weight = solution.point
            let unit = temperature / Self.unitOfReward
            let head = RoutingHead(
                workers: workers, weight: Tensor(shape: [workers.count, width], scalars: weight.map { Float($0 * unit) }))
            let policy = RoutingPolicy(
                head: head, prior: prior.scaled(by: 1 / Self.unitOfReward).shifted(by: head.scores(at: center).map { -$0 }))
            return TrainedHead(
                policy: policy, center: center, temperature: temperature, ridge: ridge,
                validationReward: validation.reward(choosingBy: policy.scores(for: validation.states)),
                gradientNorm: solution.gradientNorm, iterations: solution.iterations)
        }
        return Self.simplest(of: path, on: validation)
    }

    /// The first of `path`, which goes from the simplest head on, that is within one standard error of the best.
    private static func simplest(of path: [TrainedHead], on validation: TaskSet) -> TrainedHead {
        let rewards = path.map { validation.outcomes.expectedRewards(sampling: $0.policy.scores(for: validation.states)) }
        let sums = rewards.map { $0.reduce(0) { $1.isNaN ? $0 : $0 + $1 } }
        guard let best = path.indices.max(by: { sums[$0] < sums[$1] }) else { preconditionFailure("no ridge to fit") }
        let chosen = path.indices.first { index in
            let losses = zip(rewards[best], rewards[index]).map { $0 - $1 }.filter { !$0.isNaN }
            guard losses.count > 1 else { return true }
            let mean = losses.reduce(0, +) / Double(losses.count)
            let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return mean <= (squares / Double(losses.count - 1) / Double(losses.count)).squareRoot()
        }
        return path[chosen ?? best]
    }

    // MARK: The prior

    /// Ridges among which the classifier's is chosen.
    private static var classifierRidges: [Double] { [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] }

    /// Domains told apart by multinomial logistic regression, its ridge by the log-loss on `validation`, and the workers' mean
    /// rewards in each. Without domains, or with one, it is each worker's mean.
    private func prior(_ center: [Float], _ states: Matrix, train: TaskSet, validation: TaskSet) -> DomainPrior {
        let names = Set(train.domains).sorted(), overall = train.outcomes.workerMeans()
        guard names.count > 1 else {
            return DomainPrior(
                classifier: Tensor(zeros: [1, center.count + 1]),
                table: Tensor(shape: [1, overall.count], scalars: overall.map { Float($0) }))
        }
        let byDomain = train.outcomes.workerMeans(byDomain: train.domains)
        let means = names.flatMap { (byDomain[$0] ?? overall).map { Float($0) } }
        let number = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        let weight = classifier(
            states.withConstant, domains: train.domains.map { number[$0] ?? 0 }, count: names.count,
            judge: Matrix(validation.states.centred(at: center)).withConstant,
            judgeDomains: validation.domains.map { number[$0] })
        return DomainPrior(
            classifier: Self.uncentred(weight, count: names.count, center: center),
            table: Tensor(shape: [names.count, overall.count], scalars: means))
    }

    /// From the largest ridge down, until the log-loss on the judge's states grows: `[count × (width + 1)]`.
    private func classifier(
        _ states: Matrix, domains: [Int], count: Int, judge: Matrix, judgeDomains: [Int?]
    ) -> [Double] {
        let target = SoftTarget(classes: domains, count: count)
        // Domains are told apart long before the gradient vanishes.
        var optimizer = options.optimizer
        (optimizer.iterations, optimizer.gradientNorm) = (min(100, optimizer.iterations), 1e-5)
        var weight = [Double](repeating: 0, count: count * states.columns)
        var best: (loss: Double, weight: [Double])?
        for ridge in Self.classifierRidges {
            let loss = SoftTargetLoss(states: states, target: target, ridge: ridge, threads: threads)
            weight = optimizer.minimize(from: weight) { loss($0) }.point
            let logits = judge.timesTransposed(
                Matrix(rows: count, columns: states.columns, scalars: weight), threads: threads)
            var logLoss = 0.0
            for (task, domain) in judgeDomains.enumerated() {
                guard let domain else { continue }
                logLoss -= logOf(softmax((0..<count).map { logits[task, $0] })[domain])
            }
            if let best, logLoss >= best.loss { break }
            best = (logLoss, weight)
        }
        return best?.weight ?? weight
    }

    /// The same logits from states that are not centred.
    private static func uncentred(_ weight: [Double], count: Int, center: [Float]) -> Tensor {
        let columns = center.count + 1
        var scalars = weight
        for domain in 0..<count {
            let shift = center.indices.reduce(0.0) { $0 + weight[domain * columns + $1] * Double(center[$1]) }
            scalars[domain * columns + center.count] -= shift
        }
        return Tensor(shape: [count, columns], scalars: scalars.map { Float($0) })
    }
}

extension DomainPrior {
    /// The same with all scores multiplied by `factor`.
    fileprivate func scaled(by factor: Double) -> DomainPrior {
        DomainPrior(
            classifier: classifier,
            table: Tensor(shape: table.shape, scalars: table.scalars.map { Float(Double($0) * factor) }))
    }
}

extension Matrix {
    /// With the constant 1 as one more column.
    fileprivate var withConstant: Matrix {
        Matrix(
            rows: rows, columns: columns + 1,
            scalars: (0..<rows).flatMap { scalars[$0 * columns..<($0 + 1) * columns] + [1] })
    }
}
