public import Tensors

/// What was recorded of a pool: successes and samples, one row a task and one column a worker.
///
/// A cell without samples is missing. It is never a zero: nothing that reads the table chooses a worker there.
public struct OutcomeTable: Sendable, Equatable {
    /// The columns, in the order of a head's rows.
    public let workers: [String]
    /// Successes and samples of each cell, `[tasks × workers]` row-major; 0 samples where the worker was not tried.
    public let successes: [Double], samples: [Int]
    /// Success rates `[tasks, workers]`, NaN where the worker was not tried.
    public let rates: Matrix

    /// Tasks in the table.
    public var tasks: Int { rates.rows }

    /// A table of `successes` out of `samples`, both `[tasks × workers]` row-major.
    public init(workers: [String], successes: [Double], samples: [Int]) {
        precondition(
            successes.count == samples.count && samples.count % max(1, workers.count) == 0,
            "\(successes.count) successes and \(samples.count) samples for \(workers.count) workers")
        self.workers = workers
        self.successes = successes
        self.samples = samples
        rates = Matrix(
            rows: samples.count / max(1, workers.count), columns: workers.count,
            scalars: zip(successes, samples).map { $1 > 0 ? $0 / Double($1) : .nan })
    }

    /// The rows at `indices`, in that order.
    public func rows(at indices: [Int]) -> OutcomeTable {
        let width = workers.count
        return picking(indices.flatMap { $0 * width..<($0 + 1) * width })
    }

    /// The table whose cells are those at `cells` of this one.
    private func picking(_ cells: [Int]) -> OutcomeTable {
        OutcomeTable(workers: workers, successes: cells.map { successes[$0] }, samples: cells.map { samples[$0] })
    }

    /// The same table with the columns of workers `first` and `second` exchanged, names staying where they are.
    public func swappingOutcomes(of first: Int, and second: Int) -> OutcomeTable {
        var order = Array(workers.indices)
        order.swapAt(first, second)
        let width = workers.count
        return picking((0..<tasks).flatMap { task in order.map { task * width + $0 } })
    }

    /// Mean rate of each worker over the tasks where it was tried; `fallback` where it never was.
    public func workerMeans(fallback: Double = 0) -> [Double] {
        workers.indices.map { worker in
            var sum = 0.0
            var count = 0
            for task in 0..<tasks where !rates[task, worker].isNaN {
                sum += rates[task, worker]
                count += 1
            }
            return count > 0 ? sum / Double(count) : fallback
        }
    }

    /// Mean rate of each worker over the tasks of each domain, `domains` being those of the tasks. A worker never tried in a
    /// domain is judged by what it does elsewhere.
    public func workerMeans(byDomain domains: [String]) -> [String: [Double]] {
        let overall = workerMeans()
        return Dictionary(grouping: domains.indices) { domains[$0] }.mapValues { tasks in
            let here = rows(at: tasks).workerMeans(fallback: .nan)
            return here.indices.map { here[$0].isNaN ? overall[$0] : here[$0] }
        }
    }

    /// Means by which workers are ranked. Where they were tried on different numbers of tasks, each is drawn towards
    /// the mean over all by ten tasks' weight: a worker tried once, and right, is not the best of the pool.
    public func rankingMeans() -> [Double] {
        let counts = workers.indices.map { worker in (0..<tasks).count { !rates[$0, worker].isNaN } }
        let means = workerMeans()
        guard Set(counts).count > 1 else { return means }
        let overall = zip(means, counts).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(max(1, counts.reduce(0, +)))
        return zip(means, counts).map { ($0 * Double($1) + 10 * overall) / (Double($1) + 10) }
    }

    /// How far each task is to be trusted: the mean over its tried cells of n / (n + κ) for n samples.
    /// With κ = 0 every task that has a cell weighs 1; a task without one weighs 0.
    public func taskWeights(kappa: Double) -> [Double] {
        let width = workers.count
        return (0..<tasks).map { task in
            let tried = samples[task * width..<(task + 1) * width].filter { $0 > 0 }.map(Double.init)
            guard !tried.isEmpty else { return 0 }
            return tried.reduce(0) { $0 + $1 / ($1 + kappa) } / Double(tried.count)
        }
    }
}

extension OutcomeTable {
    /// What one of the recorded samples of a cell was worth: of k successes among n samples the first k are the successes,
    /// and where they are fractional each is worth their mean. `nil` where the worker was not tried.
    public func score(of cell: SampleCell) -> Double? {
        let index = cell.task * workers.count + cell.worker
        guard samples[index] > 0 else { return nil }
        let count = successes[index], isWhole = count == count.rounded()
        return isWhole ? (Double(cell.repeatIndex % samples[index]) < count ? 1 : 0) : count / Double(samples[index])
    }

    /// Reward of each task when the tried worker of highest score is taken; `scores` is `[tasks, workers]`.
    ///
    /// Ties break at random, so a tie earns the mean over the tied workers. NaN where no worker was tried.
    public func rewards(choosingBy scores: Matrix) -> [Double] {
        precondition(scores.rows == tasks && scores.columns == workers.count, "scores are not one a cell")
        return (0..<tasks).map { task in
            var best = -Double.infinity
            var sum = 0.0
            var count = 0
            for worker in workers.indices {
                let rate = rates[task, worker], score = scores[task, worker]
                guard !rate.isNaN, score >= best else { continue }
                if score > best { (best, sum, count) = (score, 0, 0) }
                sum += rate
                count += 1
            }
            return count > 0 ? sum / Double(count) : .nan
        }
    }

    /// Expected reward of each task when a tried worker is sampled by the softmax of `scores` `[tasks, workers]`. NaN where no
    /// worker was tried.
    public func expectedRewards(sampling scores: Matrix) -> [Double] {
        precondition(scores.rows == tasks && scores.columns == workers.count, "scores are not one a cell")
        return (0..<tasks).map { task in
            let tried = workers.indices.map { !rates[task, $0].isNaN }
            guard tried.contains(true) else { return .nan }
            let shares = softmax(workers.indices.map { scores[task, $0] }, allowed: tried)
            return workers.indices.reduce(0) { tried[$1] ? $0 + shares[$1] * rates[task, $1] : $0 }
        }
    }

    /// The tried worker of highest score for each task, `nil` where none was tried. Ties break by `seed` and task,
    /// never by the order of the workers.
    public func choices(by scores: Matrix, seed: UInt64) -> [Int?] {
        (0..<tasks).map { task in
            chooseWorker(
                among: workers.indices.filter { !rates[task, $0].isNaN }, by: { scores[task, $0] },
                seed: seed &+ UInt64(task))
        }
    }
}

/// The candidate of highest score; ties break by a hash of `seed` and the candidate, never by index. `nil` for none.
public func chooseWorker(among candidates: [Int], by score: (Int) -> Double, seed: UInt64) -> Int? {
    func hash(_ worker: Int) -> SIMD4<UInt32> {
        Philox(seed: seed).block(UInt32(truncatingIfNeeded: worker), row: 0, generation: 0, purpose: .actions)
    }
    return candidates.max { left, right in
        let (l, r) = (score(left), score(right))
        return l == r ? hash(left)[0] < hash(right)[0] : l < r
    }
}
