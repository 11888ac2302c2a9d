import Files
public import Foundation
import Routing
import Statistics
import Tensors

/// What the tasks of one part can show of a policy, against the best single worker.
public struct PowerStatement: Codable, Sendable, Equatable {
    /// How many tasks it takes to see a difference, which is a fraction.
    public struct Need: Codable, Sendable, Equatable {
        public var difference: Double
        public var tasks: Int
    }

    /// `validation` or `test`.
    public var part: String
    public var tasks: Int
    /// Fewest and most samples of a cell.
    public var fewestRepeats: Int, mostRepeats: Int
    /// Of the paired differences, one a task.
    public var standardDeviation: Double
    /// The smallest gain that is seen four times in five; a fraction.
    public var detectable: Double
    public var needed: [Need]

    /// Differences worth a plan: 0.5, 1, 2 and 5 points.
    private static let differences = [0.005, 0.01, 0.02, 0.05]

    /// `differences` are those of the tasks of `table`, in its order.
    init(part: String, differences: [Double], table: OutcomeTable) {
        let power = Power(differences: differences), samples = table.samples.filter { $0 > 0 }
        self.part = part
        tasks = power.tasks
        (fewestRepeats, mostRepeats) = (samples.min() ?? 0, samples.max() ?? 0)
        standardDeviation = power.standardDeviation
        detectable = power.detectableDifference()
        // Without spread nothing follows from it.
        needed =
            power.standardDeviation == 0
            ? [] : Self.differences.map { Need(difference: $0, tasks: power.tasksNeeded(toSee: $0)) }
    }

    /// One sentence.
    public var sentence: String {
        let repeats =
            fewestRepeats == mostRepeats
            ? "\(mostRepeats) repeat\(mostRepeats == 1 ? "" : "s")" : "\(fewestRepeats) to \(mostRepeats) repeats"
        guard standardDeviation > 0 else {
            return "On all \(tasks) \(part) tasks the policy differs from the best single worker by the same: "
                + "their spread says nothing of what could be seen."
        }
        return "With \(tasks) \(part) tasks and \(repeats), gains under \((detectable * 100).fixed(1)) points cannot be seen "
            + "(80 % power, two-sided 5 %)."
    }

    /// What a plan needs, one line.
    public var plan: String {
        guard standardDeviation > 0 else { return "" }
        let needs = needed.map { "\(($0.difference * 100).short) points: \($0.tasks)" }.joined(separator: ", ")
        return "Tasks that it would take to see a gain of \(needs)."
    }
}

/// How many tasks and repeats: what the run's own can show, and what more would.
public struct RunPower: Codable, Sendable, Equatable {
    /// The policy that is compared with the best single worker: `evolved`, or `sft` before the search.
    public var policy: String
    public var parts: [PowerStatement]

    /// Reads the run; throws ``InputError`` where its SFT is not done.
    public init(_ run: Run) throws {
        let inputs = try run.inputs(), sft = try run.finishedSFT(inputs)
        let isSearched = !run.directory.checkpointedGenerations.isEmpty
        let judged =
            isSearched ? run.policy(sft, try run.finishedSearch(inputs)) : sft.trained.policy
        policy = isSearched ? "evolved" : "sft"
        let single = inputs.train.outcomes.rankingMeans(), threads = run.threads
        parts = [("validation", inputs.validation), ("test", inputs.data.set(inputs.split.test))].map { name, set in
            let differences = zip(
                set.rewards(of: judged, threads: threads), set.outcomes.rewards(choosingAlways: single)
            ).map { $0 - $1 }
            return PowerStatement(part: name, differences: differences, table: set.outcomes)
        }
    }

    /// The object that `baton power --json` prints.
    public func json() throws -> Data { try JSONEncoder.forFiles().encode(self) }

    /// For people.
    public var lines: [String] { parts.flatMap { [$0.sentence, $0.plan] }.filter { !$0.isEmpty } }
}

extension TaskSet {
    /// Reward of each task when the policy's best scored worker is taken.
    func rewards(of policy: RoutingPolicy, threads: Threads) -> [Double] {
        outcomes.rewards(choosingBy: policy.scores(for: states, threads: threads))
    }
}

extension OutcomeTable {
    /// Reward of each task when workers are preferred by the same scores everywhere.
    func rewards(choosingAlways scores: [Double]) -> [Double] {
        rewards(choosingBy: Matrix(repeating: scores, rows: tasks))
    }
}
