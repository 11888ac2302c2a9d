import Foundation

/// What is minimised, by the names of the literature; every minimum is zero.
enum TestFunction: String, Codable {
    case sphere, ellipsoid, tablet, cigar, rosenbrock

    /// The coefficient of each squared coordinate; none for Rosenbrock's function.
    func scales(_ dimension: Int) -> [Double] {
        (0..<dimension).map { j in
            switch self {
            case .sphere, .rosenbrock: 1
            case .ellipsoid: pow(10, 6 * Double(j) / Double(max(1, dimension - 1)))
            case .tablet: j == 0 ? 1e6 : 1
            case .cigar: j == 0 ? 1 : 1e6
            }
        }
    }

    /// The value at a point, with what `scales` gave for its dimension.
    func value(_ x: ArraySlice<Double>, scales: [Double]) -> Double {
        var sum = 0.0
        x.withUnsafeBufferPointer { x in
            if self == .rosenbrock {
                for j in 0..<x.count - 1 {
                    let valley = x[j] * x[j] - x[j + 1], slope = x[j] - 1
                    sum += 100 * (valley * valley) + slope * slope
                }
            } else {
                for j in x.indices { sum += scales[j] * (x[j] * x[j]) }
            }
        }
        return sum
    }
}
