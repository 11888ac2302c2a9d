import Evolution
import Foundation
import Routing
import Tensors

/// `replay [ROUNDS]`: the rewards of a whole population over recorded outcomes beside the product that they need, and
/// generations of a search. Prints Markdown; rounds are interleaved, so what else the machine does meets all alike.
@main struct Replay {
    static func main() {
        let rounds = max(3, CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 15)
        print("\(InstructionSet.features.joined(separator: " ")); \(BLAS.version); \(rounds) rounds\n")
        print("| tasks | width | workers | heads | threads | sgemm, ms | sampled, ms | ratio | argmax, ms | ratio |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for size in [Size(tasks: 10_000, width: 1_024, workers: 7), Size(tasks: 3_200, width: 384, workers: 9)] {
            for threads in [1, 2] { print(population(size, threads: Threads(threads), rounds: rounds)) }
        }
        print("\n| tasks | validation | weights | λ | threads | generation, median ms | slowest of ten, ms |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for threads in [1, 2] { print(generations(Threads(threads), rounds: rounds)) }
    }

    struct Size {
        var tasks: Int, width: Int, workers: Int
        let heads = 32

        /// Unit states, one sample of every worker on each task.
        func set(seed: UInt64) -> TaskSet {
            var random = Philox(seed: seed).stream(generation: 0, purpose: .minibatch)
            let states = (0..<tasks).flatMap { _ -> [Float] in
                let row = (0..<width).map { _ in Float.random(in: -1...1, using: &random) }
                let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                return row.map { $0 / norm }
            }
            let cells = tasks * workers
            return TaskSet(
                states: Tensor(shape: [tasks, width], scalars: states),
                outcomes: OutcomeTable(
                    workers: (0..<workers).map { "worker-\($0)" },
                    successes: (0..<cells).map { _ in Double(Int.random(in: 0...1, using: &random)) },
                    samples: [Int](repeating: 1, count: cells)))
        }
    }

    /// Rewards of 32 heads by both actions, beside nothing but the product: one call of `cblas_sgemm` for each thread into
    /// memory that is there already, in the better of its two orientations.
    static func population(_ size: Size, threads: Threads, rounds: Int) -> String {
        let set = size.set(seed: 1), rows = size.heads * size.workers
        var random = Philox(seed: 2).stream(generation: 0, purpose: .minibatch)
        let heads = Tensor(
            shape: [rows, size.width], scalars: (0..<rows * size.width).map { _ in Float.random(in: -1...1, using: &random) })
        let sampled = ReplayReward(set, action: .sample), greedy = ReplayReward(set, action: .argmax)
        let parts = (0..<threads.count).map { part in
            size.tasks * part / threads.count..<size.tasks * (part + 1) / threads.count
        }
        let memory = Workspace()
        memory.reset(for: parts.map { Workspace.room(rows: rows, columns: $0.count) }.reduce(0, +) * 2)
        let across = parts.map { memory.rows(rows, columns: $0.count) }
        let along = parts.map { memory.rows($0.count, columns: rows) }
        let states = parts.map { set.states.rows(at: Array($0)) }
        var times = [[Double]](repeating: [], count: 4)
        for round in 0...rounds {
            let taken = [
                time {
                    threads.run(parts.count) { across[$0].fill(with: heads, timesTransposed: set.states, rows: parts[$0]) }
                },
                time { threads.run(parts.count) { along[$0].fill(with: states[$0], timesTransposed: heads, rows: 0..<rows) } },
                time { _ = sampled.rewards(of: heads, count: size.heads, threads: threads) },
                time { _ = greedy.rewards(of: heads, count: size.heads, threads: threads) },
            ]
            // The first round warms caches and memory.
            if round > 0 { for (index, seconds) in taken.enumerated() { times[index].append(seconds) } }
        }
        let medians = times.map(median), bare = min(medians[0], medians[1])
        let cells = [
            "\(size.tasks)", "\(size.width)", "\(size.workers)", "\(size.heads)", "\(threads.count)", milliseconds(bare),
            milliseconds(medians[2]), ratio(medians[2], bare), milliseconds(medians[3]), ratio(medians[3], bare),
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }

    /// Ask, evaluate, tell, judge the mean on train and validation: what a generation of a run does in memory.
    static func generations(_ threads: Threads, rounds: Int) -> String {
        let size = Size(tasks: 3_200, width: 384, workers: 9), validation = Size(tasks: 1_000, width: 384, workers: 9)
        let replay = ReplayReward(size.set(seed: 3), action: .sample), judge = validation.set(seed: 4)
        let weights = size.workers * size.width
        var search = SepCMAES(
            mean: [Double](repeating: 0, count: weights), stepSize: 1, seed: 5, populationSize: size.heads)
        var times: [Double] = []
        for _ in 0..<rounds * 10 {
            times.append(
                time {
                    let population = search.ask(threads: threads)
                    let heads = Tensor(
                        shape: [size.heads * size.workers, size.width], scalars: population.values.map { Float($0) })
                    search.tell(replay.rewards(of: heads, count: size.heads, threads: threads), threads: threads)
                    let mean = Tensor(shape: [size.workers, size.width], scalars: search.mean.map { Float($0) })
                    _ = replay.rewards(of: mean, count: 1, threads: threads)
                    _ = judge.reward(of: RoutingHead(workers: judge.outcomes.workers, weight: mean), threads: threads)
                })
        }
        let slow = times.sorted()[times.count * 9 / 10]
        let cells = [
            "\(size.tasks)", "\(validation.tasks)", "\(weights)", "\(size.heads)", "\(threads.count)",
            milliseconds(median(times)), milliseconds(slow),
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }

    static func time(_ work: () -> Void) -> Double {
        let clock = ContinuousClock(), start = clock.now
        work()
        return (clock.now - start) / .seconds(1)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    static func milliseconds(_ seconds: Double) -> String { String(format: "%.1f", seconds * 1e3) }

    static func ratio(_ a: Double, _ b: Double) -> String { String(format: "%.2f", a / b) }
}
