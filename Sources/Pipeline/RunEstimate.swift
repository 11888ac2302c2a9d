import Backbones
import Evolution
import Foundation
import Routing
import Tensors
import Tokenizers

/// How long the stages of a run will take on this machine, from what a sample of its texts takes. What depends on others
/// (providers) or on the data (SFT's steps) is not guessed.
struct RunEstimate {
    let run: Run
    let embedding: Embedding
    let threads: Threads
    /// Billions of operations per second of a large product in 32-bit floats.
    let sgemm: Double

    private static let counted = 256, most = 32
    /// What the timed pass may take, in seconds, more or less.
    private static let patience = 0.5

    /// A line for each stage of which something is known. A run that can't be read is a bad finding.
    func findings() -> [Doctor.Finding] {
        do {
            return try [embed(run.texts().requests), evolve()].compactMap(\.self)
        } catch {
            return [Doctor.Finding(name: "estimate", value: "\(error)", isGood: false)]
        }
    }

    private func embed(_ requests: [Conversation]) throws -> Doctor.Finding? {
        let encoder = embedding.encoder, sample = try encoder.reader.tokens(of: Self.spread(requests, Self.counted))
        guard !sample.isEmpty else { return nil }
        let lengths = sample.map(\.ids.count)
        let mean = Double(lengths.reduce(0, +)) / Double(lengths.count), tokens = mean * Double(requests.count)
        let speed = try tokensPerSecond(sample), seconds = tokens / max(speed, .leastNormalMagnitude)
        let multiplications = Double(encoder.model.multiplicationsPerToken), rate = 2 * multiplications * speed / 1e9
        return Doctor.Finding(
            name: "estimate of embed",
            value:
                "about \(Self.duration(seconds)): \(requests.count) texts of \(mean.fixed(0)) tokens (by \(sample.count) of them), "
                + "\((multiplications / 1e6).fixed(1)) million multiplications a token, \(speed.fixed(0)) tokens a second "
                + "(\(rate.fixed(0)) GFLOP/s) in \(embedding.provenance.precision) here",
            isGood: true,
            measured: [
                "texts": Double(requests.count), "tokens": tokens.rounded(), "multiplications_per_token": multiplications,
                "tokens_per_second": speed, "embed_gflops": rate, "seconds": seconds,
            ])
    }

    /// Of as many texts as the patience allows, at even distances of length: long ones cost more a token.
    private func tokensPerSecond(_ texts: [RequestTokens]) throws -> Double {
        let lengths = texts.map(\.ids.count), order = texts.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        let clock = ContinuousClock(), middle = order[order.count / 2]
        // The first pass warms caches and memory; its time says how many texts the next one can take.
        let first = try clock.measure { _ = try embedding.encoder.states(of: [texts[middle]], threads: threads) }
        let count = min(Self.most, max(1, Int(Self.patience / max(first / .seconds(1), 1e-6))))
        let chosen = Self.spread(order, count)
        let taken = try clock.measure {
            _ = try embedding.encoder.states(of: chosen.map { texts[$0] }, threads: threads)
        }
        return Double(chosen.reduce(0) { $0 + lengths[$1] }) / max(taken / .seconds(1), 1e-9)
    }

    /// By the generations that this run has seen; else by the products of a generation, where its rewards are a replay.
    private func evolve() throws -> Doctor.Finding? {
        let settings = run.recipe.evolve
        let done = run.directory.checkpointedGenerations.last(where: { $0 <= settings.generations }) ?? 0
        let left = settings.generations - done
        let perGeneration: Double, bound: String, basis: String
        if let median = GenerationTiming.median(in: run.directory.timing) {
            (perGeneration, bound, basis) = (median, "about", "by the median of those before")
        } else if case .recorded = run.recipe.source, settings.draws == .exact {
            let outcomes = try run.outcomes(), split = try outcomes.split(named: run.recipe.split)
            let workers = outcomes.table.workers.count
            let features = embedding.width + (run.recipe.sft.method == .pooled ? workers : 0)
            let candidates = settings.popsize ?? Constants.populationSize(dimension: workers * features)
            let operations = 2 * Double(candidates) * Double(workers * features) * Double(split.train.count)
            perGeneration = operations / (sgemm * 1e9)
            (bound, basis) = ("at least", "the products of \(candidates) candidates on \(split.train.count) tasks")
        } else {
            return nil
        }
        let seconds = perGeneration * Double(left)
        return Doctor.Finding(
            name: "estimate of evolve",
            value: "\(bound) \(Self.duration(seconds)): \(left) of \(settings.generations) generations to go, \(basis)",
            isGood: true,
            measured: ["generations": Double(left), "seconds_per_generation": perGeneration, "seconds": seconds])
    }

    private static func spread<Element>(_ all: [Element], _ count: Int) -> [Element] {
        let count = min(count, all.count)
        return (0..<count).map { all[$0 * all.count / count] }
    }

    private static func duration(_ seconds: Double) -> String {
        if seconds < 90 { return "\(seconds.fixed(seconds < 10 ? 1 : 0)) s" }
        return seconds < 5400 ? "\((seconds / 60).fixed(0)) min" : "\((seconds / 3600).fixed(1)) h"
    }
}
