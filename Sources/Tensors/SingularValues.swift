import COpenBLAS

/// Why a matrix could not be decomposed: one line.
public struct DecompositionError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// A = U diag(S) Vᵀ, thin: as many singular values as the shorter side is long.
public struct SingularValues: Sendable, Equatable {
    /// U, `[rows, rank]`.
    public let left: Matrix
    /// S, descending.
    public let values: [Double]
    /// V, `[columns, rank]`.
    public let right: Matrix

    /// Decomposes `matrix` by LAPACK on the calling thread; the same bits each time on one machine.
    /// Throws `DecompositionError` when it holds an infinite value or NaN, or the iteration does not converge.
    public init(of matrix: Matrix) throws(DecompositionError) {
        _ = Threads.one  // which quiets OpenBLAS's own threads
        let rows = matrix.rows, columns = matrix.columns, rank = min(rows, columns)
        guard rank > 0 else { throw DecompositionError("a matrix without elements has no singular values") }
        guard matrix.scalars.allSatisfy(\.isFinite) else {
            throw DecompositionError("a matrix with an infinite value or NaN has no singular values")
        }
        // Fortran reads our rows as columns and so decomposes Aᵀ = V diag(S) Uᵀ: its "u" is V by columns, its "vt" is
        // U by rows.
        var a = matrix.scalars, values = [Double](repeating: 0, count: rank)
        var v = [Double](repeating: 0, count: columns * rank), u = [Double](repeating: 0, count: rows * rank)
        let m = [Int32(columns)], n = [Int32(rows)], k = [Int32(rank)]
        var integers = [Int32](repeating: 0, count: 8 * rank), work = [0.0], size: Int32 = -1, info: Int32 = 0
        for _ in 0..<2 {
            dgesdd_("S", m, n, &a, m, &values, &v, m, &u, k, &work, &size, &integers, &info, 1)
            guard info == 0 else { break }
            if size == -1 {
                size = Int32(work[0])
                work = [Double](repeating: 0, count: Int(size))
            }
        }
        guard info == 0 else { throw DecompositionError("LAPACK found no singular values (dgesdd gave \(info))") }
        left = Matrix(rows: rows, columns: rank, scalars: u)
        self.values = values
        right = Matrix(rows: rank, columns: columns, scalars: v).transposed
    }

    /// S and V of a tall matrix A of which only AᵀA is known, with the `rank` largest values. S loses half its digits on
    /// the way, which leaves more than 32-bit floats have unless A is close to singular.
    /// Throws `DecompositionError` as `init(of:)` does.
    public static func right(ofGram gram: Matrix, rank: Int) throws(DecompositionError) -> (values: [Double], right: Matrix) {
        _ = Threads.one
        precondition(
            gram.rows == gram.columns && (1...gram.rows).contains(rank), "\(gram.rows) × \(gram.columns), rank \(rank)")
        guard gram.scalars.allSatisfy(\.isFinite) else {
            throw DecompositionError("a matrix with an infinite value or NaN has no singular values")
        }
        let size = gram.rows
        var a = gram.scalars, values = [Double](repeating: 0, count: size)
        let n = [Int32(size)]
        var work = [0.0], integers: [Int32] = [0], lwork: Int32 = -1, liwork: Int32 = -1, info: Int32 = 0
        for _ in 0..<2 {
            dsyevd_("V", "L", n, &a, n, &values, &work, &lwork, &integers, &liwork, &info, 1, 1)
            guard info == 0 else { break }
            if lwork == -1 {
                (lwork, liwork) = (Int32(work[0]), integers[0])
                work = [Double](repeating: 0, count: Int(lwork))
                integers = [Int32](repeating: 0, count: Int(liwork))
            }
        }
        guard info == 0 else { throw DecompositionError("LAPACK found no eigenvalues (dsyevd gave \(info))") }
        // Ascending, a row of `a` an eigenvector.
        let order = (0..<size).reversed().prefix(rank)
        let rows = order.flatMap { a[$0 * size..<($0 + 1) * size] }
        return (
            order.map { max(0, values[$0]).squareRoot() }, Matrix(rows: rank, columns: size, scalars: rows).transposed
        )
    }
}

extension Matrix {
    /// The matrix with rows and columns exchanged.
    public var transposed: Matrix {
        var turned = Matrix(rows: columns, columns: rows)
        for row in 0..<rows {
            for column in 0..<columns { turned.scalars[column * rows + row] = scalars[row * columns + column] }
        }
        return turned
    }
}

extension Matrix {
    /// The elements as 32-bit floats.
    public var narrowed: Tensor { Tensor(shape: [rows, columns], scalars: scalars.map { Float($0) }) }
}

extension Tensor {
    /// Column `j` of all rows multiplied by `factors[j]`, rounded once.
    public func columns(times factors: [Double]) -> Tensor {
        precondition(factors.count == columns, "\(factors.count) factors for \(columns) columns")
        let columns = columns
        var scaled = self
        scaled.scalars.withUnsafeMutableBufferPointer { scalars in
            for row in 0..<rows {
                for column in 0..<columns {
                    scalars[row * columns + column] = Float(Double(scalars[row * columns + column]) * factors[column])
                }
            }
        }
        return scaled
    }
}

/// Parts of a sum over rows that are summed on their own and then in order: whatever the number of threads.
private let gramParts = 16
private let gramBlock = 512

extension MappedRows {
    /// AᵀA in 64-bit floats, `[columns, columns]`, for a table that is too large to widen as a whole. The same bits for
    /// any number of threads.
    public func gram(threads: Threads = .one) -> Matrix {
        let rows = shape.first ?? 1, columns = columns, size = columns * columns
        var sum = Matrix(rows: columns, columns: columns)
        guard size > 0 else { return sum }
        let parts = threads.map(gramParts) { part -> [Double] in
            var product = [Double](repeating: 0, count: size)
            let own = rows * part / gramParts..<rows * (part + 1) / gramParts
            let narrow = UnsafeMutablePointer<Float>.allocate(capacity: gramBlock * columns)
            defer { narrow.deallocate() }
            for first in stride(from: own.lowerBound, to: own.upperBound, by: gramBlock) {
                let count = min(gramBlock, own.upperBound - first)
                widen(first * columns..<(first + count) * columns, to: narrow)
                let wide = (0..<count * columns).map { Double(narrow[$0]) }
                cblas_dsyrk(
                    CblasRowMajor, CblasUpper, CblasTrans, Int32(columns), Int32(count), 1, wide, Int32(columns), 1, &product,
                    Int32(columns))
            }
            return product
        }
        for part in parts {
            for row in 0..<columns {
                for column in row..<columns { sum.scalars[row * columns + column] += part[row * columns + column] }
            }
        }
        for row in 0..<columns {
            for column in 0..<row { sum.scalars[row * columns + column] = sum.scalars[column * columns + row] }
        }
        return sum
    }
}
