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
    }

    let model: URL
    let threads: Threads

    /// Looks at the machine, and at the model in `model`.
    public init(model: URL, threads: Threads) {
        self.model = model
        self.threads = threads
    }

    /// What was found, in the order in which people ask for it.
    public func findings() -> [Finding] {
        [
            good("processor", "\(Threads.available.count) cores, \(threads.count) threads used"),
            good("instructions", InstructionSet.features.joined(separator: " ")),
            good("OpenBLAS", BLAS.version),
            good("HDF5", HDF5Library.version),
            good("matrix product", "\(gigaflops().fixed(0)) GFLOP/s in 32-bit floats"),
            disk(), backbone(),
        ]
    }

    private func good(_ name: String, _ value: String) -> Finding { Finding(name: name, value: value, isGood: true) }

    private func gigaflops() -> Double {
        let size = 1024
        let matrix = Tensor(shape: [size, size], scalars: (0..<size * size).map { Float($0 % 7) - 3 })
        let clock = ContinuousClock()
        let best = (0..<4).map { _ in clock.measure { _ = matrix.timesTransposed(matrix, threads: threads) } }.min()
        return 2 * Double(size * size * size) / ((best ?? .seconds(1)) / .seconds(1)) / 1e9
    }

    private func disk() -> Finding {
        let place = FileManager.default.currentDirectoryPath
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.doubleValue else {
            return Finding(name: "disk", value: "free space is not known", isGood: true)
        }
        return Finding(name: "disk", value: "\((free / 1e9).fixed(1)) GB free here", isGood: free > 1e9)
    }

    private func backbone() -> Finding {
        do {
            let embedding = try Embedding(model: model, settings: EmbedSettings())
            let text = "How many millilitres are there in three and a half pints?"
            let states = try embedding.encoder.states(for: [text], threads: threads)
            let made = embedding.provenance
            return good(
                "backbone",
                "\(made.model), width \(states.columns), \(made.readout)\(made.normalize ? ", normalised" : ""), "
                    + "at most \(made.maxTokens) tokens, sha256 \(made.modelSHA256.prefix(12))…")
        } catch {
            return Finding(name: "backbone", value: "\(error); `make setup` brings one", isGood: false)
        }
    }
}
