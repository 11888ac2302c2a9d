public import Tensors

/// How far singular values are scaled: S becomes S (1 + δ), with one δ for each singular value, the largest first.
public struct ScaleOffsets: Sendable, Equatable {
    /// δ of the matrices of a layer. A matrix that is not named, or whose δ are all 0, stays as it is, bit for bit.
    public var layer: [LayerMatrix: [Double]]
    /// δ of the table of tokens; nil or all 0 leaves it as it is.
    public var embedding: [Double]?

    public init(layer: [LayerMatrix: [Double]] = [:], embedding: [Double]? = nil) {
        self.layer = layer
        self.embedding = embedding
    }
}

extension DecoderModel {
    /// The model with W' = U diag(S (1 + δ)) Vᵀ · ΣS / ΣS (1 + δ) for each matrix that `offsets` name: the sum of its singular
    /// values stays as it was. All other weights are shared with this model, which stays as it is. The same bits for any
    /// number of threads. A prefix cache of one must not be given to the other.
    /// Throws `ModelError` when the decomposition is none of this model's, offsets are missing or too many, or scaled
    /// values sum to nothing above 0.
    public func adapted(by offsets: ScaleOffsets, of values: LayerDecomposition, threads: Threads = .one) throws -> DecoderModel
    {
        try check(layer: values.layer)
        var scaled: [LayerMatrix: Tensor] = [:]
        for matrix in LayerMatrix.allCases {
            guard let deltas = offsets.layer[matrix], deltas.contains(where: { $0 != 0 }) else { continue }
            let name = matrix.name(in: values.layer), shape = configuration.shape(of: matrix)
            guard let part = values.parts[matrix], let left = part.left, left.rows == shape.outputs,
                part.right.rows == shape.inputs
            else { throw ModelError("no singular values of \(name), or those of another model") }
            let factors = try part.factors(by: deltas, name: name)
            scaled[matrix] = left.columns(times: zip(factors, part.values.scalars).map { $0 * Double($1) })
                .timesTransposed(part.right, threads: threads)
        }
        let maps = LayerMap.allCases.filter { $0.matrices.contains { scaled[$0] != nil } }
        let (source, replaced) = (weights.source, scaled)
        let packed = threads.map(maps.count) { index in
            Result { try source.map(maps[index], of: values.layer, scaled: replaced) }
        }
        var copy = self
        for (map, packed) in zip(maps, packed) { copy.weights.layers[values.layer][map] = try packed.get() }
        copy.weights.tokenMap = try tokenMap(by: offsets.embedding, of: values, threads: threads) ?? copy.weights.tokenMap
        return copy
    }

    /// E' = U diag(S (1 + δ)) Vᵀ · ratio = E · V diag(1 + δ) Vᵀ · ratio: the rows that are looked up are multiplied by a matrix of
    /// [width, width], where a table of a hundred thousand rows would have to be made anew for each candidate.
    private func tokenMap(by deltas: [Double]?, of values: LayerDecomposition, threads: Threads) throws -> PackedMatrix? {
        guard let deltas, deltas.contains(where: { $0 != 0 }) else { return nil }
        guard let part = values.embedding, part.right.rows == width else {
            throw ModelError("no singular values of embed_tokens, or those of another model")
        }
        let factors = try part.factors(by: deltas, name: "embed_tokens")
        // Symmetric, so it is its own transpose.
        let map = part.right.columns(times: factors).timesTransposed(part.right, threads: threads)
        return PackedMatrix(map, bias: [Float](repeating: 0, count: width))
    }
}

extension LayerDecomposition.Part {
    /// (1 + δ) · ΣS / ΣS (1 + δ) for each singular value.
    func factors(by deltas: [Double], name: String) throws -> [Double] {
        let values = values.scalars.map(Double.init)
        guard deltas.count == values.count else {
            throw ModelError("\(name) has \(values.count) singular values, there are \(deltas.count) offsets")
        }
        let sum = values.reduce(0, +), scaled = zip(values, deltas).reduce(0) { $0 + $1.0 * (1 + $1.1) }
        guard scaled.isFinite, scaled > 0, sum.isFinite else {
            throw ModelError(
                "the scaled singular values of \(name) sum to \(scaled), which must be finite and above 0")
        }
        return deltas.map { (1 + $0) * sum / scaled }
    }
}

extension DecoderLayer {
    subscript(map: LayerMap) -> PackedMatrix {
        get {
            switch map {
            case .query: query
            case .keyValue: keyValue
            case .attentionOutput: attentionOutput
            case .gateUp: gateUp
            case .down: down
            }
        }
        set {
            switch map {
            case .query: query = newValue
            case .keyValue: keyValue = newValue
            case .attentionOutput: attentionOutput = newValue
            case .gateUp: gateUp = newValue
            case .down: down = newValue
            }
        }
    }
}
