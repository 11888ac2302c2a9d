import Foundation
import Routing
import Tensors
import Testing

/// What `Tests/Oracles/sft.py` wrote.
struct SFTFixture: Decodable {
    struct Solution: Decodable {
        let temperature, ridge, kappa, loss: Double
        let weight: [Double]
    }
    struct Content: Decodable {
        let tasks, width, workers: Int
        let states, successes: [Double]
        let samples: [Int]
        let solutions: [Solution]

        var set: TaskSet {
            TaskSet(
                states: Tensor(shape: [tasks, width], scalars: states.map { Float($0) }),
                outcomes: OutcomeTable(workers: Problem.names(workers), successes: successes, samples: samples))
        }
    }
    let data: Content

    static func load() throws -> Content {
        let url = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/sft.json")
        return try JSONDecoder().decode(SFTFixture.self, from: Data(contentsOf: url)).data
    }
}

struct HeadTrainerTests {
    private static func options(_ temperatures: [Double], _ ridges: [Double], kappa: Double = 0) -> TrainingOptions {
        var optimizer = LBFGS()
        optimizer.gradientNorm = 1e-9
        return TrainingOptions(temperatures: temperatures, ridges: ridges, kappa: kappa, optimizer: optimizer)
    }

    private let train = Problem.set(tasks: 120, width: 8, workers: 4, signal: 3, missing: 0.2, seed: 11)
    private let validation = Problem.set(tasks: 60, width: 8, workers: 4, signal: 3, missing: 0.2, seed: 12)

    @Test func theHeadIsTheOneThatAnotherImplementationFinds() throws {
        let problem = try SFTFixture.load(), set = problem.set
        #expect(problem.solutions.count >= 4)
        for expected in problem.solutions {
            let trained = HeadTrainer(
                options: Self.options([expected.temperature], [expected.ridge], kappa: expected.kappa)
            ).fit(train: set, validation: set)
            #expect(relativeDistance(trained.head.weight.scalars, expected.weight.map { Float($0) }) < 1e-4)
            let loss = SoftTargetLoss(
                states: Matrix(set.states),
                target: SoftTarget(set.outcomes, temperature: expected.temperature, kappa: expected.kappa),
                ridge: expected.ridge)
            #expect(abs(loss(expected.weight).value - expected.loss) < 1e-12)
            #expect(abs(loss(trained.head.weight.scalars.map { Double($0) }).value - expected.loss) < 1e-8)
            #expect(trained.gradientNorm <= 1e-8)
        }
    }

    @Test func amongHeadsThatEarnTheSameTheLargerRidgeWins() {
        // Where every worker always succeeds, every head earns 1.
        let even = OutcomeTable(
            workers: Problem.names(4), successes: [Double](repeating: 1, count: 240), samples: [Int](repeating: 1, count: 240))
        let judge = TaskSet(states: validation.states, outcomes: even)
        let trained = HeadTrainer(options: Self.options([0.3, 0.1, 1], [0.1, 10, 1])).fit(train: train, validation: judge)
        #expect(trained.ridge == 10)
        #expect(trained.temperature == 0.3)
        #expect(trained.validationReward == 1)
    }

    @Test func theHeadIsTheBestOfTheGridOnValidation() {
        let temperatures = [0.1, 1.0], ridges = [1e-3, 1e-1, 10]
        let trained = HeadTrainer(options: Self.options(temperatures, ridges)).fit(train: train, validation: validation)
        #expect(trained.validationReward == validation.reward(of: trained.head))
        for temperature in temperatures {
            for ridge in ridges {
                let single = HeadTrainer(options: Self.options([temperature], [ridge])).fit(
                    train: train, validation: validation)
                #expect(single.validationReward <= trained.validationReward)
            }
        }
    }

    @Test func standardisingIsFittingScaledInputsAndFoldingTheScaleBack() {
        // Columns of very different spread, none centred at 0.
        var stretched = train.states
        for index in stretched.scalars.indices {
            stretched.scalars[index] = (stretched.scalars[index] + 0.5) * pow(3, Float(index % 8) - 3)
        }
        let set = TaskSet(states: stretched, outcomes: train.outcomes)
        let trainer = HeadTrainer(options: Self.options([0.3], [0.01]))
        let folded = trainer.fitStandardized(train: set, validation: set)

        var scaled = stretched
        let deviations = (0..<8).map { column -> Float in
            let values = (0..<120).map { Double(stretched.scalars[$0 * 8 + column]) }
            let mean = values.reduce(0, +) / 120
            return Float((values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 120).squareRoot())
        }
        for index in scaled.scalars.indices { scaled.scalars[index] /= deviations[index % 8] }
        let scaledSet = TaskSet(states: scaled, outcomes: train.outcomes)
        let plain = trainer.fit(train: scaledSet, validation: scaledSet)

        let got = folded.head.scores(for: stretched).scalars, expected = plain.head.scores(for: scaled).scalars
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(
            relativeDistance(trainer.fit(train: set, validation: set).head.weight.scalars, folded.head.weight.scalars) > 0.01)
    }

    @Test func theOrderOfTasksMeansNothing() {
        let trainer = HeadTrainer(options: Self.options([0.3], [0.01], kappa: 2))
        var draws = Draws(seed: 13)
        let shuffled = train.tasks(at: (0..<120).shuffled(using: &draws))
        let heads = [train, shuffled].map { trainer.fit(train: $0, validation: validation).head }
        #expect(relativeDistance(heads[1].weight.scalars, heads[0].weight.scalars) < 1e-6)
    }

    @Test func theOrderOfWorkersOrdersTheRows() {
        let trainer = HeadTrainer(options: Self.options([0.3], [0.01], kappa: 2)), order = [2, 0, 3, 1]
        let head = trainer.fit(train: train, validation: validation).head
        let moved = trainer.fit(train: train.workers(at: order), validation: validation.workers(at: order)).head
        #expect(moved.workers == order.map { head.workers[$0] })
        for (row, old) in order.enumerated() {
            #expect(relativeDistance(moved.weight[row: row], head.weight[row: old]) < 1e-6)
        }
    }

    @Test func anyNumberOfThreadsGivesTheSameHead() {
        let options = Self.options([0.1, 0.3, 1], [1e-2, 1])
        let heads = (1...3).map {
            HeadTrainer(options: options, threads: Threads($0)).fit(train: train, validation: validation)
        }
        #expect(heads[1] == heads[0])
        #expect(heads[2] == heads[0])
    }
}
