import Foundation
import Tensors

/// The tensors of a model, each held to its shape and to finite values, its matrices packed or as an earlier start packed them:
/// what the loading of all models shares.
struct WeightsReader: Sendable {
    let weights: MappedWeights
    /// What stands before all names.
    let prefix: String
    let precision: Precision
    let threads: Threads
    private let stamps: [FileStamp]?
    private let place: PackedPlace
    private let packed: PackedFile?
    private let cache: PackedCache

    /// Maps the weights of `directory`. `optionalPrefix` stands before all names where it stands before `landmark`.
    init(
        _ directory: ModelDirectory, optionalPrefix: String, landmark: String, precision: Precision, threads: Threads,
        cache: PackedCache
    ) throws {
        stamps = FileStamp.all(of: directory.weightFiles)
        weights = try MappedWeights(shards: directory.weightFiles)
        prefix = weights.shape(of: optionalPrefix + landmark) == nil ? "" : optionalPrefix
        self.precision = precision
        self.threads = threads
        self.cache = cache
        place = PackedPlace(
            folder: WeightsDigest.cache(of: directory.url), precision: precision.rawValue, weightFiles: directory.weightFiles)
        packed = Self.isWorthwhile(cache, stamps) ? PackedFile(reading: place) : nil
    }

    private static func isWorthwhile(_ cache: PackedCache, _ stamps: [FileStamp]?) -> Bool {
        guard let least = cache.least, let stamps else { return false }
        return stamps.reduce(0) { $0 + $1.size } >= least
    }

    /// A copy of a tensor.
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let tensor = try weights.tensor(named: prefix + name, shape: shape)
        try weights.checkFinite(prefix + name, threads: threads)
        return tensor
    }

    func vector(_ name: String, _ count: Int) throws -> [Float] { try tensor(name, [count]).scalars }

    /// A table of which rows are looked up where they lie. Packed weights were kept after it had been looked through.
    func table(_ name: String, _ shape: [Int]) throws -> MappedRows {
        let rows = try weights.rows(named: prefix + name, shape: shape)
        if packed == nil {
            try rows.checkFinite(threads: threads)
            weights.releasePages()
        }
        return rows
    }

    /// The map called `name`: matrices of these names, `[outputs, inputs]` each, one after the other or interleaved.
    func map(
        _ name: String, of matrices: [(name: String, outputs: Int, inputs: Int)], isInterleaved: Bool = false,
        bias: @autoclosure () throws -> [Float]?
    ) throws -> PackedMatrix {
        let parts = try matrices.map { try weights.rows(named: prefix + $0.name, shape: [$0.outputs, $0.inputs]) }
        let rows = matrices.reduce(0) { $0 + $1.outputs }, bias = try bias()
        if let kept = packed?.map(
            name, outputs: isInterleaved ? rows / 2 : rows, inputs: matrices[0].inputs, isInterleaved: isInterleaved,
            bias: bias, precision: precision)
        {
            return kept
        }
        let map = try PackedMatrix(
            stacking: parts, isInterleaved: isInterleaved, bias: bias, precision: precision, threads: threads)
        // What was packed is not read again, so no more than a matrix of the file is ever in memory beside the packed ones.
        weights.releasePages()
        return map
    }

    /// Throws `ModelError` for a tensor of a layer that config.json denies, or of a part that the pass would not read. Names in
    /// a layer are `layers`, a number, a dot, and one of `known`.
    func checkNames(layers: String, count: Int, known: Set<String>, family: String) throws {
        for name in weights.names where name.hasPrefix(prefix + layers) {
            let path = name.dropFirst((prefix + layers).count).split(separator: ".", maxSplits: 1).map(String.init)
            guard path.count == 2, let index = Int(path[0]) else { continue }
            guard index < count else {
                throw ModelError("no layer for tensor \"\(name)\": config.json has num_hidden_layers \(count)")
            }
            guard known.contains(path[1]) else {
                throw ModelError("tensor \"\(name)\" is of a part that a \(family) with this config.json hasn't got")
            }
        }
    }

    /// Ends the loading: what was read is given back, and packed weights are kept where that is worthwhile, and not while the
    /// files may still be written.
    func finish(_ maps: [(name: String, map: PackedMatrix)]) -> PackedWriting? {
        weights.releasePages()
        guard packed == nil, Self.isWorthwhile(cache, stamps), let stamps, stamps.allSatisfy(\.isSettled),
            maps.reduce(0, { $0 + $1.map.bytes }) <= max(cache.modest, stamps.reduce(0) { $0 + $1.size })
        else { return nil }
        return PackedWriting(maps, of: stamps, to: place)
    }
}
