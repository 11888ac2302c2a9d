import Backbones
public import Foundation
import HDF5
public import Tensors

/// Whether this machine can do the work, and how fast.
public struct Doctor: Sendable {
    /// One thing that was looked at.
    public struct Finding: Codable, Sendable {
        public var name: String, value: String
        public var isGood: Bool
        /// What was measured or estimated, by name and unit (`…_gflops`: billions of operations per second); `nil` where
        /// nothing was.
        public var measured: [String: Double]?
    }

    let model: URL
    let run: Run?
    let threads: Threads

    /// Looks at the machine, and at the model in `model`.
    public init(model: URL, threads: Threads) {
        self.model = model
        self.threads = threads
        run = nil
    }

    /// Looks at the machine, at the model of `run`, and at how long its stages will take.
    public init(run: Run, threads: Threads) {
        model = run.recipe.model
        self.run = run
        self.threads = threads
    }

    /// What was found, in the order in which people ask for it.
    public func findings() -> [Finding] {
        let sgemm = gigaflops()
        var findings = [
            good("processor", "\(Threads.available.count) cores, \(threads.count) threads used"),
            good("instructions", InstructionSet.features.joined(separator: " ")),
            good(
                "kernels", "32 bits: \(chosen(.f32)); bf16: \(chosen(.bf16)); f16: \(chosen(.f16)); 8 bits: \(chosen(.int8))"),
            good("OpenBLAS", BLAS.version),
            good("HDF5", HDF5Library.version),
            peak(),
            good(
                "matrix product", "\(sgemm.fixed(0)) GFLOP/s in 32-bit floats, OpenBLAS", measured: ["sgemm_gflops": sgemm]),
            products(), disk(),
        ]
        do {
            let embedding = try Embedding(model: model, settings: run?.recipe.embed ?? EmbedSettings())
            findings.append(try backbone(embedding))
            if let run { findings += RunEstimate(run: run, embedding: embedding, threads: threads, sgemm: sgemm).findings() }
        } catch {
            findings.append(Finding(name: "backbone", value: "\(error); `make setup` brings one", isGood: false))
        }
        return findings
    }

    private func good(_ name: String, _ value: String, measured: [String: Double]? = nil) -> Finding {
        Finding(name: name, value: value, isGood: true, measured: measured)
    }

    private func chosen(_ precision: Precision) -> String { InstructionSet.best.kernel(for: precision) }

    private func gigaflops() -> Double {
        let size = 1024
        let matrix = Tensor(shape: [size, size], scalars: (0..<size * size).map { Float($0 % 7) - 3 })
        let clock = ContinuousClock()
        let best = (0..<4).map { _ in clock.measure { _ = matrix.timesTransposed(matrix, threads: threads) } }.min()
        return 2 * Double(size * size * size) / ((best ?? .seconds(1)) / .seconds(1)) / 1e9
    }

    private func peak() -> Finding {
        let one = InstructionSet.best.peak / 1e9, all = InstructionSet.best.peak(threads: threads) / 1e9
        return good(
            "peak", "\(one.fixed(0)) GFLOP/s of a core in 32-bit floats, \(all.fixed(0)) of \(threads.count) threads",
            measured: ["core_gflops": one, "threads_gflops": all])
    }

    /// Products with weights packed once, as backbones multiply.
    private func products() -> Finding {
        var parts: [String] = [], measured: [String: Double] = [:]
        for precision in [Precision.f32, .bf16, .int8] {
            let product = PackedProduct(precision)
            let rates = [64, 256].map { rows in
                let rate = product.rate(rows: rows, threads: threads) / 1e9
                measured["\(precision.rawValue)_\(rows)_rows_gflops"] = rate
                return rate.fixed(0)
            }
            parts.append("\(precision.rawValue) \(rates.joined(separator: " and "))")
        }
        return good("packed products", "GFLOP/s of 64 and 256 rows: \(parts.joined(separator: ", "))", measured: measured)
    }

    private func disk() -> Finding {
        let place = FileManager.default.currentDirectoryPath
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.doubleValue else {
            return Finding(name: "disk", value: "free space is not known", isGood: true)
        }
        return Finding(name: "disk", value: "\((free / 1e9).fixed(1)) GB free here", isGood: free > 1e9)
    }

    private func backbone(_ embedding: Embedding) throws -> Finding {
        let text = "How many millilitres are there in three and a half pints?"
        let states = try embedding.encoder.states(for: [text], threads: threads)
        let made = embedding.provenance
        return good(
            "backbone",
            "\(made.model), width \(states.columns), \(made.readout)\(made.normalize ? ", normalised" : ""), "
                + "\(made.precision), at most \(made.maxTokens) tokens, sha256 \(made.modelSHA256.prefix(12))…")
    }
}
