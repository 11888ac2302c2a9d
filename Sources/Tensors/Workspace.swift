/// A window of `rows` rows into memory that a `Workspace` owns, for the intermediate results of a pass.
/// Valid as long as the workspace lives and is not reset. Windows may overlap: whoever cuts work into pieces
/// for several threads answers for each piece writing only what belongs to it.
public struct FloatRows: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    public let rows: Int
    public let columns: Int
    /// Distance between two rows, in elements.
    public let stride: Int

    init(base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// Some of the rows, all columns.
    public func rows(_ range: Range<Int>) -> FloatRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        return FloatRows(base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
    }

    /// All rows, some of the columns.
    public func columns(_ range: Range<Int>) -> FloatRows {
        precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
        return FloatRows(base: base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
    }

    /// Copies row `source` of `other` to row `row`.
    public func copy(_ source: Int, of other: FloatRows, to row: Int) {
        precondition(other.columns == columns && row < rows && source < other.rows, "row \(source) does not fit row \(row)")
        (base + row * stride).update(from: other.base + source * other.stride, count: columns)
    }

    /// Copies row `source` of `tensor` to row `row`.
    public func copy(_ source: Int, of tensor: Tensor, to row: Int) {
        precondition(tensor.columns == columns && row < rows && source < tensor.rows, "row \(source) does not fit row \(row)")
        tensor.scalars.withUnsafeBufferPointer { scalars in
            guard let from = scalars.baseAddress else { return }
            (base + row * stride).update(from: from + source * columns, count: columns)
        }
    }

    /// Adds row `source` of `tensor` to row `row`.
    public func add(_ source: Int, of tensor: Tensor, to row: Int) {
        precondition(tensor.columns == columns && row < rows && source < tensor.rows, "row \(source) does not fit row \(row)")
        let target = base + row * stride
        tensor.scalars.withUnsafeBufferPointer { scalars in
            for column in 0..<columns { target[column] += scalars[source * columns + column] }
        }
    }

    /// Copies all of `tensor`, which has the same number of rows and columns.
    public func fill(with tensor: Tensor) {
        precondition(tensor.rows == rows && tensor.columns == columns, "shape \(tensor.shape) is not [\(rows), \(columns)]")
        tensor.scalars.withUnsafeBufferPointer { scalars in
            guard let source = scalars.baseAddress else { return }
            for row in 0..<rows { (base + row * stride).update(from: source + row * columns, count: columns) }
        }
    }

    /// A copy of the window: `[rows, columns]`.
    public var tensor: Tensor {
        let scalars = [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
            if let target = buffer.baseAddress {
                for row in 0..<rows { (target + row * columns).initialize(from: base + row * stride, count: columns) }
            }
            count = rows * columns
        }
        return Tensor(shape: [rows, columns], scalars: scalars)
    }
}

/// Memory for the intermediate results of one pass after another, so that a pass allocates nothing.
/// A class because it owns the memory. One pass at a time uses it.
public final class Workspace: @unchecked Sendable {
    private var base: UnsafeMutablePointer<Float>
    private var capacity: Int
    private var used = 0

    /// An empty workspace.
    public init() {
        capacity = 0
        base = Self.allocate(0)
    }

    deinit { base.deallocate() }

    /// Forgets all windows, and makes room for `floats` elements (see `room`).
    public func reset(for floats: Int) {
        used = 0
        guard floats > capacity else { return }
        base.deallocate()
        base = Self.allocate(floats)
        capacity = floats
    }

    /// Elements that a window of this size takes.
    public static func room(rows: Int, columns: Int) -> Int { rows * padded(columns) + 16 }

    /// The next `rows` × `columns` elements, of undefined value; each row begins at a multiple of 64 bytes.
    public func rows(_ rows: Int, columns: Int) -> FloatRows {
        let memory = take(Self.room(rows: rows, columns: columns))
        return FloatRows(base: memory, rows: rows, columns: columns, stride: Self.padded(columns))
    }

    /// The next `size` elements, a multiple of 16.
    func take(_ size: Int) -> UnsafeMutablePointer<Float> {
        precondition(used + size <= capacity, "a workspace of \(capacity) elements has \(used) in use, none for \(size) more")
        defer { used += size }
        return base + used
    }

    /// Rows that lie a multiple of a kilobyte apart would compete for the same few places of a cache.
    static func padded(_ columns: Int) -> Int {
        let whole = (columns + 15) / 16 * 16
        return whole > 0 && whole % 256 == 0 ? whole + 16 : whole
    }

    private static func allocate(_ floats: Int) -> UnsafeMutablePointer<Float> {
        let bytes = max(1, floats) * MemoryLayout<Float>.stride
        return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(to: Float.self, capacity: floats)
    }
}
