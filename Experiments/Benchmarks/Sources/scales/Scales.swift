import Backbones
import Foundation
import Tensors

/// `scales MODEL [CANDIDATES] [ROUNDS]`: candidates with other scales in the second-to-last layer, each judged on 16 texts of 64
/// tokens: decomposed once, the states that enter the layer computed once, then for each candidate reconstruction, packing and
/// the layers from there on; beside a whole pass each. Prints Markdown; the two are interleaved round by round.
@main struct Scales {
    static let texts = 16, tokens = 64

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let path = arguments.first else { return print("usage: scales MODEL [CANDIDATES] [ROUNDS]") }
        let candidates = arguments.dropFirst().first.flatMap { Int($0) } ?? 33
        let rounds = max(1, arguments.dropFirst(2).first.flatMap { Int($0) } ?? 3)
        let model = try DecoderModel(ModelDirectory(reading: URL(fileURLWithPath: path))), layer = model.layers - 2
        print("\(InstructionSet.features.joined(separator: " ")); \(BLAS.version); \(rounds) rounds, \(candidates) candidates;")
        print("\(model.layers) layers of width \(model.width); \(texts) texts of \(tokens) tokens; layer \(layer)\n")

        let all = Threads.available
        var values: LayerDecomposition?
        let seven = try time { values = try LayerDecomposition(of: model, layer: layer, threads: all) }
        guard let values else { return }
        print("seven matrices decomposed once in \(seconds(seven)) s on \(all.count) threads\n")
        print(
            "| threads | entering states, s | reconstruction and packing, s | layers from there on, s | candidate, s | whole pass, s | ratio |"
        )
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for threads in Set([1, 2, all.count]).filter({ $0 <= all.count }).sorted() {
            print(try row(model, values, Threads(threads), candidates: candidates, rounds: rounds))
        }
    }

    /// Times of a whole evaluation of all candidates. Whole passes are all alike, so one a round stands for `candidates`.
    static func row(
        _ model: DecoderModel, _ values: LayerDecomposition, _ threads: Threads, candidates: Int, rounds: Int
    ) throws -> String {
        var random = Philox(seed: 1).stream(generation: 0, purpose: .minibatch)
        let batch = PackedBatch(
            (0..<texts).map { _ in (0..<tokens).map { _ in Int32.random(in: 0..<Int32(model.vocabularySize), using: &random) } }
        )
        let ranks = try PublishedBlocks(for: model).blocks.dropFirst().prefix(LayerMatrix.allCases.count).map(\.count)
        var entering: [Double] = [], made: [Double] = [], rest: [Double] = [], whole: [Double] = []
        _ = try model.states(of: batch, readout: .penultimate, threads: threads)  // warms memory
        for _ in 0..<rounds {
            var kept: Activations?
            entering.append(try time { kept = try model.activations(entering: values.layer, of: batch, threads: threads) })
            guard let kept else { continue }
            let share = (candidates + rounds - 1) / rounds
            for _ in 0..<share {
                let offsets = ScaleOffsets(
                    layer: Dictionary(
                        uniqueKeysWithValues: zip(LayerMatrix.allCases, ranks).map { matrix, rank in
                            (matrix, (0..<rank).map { _ in Double.random(in: -0.1...0.1, using: &random) })
                        }))
                var adapted = model
                made.append(try time { adapted = try model.adapted(by: offsets, of: values, threads: threads) })
                rest.append(try time { _ = try adapted.states(from: kept, readout: .penultimate, threads: threads) })
            }
            whole.append(try time { _ = try model.states(of: batch, readout: .penultimate, threads: threads) })
        }
        let candidate = median(entering) / Double(candidates) + median(made) + median(rest)
        let cells = [median(entering), median(made), median(rest), candidate, median(whole)].map(seconds)
        return "| \(threads.count) | \(cells.joined(separator: " | ")) | \(String(format: "%.3f", candidate / median(whole))) |"
    }

    static func time(_ work: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock(), start = clock.now
        try work()
        return (clock.now - start) / .seconds(1)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    static func seconds(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
}
