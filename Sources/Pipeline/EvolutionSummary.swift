import Evolution
import Routing
import Statistics
import Tensors

/// What evolution came to: the start and the generation that is kept, judged task by task, and what the search cost.
struct EvolutionSummary: Codable, Equatable {
    /// Mean reward of the best scored worker with its 95 % interval over tasks.
    struct Rewards: Codable, Equatable {
        var train: Estimate, validation: Estimate
    }

    var start: Rewards, kept: Rewards
    var keptGeneration: Int, generations: Int
    /// Why the search could get no further; `nil` where it went as far as it was to.
    var stopped: String?
    var evaluationsMade: Int, evaluationsReused: Int, failedEpisodes: Int
    /// After the last generation.
    var sigma: Double, axisRatio: Double
    /// What the best candidate of the kept generation claimed, and what its mean was worth on train: the difference is luck.
    var eliteClaim: Double?, meanOfClaim: Double?

    /// What ``stopped`` says, for people.
    private var stoppedText: String? {
        StopReason.allCases.first { $0.key == stopped }.map { "; stopped: \($0.text)" }
    }

    /// `start` and `found` are the policies of the search's start and of what it kept.
    init(
        _ search: HeadSearch, aim: SearchAim, start: RoutingPolicy, found: RoutingPolicy, train: TaskSet, validation: TaskSet,
        threads: Threads
    ) {
        func rewards(_ policy: RoutingPolicy) -> Rewards {
            Rewards(
                train: Estimate(normal: train.rewards(of: policy, threads: threads)),
                validation: Estimate(normal: validation.rewards(of: policy, threads: threads)))
        }
        let history = search.history, kept = search.kept
        self.start = rewards(start)
        self.kept = rewards(found)
        keptGeneration = kept.generation
        generations = search.search.generation
        stopped = aim.stop(of: search)?.key
        evaluationsMade = history.reduce(0) { $0 + $1.evaluations.made }
        evaluationsReused = history.reduce(0) { $0 + $1.evaluations.reused }
        failedEpisodes = history.reduce(0) { $0 + $1.evaluations.failed }
        sigma = search.search.stepSize
        axisRatio = search.search.axisRatio
        if kept.generation > 0, kept.generation < history.count {
            let record = history[kept.generation]
            eliteClaim = record.bestCandidate.isNaN ? nil : record.bestCandidate
            meanOfClaim = record.train.isNaN ? nil : record.train
        }
    }

    /// For people.
    var lines: [String] {
        func rewards(_ estimate: Estimate) -> String {
            "\((estimate.mean * 100).fixed(1)) % [\((estimate.low * 100).fixed(1)) to \((estimate.high * 100).fixed(1))]"
        }
        var lines = [
            "evolution: train \(rewards(start.train)) at the start, \(rewards(kept.train)) kept; "
                + "validation \(rewards(start.validation)) and \(rewards(kept.validation))",
            "\(generations) generations, the mean of \(keptGeneration) kept: \(evaluationsMade) evaluations made, \(evaluationsReused) reused, "
                + "\(failedEpisodes) failed episodes; σ \(sigma.fixed(4)), axis ratio \(axisRatio.fixed(3))\(stoppedText ?? "")",
        ]
        if let eliteClaim, let meanOfClaim {
            lines.append(
                "the best candidate of generation \(keptGeneration) claimed \((eliteClaim * 100).fixed(1)) % on train, the mean "
                    + "that is exported \((meanOfClaim * 100).fixed(1)) %")
        }
        return lines
    }
}

extension Estimate {
    /// The mean of independent values with its normal 95 % interval.
    init(normal values: [Double]) {
        let center = Statistics.mean(of: values), reach = 1.96 * standardError(of: values)
        self.init(mean: center, low: center - reach, high: center + reach)
    }
}
