public import Tensors

/// The plain mean of the outcomes of the k most similar training tasks, by cosine.
public struct NearestNeighbours: Sendable {
    /// The reference's grid of k.
    public static let defaultCounts = [1, 3, 5, 10, 20, 40, 80, 160, 320]

    let train: TaskSet
    let normalized: Tensor
    let means: [Double]
    /// Neighbours asked; chosen on validation where the initialiser was given a grid.
    public let count: Int

    /// Chooses k among `counts` by validation reward, the larger on a tie.
    public init(train: TaskSet, validation: TaskSet, counts: [Int] = defaultCounts, threads: Threads = .one) {
        self.train = train
        normalized = Self.normalized(train.states)
        means = train.outcomes.workerMeans()
        let usable = counts.filter { $0 <= train.outcomes.tasks }
        let grid = usable.isEmpty ? [max(1, train.outcomes.tasks)] : usable.sorted(by: >)
        let scores = Self.scores(
            of: validation.states, normalized: normalized, train: train.outcomes, means: means, counts: grid,
            threads: threads)
        var best = (reward: -Double.infinity, count: grid[0])
        for (count, table) in zip(grid, scores) {
            let reward = validation.reward(choosingBy: table)
            if reward > best.reward { best = (reward, count) }
        }
        count = best.count
    }

    /// Estimated success of each worker, `[states, workers]`. Ties between workers go to the better mean on train.
    public func scores(for states: Tensor, threads: Threads = .one) -> Matrix {
        Self.scores(
            of: states, normalized: normalized, train: train.outcomes, means: means, counts: [count], threads: threads)[0]
    }

    /// Small enough never to decide against a difference between means of recorded rates.
    private static let tieBreak = 1e-9

    /// One table of scores for each of `counts`, which fall.
    private static func scores(
        of states: Tensor, normalized: Tensor, train: OutcomeTable, means: [Double], counts: [Int], threads: Threads
    ) -> [Matrix] {
        let similarity = Self.normalized(states).timesTransposed(normalized, threads: threads)
        var tables = counts.map { _ in Matrix(rows: states.rows, columns: train.workers.count) }
        let reach = counts.max() ?? 1
        for task in 0..<states.rows {
            let row = Array(similarity[row: task])
            let nearest = Self.largest(reach, of: row)
            for (index, count) in counts.enumerated() {
                let mean = Self.meanRates(of: nearest.prefix(count), in: train, fallback: means)
                for worker in mean.indices { tables[index][task, worker] = mean[worker] + tieBreak * means[worker] }
            }
        }
        return tables
    }

    /// Indices of the `count` largest values, largest first, earlier index first on a tie.
    private static func largest(_ count: Int, of values: [Float]) -> [Int] {
        guard count < values.count else { return values.indices.sorted { order(values, $0, $1) } }
        // Only what is above the count-th value needs sorting; finding it by sorting values is cheaper than by index.
        let threshold = values.sorted(by: >)[count - 1]
        return Array(values.indices.filter { values[$0] >= threshold }.sorted { order(values, $0, $1) }.prefix(count))
    }

    private static func order(_ values: [Float], _ left: Int, _ right: Int) -> Bool {
        values[left] == values[right] ? left < right : values[left] > values[right]
    }

    private static func meanRates(of tasks: ArraySlice<Int>, in train: OutcomeTable, fallback: [Double]) -> [Double] {
        train.workers.indices.map { worker in
            var sum = 0.0
            var count = 0
            for task in tasks where !train.rates[task, worker].isNaN {
                sum += train.rates[task, worker]
                count += 1
            }
            return count > 0 ? sum / Double(count) : fallback[worker]
        }
    }

    private static func normalized(_ states: Tensor) -> Tensor {
        var result = states
        let width = states.columns
        for row in 0..<states.rows {
            let norm = states[row: row].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            guard norm > 0 else { continue }
            for column in 0..<width { result.scalars[row * width + column] /= Float(norm) }
        }
        return result
    }
}
