import Files
public import Foundation
public import Tensors

/// Singular values and vectors of the matrices of one layer, and of the table of tokens where that is scaled too. Made once,
/// which takes seconds, and kept in a file; a candidate of a search then costs one product a matrix.
public struct LayerDecomposition: Sendable, Equatable {
    /// One matrix A = U diag(S) Vᵀ. The table of tokens has no U: rows are looked up in A, and A V diag(1 + δ) Vᵀ needs none.
    struct Part: Sendable, Equatable {
        /// U, `[outputs, rank]`.
        var left: Tensor?
        /// S, descending, `[rank]`.
        var values: Tensor
        /// V, `[inputs, rank]`.
        var right: Tensor
    }

    /// The layer, from 0 on.
    public let layer: Int
    let parts: [LayerMatrix: Part]
    let embedding: Part?

    /// The matrices that can be scaled.
    public var matrices: [LayerMatrix] { LayerMatrix.allCases.filter { parts[$0] != nil } }
    /// Whether the table of tokens can be scaled.
    public var hasEmbedding: Bool { embedding != nil }

    /// Decomposes `matrices` of a layer of `model` in 64-bit floats, and the table of tokens where `embedding` says so.
    /// Throws `ModelError` when the model lacks the layer or a matrix has no decomposition.
    public init(
        of model: DecoderModel, layer: Int, matrices: [LayerMatrix] = LayerMatrix.allCases, embedding: Bool = false,
        threads: Threads = .one
    ) throws {
        try model.check(layer: layer)
        let source = model.weights.source
        let parts = threads.map(matrices.count) { index in
            Result { () throws -> Part in
                let values = try SingularValues(of: Matrix(source.matrix(matrices[index], of: layer)))
                return Part(left: values.left.narrowed, values: Self.vector(values.values), right: values.right.narrowed)
            }
        }
        self.layer = layer
        do {
            self.parts = try Dictionary(uniqueKeysWithValues: zip(matrices, parts.map { try $0.get() }))
            self.embedding = try embedding ? Self.embedding(of: model, threads: threads) : nil
        } catch let error as DecompositionError {
            throw ModelError("layer \(layer) cannot be decomposed: \(error)")
        }
    }

    private static func embedding(of model: DecoderModel, threads: Threads) throws -> Part {
        let rank = min(model.vocabularySize, model.width)
        let (values, right) = try SingularValues.right(ofGram: model.weights.tokens.gram(threads: threads), rank: rank)
        return Part(left: nil, values: vector(values), right: right.narrowed)
    }

    private static func vector(_ values: [Double]) -> Tensor {
        Tensor(shape: [values.count], scalars: values.map { Float($0) })
    }
}

// MARK: Files

extension LayerDecomposition {
    private static let format = "baton singular values 1", tableName = "embed_tokens"

    /// Writes the file. `digest` is that of the weights (`ModelDirectory.weightsSHA256`).
    public func write(to file: URL, digest: String) throws {
        var tensors: [(String, Tensor)] = []
        let named = parts.map { ($0.key.rawValue, $0.value) } + (embedding.map { [(Self.tableName, $0)] } ?? [])
        for (name, part) in named {
            if let left = part.left { tensors.append(("\(name).left", left)) }
            tensors += [("\(name).values", part.values), ("\(name).right", part.right)]
        }
        let metadata = ["format": Self.format, "layer": "\(layer)", "weights_sha256": digest]
        try Durable.replace(file, by: Safetensors.data(tensors: tensors, metadata: metadata))
    }

    /// Reads a file that belongs to `model`, whose weights have `digest`. Throws one line with the file when it is another
    /// model's, of another form, or damaged.
    public init(reading file: URL, of model: DecoderModel, digest: String) throws {
        let mapped = try MappedWeights(reading: file), metadata = mapped.metadata
        guard metadata["format"] == Self.format, let layer = metadata["layer"].flatMap({ Int($0) }) else {
            throw ModelError("\(file.path): holds no singular values of a layer that this baton reads; remove it")
        }
        guard metadata["weights_sha256"] == digest else {
            throw ModelError("\(file.path): belongs to another model (SHA-256 of the weights differs); remove it")
        }
        try model.check(layer: layer)
        func part(_ name: String, _ outputs: Int?, _ inputs: Int, _ rank: Int) throws -> Part? {
            guard mapped.shape(of: "\(name).values") != nil else { return nil }
            func tensor(_ end: String, _ shape: [Int]) throws -> Tensor {
                try mapped.checkFinite("\(name).\(end)")
                return try mapped.tensor(named: "\(name).\(end)", shape: shape)
            }
            return Part(
                left: try outputs.map { try tensor("left", [$0, rank]) }, values: try tensor("values", [rank]),
                right: try tensor("right", [inputs, rank]))
        }
        let size = model.configuration
        var parts: [LayerMatrix: Part] = [:]
        for matrix in LayerMatrix.allCases {
            let shape = size.shape(of: matrix)
            parts[matrix] = try part(matrix.rawValue, shape.outputs, shape.inputs, size.rank(of: matrix))
        }
        self.layer = layer
        self.parts = parts
        embedding = try part(Self.tableName, nil, size.width, min(size.vocabulary, size.width))
    }

    /// The decomposition of all matrices of a layer from the first of `folders` that has it; else it is made and left in the
    /// first that takes it. A file that cannot be used is made anew. Throws as `init(of:…)` does.
    public static func kept(
        in folders: [URL], of model: DecoderModel, digest: String, layer: Int, embedding: Bool, threads: Threads
    ) throws -> LayerDecomposition {
        let name = "singular-layer\(layer)\(embedding ? "-embedding" : "")-\(digest.prefix(16)).safetensors"
        let files = folders.map { $0.appendingPathComponent(name) }
        for file in files where FileManager.default.fileExists(atPath: file.path) {
            if let kept = try? LayerDecomposition(reading: file, of: model, digest: digest), kept.layer == layer,
                kept.matrices == LayerMatrix.allCases, kept.hasEmbedding == embedding
            {
                return kept
            }
        }
        let made = try LayerDecomposition(of: model, layer: layer, embedding: embedding, threads: threads)
        // Where no folder can be written to, it is made again the next time: slower, nothing else.
        for file in files {
            do {
                try Durable.makeFolder(file.deletingLastPathComponent())
                try made.write(to: file, digest: digest)
                break
            } catch { continue }
        }
        return made
    }
}
