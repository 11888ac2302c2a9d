/// A dense row-major array of 32-bit floats: results and small matrices. Weights are not tensors: they are mapped.
public struct Tensor: Sendable, Equatable {
    /// The size of each axis, outermost first.
    public let shape: [Int]
    /// The elements, row-major; as many as the product of `shape`.
    public var scalars: [Float]

    /// A tensor over `scalars`, which must be as many as `shape` says.
    public init(shape: [Int], scalars: [Float]) {
        precondition(
            shape.reduce(1, *) == scalars.count, "shape \(shape) needs \(shape.reduce(1, *)) scalars, got \(scalars.count)")
        self.shape = shape
        self.scalars = scalars
    }

    /// A tensor of zeros.
    public init(zeros shape: [Int]) {
        self.init(shape: shape, scalars: [Float](repeating: 0, count: shape.reduce(1, *)))
    }

    /// Size of the first axis.
    public var rows: Int { shape.first ?? 1 }

    /// Elements of one row, whatever the axes behind the first.
    public var columns: Int { rows == 0 ? shape.dropFirst().reduce(1, *) : scalars.count / rows }

    /// Row `index`, as a slice.
    public subscript(row index: Int) -> ArraySlice<Float> {
        scalars[index * columns..<(index + 1) * columns]
    }

    /// The rows at `indices`, in that order: `[indices.count, columns]`.
    public func rows(at indices: [Int]) -> Tensor {
        var gathered: [Float] = []
        gathered.reserveCapacity(indices.count * columns)
        for index in indices { gathered.append(contentsOf: self[row: index]) }
        return Tensor(shape: [indices.count, columns], scalars: gathered)
    }

    /// The first `count` columns of each row.
    public func prefix(columns count: Int) -> Tensor {
        Tensor(shape: [rows, count], scalars: (0..<rows).flatMap { self[row: $0].prefix(count) })
    }
}
