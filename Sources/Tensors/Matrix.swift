import COpenBLAS

/// A dense row-major matrix of 64-bit floats, `[rows, columns]`, for what is fitted rather than served.
public struct Matrix: Sendable, Equatable {
    public let rows: Int
    public let columns: Int
    /// The elements, row-major.
    public var scalars: [Double]

    /// A matrix over `scalars`, which must be `rows × columns` many.
    public init(rows: Int, columns: Int, scalars: [Double]) {
        precondition(scalars.count == rows * columns, "need \(rows) × \(columns) scalars, got \(scalars.count)")
        self.rows = rows
        self.columns = columns
        self.scalars = scalars
    }

    /// A matrix of zeros.
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, scalars: [Double](repeating: 0, count: rows * columns))
    }

    /// `rows` times the same row.
    public init(repeating row: [Double], rows: Int) {
        self.init(rows: rows, columns: row.count, scalars: (0..<rows).flatMap { _ in row })
    }

    /// The tensor's rows, widened.
    public init(_ tensor: Tensor) {
        self.init(rows: tensor.rows, columns: tensor.columns, scalars: tensor.scalars.map(Double.init))
    }

    public subscript(row: Int, column: Int) -> Double {
        get { scalars[row * columns + column] }
        set { scalars[row * columns + column] = newValue }
    }
}

/// Rows that one call of a threaded product handles. A border that depended on the number of threads would let
/// the library pick another kernel, and with it another rounding, for another number of threads.
private let rowBlock = 256

extension Matrix {
    /// `self · otherᵀ`: `[rows, k] · [n, k]ᵀ → [rows, n]`. The same bits for any number of threads.
    public func timesTransposed(_ other: Matrix, threads: Threads = .one) -> Matrix {
        precondition(columns == other.columns, "inner sizes differ: \(columns) and \(other.columns)")
        var product = Matrix(rows: rows, columns: other.rows)
        guard !product.scalars.isEmpty, columns > 0 else { return product }
        let n = other.rows
        scalars.withUnsafeBufferPointer { a in
            other.scalars.withUnsafeBufferPointer { b in
                product.scalars.withUnsafeMutableBufferPointer { c in
                    let left = Shared(a.baseAddress), right = Shared(b.baseAddress), out = SharedMutable(c.baseAddress)
                    threads.run((rows + rowBlock - 1) / rowBlock) { block in
                        guard let a = left.base, let b = right.base, let c = out.base else { return }
                        let first = block * rowBlock, count = min(rowBlock, rows - first)
                        cblas_dgemm(
                            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(count), Int32(n), Int32(columns), 1,
                            a + first * columns, Int32(columns), b, Int32(columns), 0, c + first * n, Int32(n))
                    }
                }
            }
        }
        return product
    }

    /// `selfᵀ · other`: `[k, rows]ᵀ… → [columns, other.columns]`, summed over the shared rows block by block in order.
    /// The same bits for any number of threads.
    public func transposedTimes(_ other: Matrix, threads: Threads = .one) -> Matrix {
        precondition(rows == other.rows, "row counts differ: \(rows) and \(other.rows)")
        var product = Matrix(rows: columns, columns: other.columns)
        guard !product.scalars.isEmpty, rows > 0 else { return product }
        let blocks = (rows + rowBlock - 1) / rowBlock, size = product.scalars.count
        var partial = [Double](repeating: 0, count: blocks * size)
        scalars.withUnsafeBufferPointer { a in
            other.scalars.withUnsafeBufferPointer { b in
                partial.withUnsafeMutableBufferPointer { c in
                    let left = Shared(a.baseAddress), right = Shared(b.baseAddress), out = SharedMutable(c.baseAddress)
                    threads.run(blocks) { block in
                        guard let a = left.base, let b = right.base, let c = out.base else { return }
                        let first = block * rowBlock, count = min(rowBlock, rows - first)
                        cblas_dgemm(
                            CblasRowMajor, CblasTrans, CblasNoTrans, Int32(columns), Int32(other.columns), Int32(count), 1,
                            a + first * columns, Int32(columns), b + first * other.columns, Int32(other.columns), 0,
                            c + block * size, Int32(other.columns))
                    }
                }
            }
        }
        for block in 0..<blocks {
            for index in 0..<size { product.scalars[index] += partial[block * size + index] }
        }
        return product
    }
}

extension Tensor {
    /// `self · otherᵀ` in 32-bit floats: `[rows, k] · [n, k]ᵀ → [rows, n]`. The same bits for any number of threads.
    public func timesTransposed(_ other: Tensor, threads: Threads = .one) -> Tensor {
        precondition(columns == other.columns, "inner sizes differ: \(columns) and \(other.columns)")
        var product = Tensor(zeros: [rows, other.rows])
        guard !product.scalars.isEmpty, columns > 0 else { return product }
        let n = other.rows, k = columns, m = rows
        scalars.withUnsafeBufferPointer { a in
            other.scalars.withUnsafeBufferPointer { b in
                product.scalars.withUnsafeMutableBufferPointer { c in
                    let left = Shared(a.baseAddress), right = Shared(b.baseAddress), out = SharedMutable(c.baseAddress)
                    threads.run((m + rowBlock - 1) / rowBlock) { block in
                        guard let a = left.base, let b = right.base, let c = out.base else { return }
                        let first = block * rowBlock, count = min(rowBlock, m - first)
                        cblas_sgemm(
                            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(count), Int32(n), Int32(k), 1,
                            a + first * k, Int32(k), b, Int32(k), 0, c + first * n, Int32(n))
                    }
                }
            }
        }
        return product
    }
}
