import Routing
import Tensors
import Testing

/// Heads that stand on what the domains of train say.
struct PooledTrainerTests {
    private static let width = 6, workers = 4, domains = 3

    /// Tasks of three domains, each around its own point; in each another worker is best, and a cell is one coin.
    /// `isSpread`: the rule within a domain, by the first component, that only a head can see.
    private static func set(tasks: Int, seed: UInt64, withDomains: Bool = true, isSpread: Bool = false) -> TaskSet {
        var draws = Draws(seed: seed), place = Draws(seed: 77)
        let points = (0..<domains).map { _ in (0..<width).map { _ in Float(place.signed() * 2) } }
        var scalars: [Float] = [], successes: [Double] = [], names: [String] = []
        for _ in 0..<tasks {
            let domain = Int.random(in: 0..<domains, using: &draws)
            let state = points[domain].map { $0 + Float(draws.signed()) / 2 }
            scalars += state
            names.append("domain-\(domain)")
            for worker in 0..<workers {
                var rate = worker == domain ? 0.65 : 0.45
                if isSpread, state[0] > points[domain][0] { rate = worker == 3 ? 0.9 : rate }
                successes.append(draws.unit() < rate ? 1 : 0)
            }
        }
        return TaskSet(
            states: Tensor(shape: [tasks, width], scalars: scalars),
            outcomes: OutcomeTable(
                workers: Problem.names(workers), successes: successes, samples: [Int](repeating: 1, count: tasks * workers)),
            domains: withDomains ? names : [])
    }

    private func expectedReward(_ policy: RoutingPolicy, isSpread: Bool = false) -> Double {
        let test = Self.set(tasks: 4000, seed: 99, isSpread: isSpread)
        return test.reward(choosingBy: policy.scores(for: test.states))
    }

    @Test func whatCoinsHideTheDomainsTell() {
        let train = Self.set(tasks: 240, seed: 1), validation = Self.set(tasks: 120, seed: 2)
        let trainer = HeadTrainer()
        let pooled = trainer.fitPooled(train: train, validation: validation)
        let plain = trainer.fit(train: train, validation: validation)
        // The best worker of each domain earns 0.65.
        #expect(expectedReward(pooled.policy) > 0.62)
        #expect(expectedReward(pooled.policy) > expectedReward(plain.policy) - 0.005)
        #expect(pooled.policy.prior?.table.shape == [3, 4] && pooled.head.weight.shape == [4, 6])
        #expect(pooled.validationReward == validation.reward(choosingBy: pooled.policy.scores(for: validation.states)))
    }

    @Test func theHeadCorrectsWhatDomainsCannotSay() {
        let train = Self.set(tasks: 1500, seed: 1, isSpread: true), validation = Self.set(tasks: 700, seed: 2, isSpread: true)
        let pooled = HeadTrainer().fitPooled(train: train, validation: validation)
        let prior = RoutingPolicy(
            head: RoutingHead(zeros: pooled.head.workers, width: Self.width), prior: pooled.policy.prior)
        #expect(pooled.head.rootMeanSquare > 0)
        #expect(expectedReward(pooled.policy, isSpread: true) > expectedReward(prior, isSpread: true) + 0.02)
    }

    @Test func withoutDomainsThePriorIsEachWorkersMean() throws {
        let train = Self.set(tasks: 300, seed: 1, withDomains: false)
        let validation = Self.set(tasks: 150, seed: 2, withDomains: false)
        let pooled = HeadTrainer().fitPooled(train: train, validation: validation)
        let prior = try #require(pooled.policy.prior)
        #expect(prior.table.shape == [1, 4] && prior.classifier.scalars.allSatisfy { $0 == 0 })
        // What the head takes away at the center stands in the prior: together they give the means there.
        var sums = [Double](repeating: 0, count: Self.width)
        for task in 0..<300 { for (column, value) in train.states[row: task].enumerated() { sums[column] += Double(value) } }
        let center = Tensor(shape: [1, Self.width], scalars: sums.map { Float($0 / 300) })
        let scores = pooled.policy.scores(for: center), means = train.outcomes.workerMeans()
        for worker in 0..<4 { #expect(abs(scores[0, worker] * HeadTrainer.unitOfReward - means[worker]) < 1e-4) }
    }

    @Test func whereTheStateSaysNothingTheSimplestHeadIsTaken() {
        let train = Problem.set(tasks: 300, width: 8, workers: 3, signal: 0, samples: 1, seed: 5)
        let validation = Problem.set(tasks: 150, width: 8, workers: 3, signal: 0, samples: 1, seed: 6)
        let pooled = HeadTrainer().fitPooled(train: train, validation: validation)
        #expect(pooled.ridge == TrainingOptions.defaultPooledRidges.max())
    }

    @Test func theSameForAnyNumberOfThreads() {
        let train = Self.set(tasks: 600, seed: 1, isSpread: true), validation = Self.set(tasks: 300, seed: 2, isSpread: true)
        let heads = (1...3).map { HeadTrainer(threads: Threads($0)).fitPooled(train: train, validation: validation) }
        #expect(heads[0] == heads[1] && heads[0] == heads[2])
    }

    // MARK: What a search sees

    private func trained() -> TrainedHead {
        HeadTrainer().fitPooled(
            train: Self.set(tasks: 400, seed: 1, isSpread: true), validation: Self.set(tasks: 200, seed: 2, isSpread: true))
    }

    private func agree(_ a: Matrix, _ b: Matrix) -> Bool {
        zip(a.scalars, b.scalars).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($0)) }
    }

    @Test func overFeaturesTheHeadGivesThePolicysScores() throws {
        let trained = trained(), policy = trained.policy, test = Self.set(tasks: 50, seed: 3)
        let train = Self.set(tasks: 400, seed: 1, isSpread: true), map = try #require(trained.map)
        let head = map.head(of: policy), features = map.features(of: test.states)
        #expect(features.shape == [50, 10] && head.weight.shape == [4, 10])
        #expect(agree(head.scores(for: features), policy.scores(for: test.states)))
        let centred = map.features(of: train.states)
        for column in 0..<Self.width {
            let sum = (0..<400).reduce(0.0) { $0 + Double(centred[row: $1][$1 * 10 + column]) }
            #expect(abs(sum / 400) < 1e-5)
        }
    }

    @Test func whateverHeadIsFoundFoldsIntoAPolicy() throws {
        let trained = trained(), policy = trained.policy, test = Self.set(tasks: 50, seed: 3)
        let map = try #require(trained.map)
        var draws = Draws(seed: 8)
        var weight = map.head(of: policy).weight
        for index in weight.scalars.indices { weight.scalars[index] += Float(draws.signed()) }
        let found = RoutingHead(workers: policy.head.workers, weight: weight), folded = map.policy(folding: found)
        #expect(folded.head.weight.shape == [4, 6])
        #expect(agree(folded.scores(for: test.states), found.scores(for: map.features(of: test.states))))
        #expect(folded.prior?.classifier == policy.prior?.classifier)
    }

    @Test func aPolicyWithoutPriorIsSeenAsItIs() {
        let plain = HeadTrainer().fit(train: Self.set(tasks: 100, seed: 1), validation: Self.set(tasks: 50, seed: 2))
        #expect(plain.policy.prior == nil && plain.map == nil)
        let test = Self.set(tasks: 20, seed: 3)
        #expect(plain.policy.scores(for: test.states) == plain.head.scores(for: test.states))
    }
}
