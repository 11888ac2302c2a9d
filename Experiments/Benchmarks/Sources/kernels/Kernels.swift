import Foundation
import Tensors

/// `kernels [ROUNDS]`: products with packed weights that come from memory, in every precision, beside OpenBLAS and the
/// peak of the processor. Prints Markdown: billions of operations per second, medians; rounds are interleaved, so
/// what else the machine does meets all alike.
@main struct Kernels {
    static let shapes = [
        (4096, 1024, "Qwen3-0.6B q, k, v"), (1024, 2048, "Qwen3-0.6B o"), (6144, 1024, "Qwen3-0.6B gate, up"),
        (1024, 3072, "Qwen3-0.6B down"), (384, 384, "MiniLM q"), (1536, 384, "MiniLM widening"),
        (384, 1536, "MiniLM narrowing"),
    ]

    static func main() {
        let rounds = max(3, CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 9)
        let peak = InstructionSet.best.peak / 1e9
        print("\(InstructionSet.features.joined(separator: " ")); \(InstructionSet.best); \(BLAS.version); \(rounds) rounds\n")
        print("Peak of one core in 32-bit floats: \(number(peak)) GFLOP/s. int8 includes making bytes of the rows.\n")
        print("| outputs × inputs | | rows | threads | sgemm | f32 | of peak | bf16 | / f32 | f16 | / f32 | int8 | / f32 |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for (outputs, inputs, name) in shapes {
            let layers = Layers(outputs: outputs, inputs: inputs)
            for rows in [1, 16, 64, 256, 1024] {
                for threads in [1, 2] {
                    let rates = layers.rates(rows: rows, threads: Threads(threads), rounds: rounds)
                    var cells = ["\(outputs) × \(inputs)", name, "\(rows)", "\(threads)", number(rates.sgemm)]
                    for (precision, rate, ratio) in rates.ours {
                        cells += [number(rate)]
                        if precision == .f32 {
                            cells.append(String(format: "%.0f %%", rate / (peak * Double(threads)) * 100))
                        } else {
                            cells.append(String(format: "%.2f", ratio))
                        }
                    }
                    print("| \(cells.joined(separator: " | ")) |")
                }
            }
        }
    }

    static func number(_ value: Double) -> String { String(format: value < 10 ? "%.1f" : "%.0f", value) }
}

/// One weight in each precision, in so many copies that the caches never hold them.
struct Layers {
    let weight: Tensor
    let copies: [(Precision, [PackedMatrix])]

    init(outputs: Int, inputs: Int) {
        var random = Philox(seed: 1).stream(generation: 0, purpose: .minibatch)
        let weight = Tensor(
            shape: [outputs, inputs], scalars: (0..<outputs * inputs).map { _ in Float.random(in: -1...1, using: &random) })
        let bias = [Float](repeating: 0, count: outputs)
        self.weight = weight
        copies = Precision.allCases.map { precision in
            let size = PackedMatrix.bytes(outputs: outputs, inputs: inputs, precision: precision)
            return (
                precision, (0..<max(2, (96 << 20) / size)).map { _ in PackedMatrix(weight, bias: bias, precision: precision) }
            )
        }
    }

    /// Billions of operations per second: medians, and medians of the ratio to f32 in the same round.
    func rates(rows: Int, threads: Threads, rounds: Int)
        -> (sgemm: Double, ours: [(precision: Precision, rate: Double, ratio: Double)])
    {
        let (outputs, inputs) = (weight.rows, weight.columns), operations = 2.0 * Double(rows * outputs * inputs)
        var random = Philox(seed: 2).stream(generation: 0, purpose: .minibatch)
        let left = Tensor(
            shape: [rows, inputs], scalars: (0..<rows * inputs).map { _ in Float.random(in: -1...1, using: &random) })
        let memory = Workspace()
        memory.reset(
            for: Workspace.room(rows: rows, columns: inputs) + Workspace.room(rows: rows, columns: outputs)
                + Workspace.room(quantizedRows: rows, columns: inputs))
        let input = memory.rows(rows, columns: inputs), output = memory.rows(rows, columns: outputs)
        let bytes = memory.quantizedRows(rows, columns: inputs)
        input.fill(with: left)
        // A measurement takes some milliseconds.
        let calls = max(1, min(64, Int(2e8 / operations)))
        var times = [[Double]](repeating: [], count: copies.count), sgemm: [Double] = [], next = 0
        for round in 0...rounds {
            var taken: [Double] = []
            for (precision, matrices) in copies {
                taken.append(
                    Self.time {
                        for _ in 0..<calls {
                            next += 1
                            let map = matrices[next % matrices.count]
                            if precision == .int8 { quantize(input, into: bytes, threads) }
                            threads.run(map.pieces(rows: rows)) { piece in
                                let panels = map.panels(ofPiece: piece, rows: rows)
                                if precision == .int8 {
                                    map.apply(to: bytes, panels: panels, into: output)
                                } else {
                                    map.apply(to: input, panels: panels, into: output)
                                }
                            }
                        }
                    } / Double(calls))
            }
            let blas = Self.time { for _ in 0..<calls { multiply(left, into: output, threads) } } / Double(calls)
            // The first round warms caches and memory.
            guard round > 0 else { continue }
            sgemm.append(blas)
            for (index, seconds) in taken.enumerated() { times[index].append(seconds) }
        }
        let ours = zip(copies, times).map { copy, seconds in
            (copy.0, operations / Self.median(seconds) / 1e9, Self.median(zip(times[0], seconds).map { $0 / $1 }))
        }
        return (operations / Self.median(sgemm) / 1e9, ours)
    }

    private func quantize(_ input: FloatRows, into bytes: QuantizedRows, _ threads: Threads) {
        threads.run((input.rows + 7) / 8) { piece in
            let rows = piece * 8..<min(input.rows, piece * 8 + 8)
            input.rows(rows).quantize(into: bytes.rows(rows))
        }
    }

    /// OpenBLAS, its columns cut for the threads. It reads one copy of the weights, which may stay in a cache.
    private func multiply(_ left: Tensor, into output: FloatRows, _ threads: Threads) {
        threads.run(threads.count) { part in
            let columns = weight.rows * part / threads.count..<weight.rows * (part + 1) / threads.count
            output.columns(columns).fill(with: left, timesTransposed: weight, rows: columns)
        }
    }

    static func time(_ work: () -> Void) -> Double {
        let clock = ContinuousClock(), start = clock.now
        work()
        return (clock.now - start) / .seconds(1)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
