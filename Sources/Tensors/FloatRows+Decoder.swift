import Glibc

/// Cosines and sines of the angles of rotary positions, each `[positions, headWidth / 2]`.
public struct RotaryTable: Sendable {
    public let cosines: Tensor
    public let sines: Tensor
    public init(cosines: Tensor, sines: Tensor) {
        self.cosines = cosines
        self.sines = sines
    }
    public var positions: Int { cosines.rows }
}

extension FloatRows {
    public func rmsNorm(gain: [Float], epsilon: Float, into output: FloatRows) {
        for row in 0..<rows {
            let x = base + row * stride, y = output.base + row * output.stride
            var sum: Float = 0
            for i in 0..<columns { sum += x[i] * x[i] }
            let factor = 1 / (sum / Float(columns) + epsilon).squareRoot()
            for i in 0..<columns { y[i] = x[i] * factor * gain[i] }
        }
    }

    public func add(_ other: FloatRows) {
        for row in 0..<rows {
            let x = base + row * stride, y = other.base + row * other.stride
            for i in 0..<columns { x[i] += y[i] }
        }
    }

    public func rotate(heads: Int, norm gain: [Float]?, epsilon: Float, by table: RotaryTable, positions: ArraySlice<Int32>) {
        let width = columns / heads, half = width / 2
        for row in 0..<rows {
            let position = Int(positions[positions.startIndex + row])
            for head in 0..<heads {
                let x = base + row * stride + head * width
                if let gain {
                    var sum: Float = 0
                    for i in 0..<width { sum += x[i] * x[i] }
                    let factor = 1 / (sum / Float(width) + epsilon).squareRoot()
                    for i in 0..<width { x[i] = x[i] * factor * gain[i] }
                }
                for i in 0..<half {
                    let c = table.cosines.scalars[position * half + i], s = table.sines.scalars[position * half + i]
                    let a = x[i], b = x[i + half]
                    x[i] = a * c - b * s
                    x[i + half] = b * c + a * s
                }
            }
        }
    }

    public func swiGLU(into output: FloatRows) {
        let inner = columns / 2
        for row in 0..<rows {
            let x = base + row * stride, y = output.base + row * output.stride
            for i in 0..<inner { y[i] = x[i] / (1 + exp(-x[i])) * x[inner + i] }
        }
    }

    /// Row `r` sees columns `0 ... first + r`.
    public func causalSoftmax(first: Int, scale: Float) {
        for row in 0..<rows {
            let x = base + row * stride, visible = first + row + 1
            rows(row..<row + 1).columns(0..<visible).softmax(scale: scale)
            for i in visible..<columns { x[i] = 0 }
        }
    }
}

extension FloatRows {
    /// Copies all rows of `other`, which is of the same size.
    public func copy(_ other: FloatRows) {
        precondition(rows == other.rows && columns == other.columns, "[\(other.rows), \(other.columns)] is not [\(rows), \(columns)]")
        for row in 0..<rows { copy(row, of: other, to: row) }
    }
}
