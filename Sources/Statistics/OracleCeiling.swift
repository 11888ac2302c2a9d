/// What a router could reach that always knew the best worker of each task.
public struct OracleCeiling: Sendable, Equatable {
    /// What is known of one worker on one task.
    public struct Cell: Codable, Sendable, Equatable {
        /// The sum of the scores; fractional where the grading is.
        public var successes: Double
        public var samples: Int

        public init(successes: Double, samples: Int) {
            self.successes = successes
            self.samples = samples
        }

        /// The mean score.
        public var rate: Double { samples > 0 ? successes / Double(samples) : 0 }
    }

    /// `[tasks][workers]`; nil where a worker was never tried.
    public let cells: [[Cell?]]
    /// Workers that answer the same again: their one score stands in both halves. Those that are named, and those with no
    /// repeats where another worker has some.
    public let deterministic: Set<Int>
    /// True where some worker that is not deterministic has repeats.
    private let hasRepeats: Bool

    /// The ceiling over `cells`, `[tasks][workers]`, each row as long as the first.
    public init(cells: [[Cell?]], deterministic: Set<Int> = []) {
        let workers = cells.first?.count ?? 0
        precondition(cells.allSatisfy { $0.count == workers }, "need \(workers) cells in every row")
        self.cells = cells
        let repeating = Set(0..<workers).filter { worker in cells.contains { ($0[worker]?.samples ?? 0) > 1 } }
        hasRepeats = !repeating.subtracting(deterministic).isEmpty
        self.deterministic = repeating.isEmpty ? deterministic : deterministic.union(Set(0..<workers).subtracting(repeating))
    }

    /// The mean over tasks of the highest rate. Biased upwards: the luckiest of equal workers looks the best.
    /// Tasks without a sample are left out; 0 where there are none.
    public var naive: Double {
        mean(of: cells.compactMap { row in row.compactMap { $0 }.filter { $0.samples > 0 }.map(\.rate).max() })
    }

    /// The mean over tasks of the score, on one half of the repeats, of the worker that is best on the other half: both
    /// directions, over `splits` random halvings. Nil where no worker has repeats.
    ///
    /// Workers that tie in the choosing half share the choice. A cell of one sample of a worker that has repeats elsewhere
    /// cannot be halved and is left out.
    public func crossFitted(splits: Int = 100, seed: UInt64) -> Double? {
        let tasks = crossFittedByTask(splits: splits, seed: seed)
        let known = tasks.compactMap { $0 }
        return known.isEmpty ? nil : mean(of: known)
    }

    /// The terms of `crossFitted(splits:seed:)`, one for each task; nil for tasks without a usable cell, and for all of them
    /// where no worker has repeats.
    public func crossFittedByTask(splits: Int = 100, seed: UInt64) -> [Double?] {
        precondition(splits > 0, "need at least one split, got \(splits)")
        guard hasRepeats else { return cells.map { _ in nil } }
        var random = SplitMix64(seed: seed)
        return cells.map { row in
            var sum = 0.0
            for _ in 0..<splits {
                let halves = row.indices.compactMap { worker in halve(row[worker], worker: worker, &random) }
                guard !halves.isEmpty else { return nil }
                sum += score(halves.map { ($0.first, $0.second) }) + score(halves.map { ($0.second, $0.first) })
            }
            return sum / Double(2 * splits)
        }
    }

    /// The rates of the two halves of a cell's samples; nil where it has none to halve.
    private func halve(_ cell: Cell?, worker: Int, _ random: inout SplitMix64) -> (first: Double, second: Double)? {
        guard let cell, cell.samples > 0 else { return nil }
        if deterministic.contains(worker) { return (cell.rate, cell.rate) }
        guard cell.samples > 1 else { return nil }
        let half = cell.samples / 2, drawn = draw(half, from: cell, &random)
        return (drawn / Double(half), (cell.successes - drawn) / Double(cell.samples - half))
    }

    /// The sum of `count` samples drawn without replacement. Where the sum of all is fractional, one sample has the fraction.
    private func draw(_ count: Int, from cell: Cell, _ random: inout SplitMix64) -> Double {
        let whole = cell.successes.rounded(.down)
        var ones = Int(whole), left = cell.samples, fraction = cell.successes - whole, sum = 0.0
        for _ in 0..<count {
            let index = random.next(below: left)
            if index < ones {
                ones -= 1
                sum += 1
            } else if index == ones {
                // The next one holds the fraction; 0 where there is none, or where it is drawn already.
                sum += fraction
                fraction = 0
            }
            left -= 1
        }
        return sum
    }

    /// The mean score of the workers that tie for the best choice.
    private func score(_ workers: [(choosing: Double, scoring: Double)]) -> Double {
        let best = workers.map(\.choosing).max() ?? 0
        return mean(of: workers.filter { $0.choosing == best }.map(\.scoring))
    }
}
