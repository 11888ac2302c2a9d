import Tensors

/// A box that candidates stay in, and how they are kept there. The mean stays in it too.
public struct Bounds: Sendable, Codable, Equatable {
    /// What becomes of a component outside.
    public enum Handling: String, Sendable, Codable, CaseIterable {
        /// It is drawn again: the distribution is cut off at the box. Components are independent, so each is drawn again by
        /// itself, up to a hundred times; then it is put on the border.
        case resampling
        /// The candidate is evaluated at the nearest point of the box, and pays for the distance.
        case penalty
    }

    /// Lower and upper borders, `[n]`; infinities leave a side open.
    public var lower: [Double], upper: [Double]
    public var handling: Handling

    /// The box of `lower` … `upper`.
    public init(lower: [Double], upper: [Double], handling: Handling) {
        self.lower = lower
        self.upper = upper
        self.handling = handling
    }

    /// The nearest component in the box.
    func repaired(_ value: Double, _ j: Int) -> Double { min(max(value, lower[j]), upper[j]) }

    func contains(_ value: Double, _ j: Int) -> Bool { value >= lower[j] && value <= upper[j] }

    func repair(_ point: inout [Double]) {
        for j in point.indices { point[j] = repaired(point[j], j) }
    }

    /// Throws a `StateError` where the borders do not fit a point of `dimension`.
    func validate(dimension: Int) throws {
        guard lower.count == dimension, upper.count == dimension else {
            throw StateError("bounds have \(lower.count) and \(upper.count) elements; the mean has \(dimension)")
        }
        if let index = lower.indices.first(where: { !(lower[$0] < upper[$0]) }) {
            throw StateError("bounds[\(index)] is \(lower[index]) … \(upper[index]); the lower one must be less")
        }
    }
}

// JSON has no infinities, so borders are coded by their bits.
extension Bounds {
    private enum CodingKeys: CodingKey { case lower, upper, handling }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        lower = try container.decode([UInt64].self, forKey: .lower).map(Double.init(bitPattern:))
        upper = try container.decode([UInt64].self, forKey: .upper).map(Double.init(bitPattern:))
        handling = try container.decode(Handling.self, forKey: .handling)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(lower.map(\.bitPattern), forKey: .lower)
        try container.encode(upper.map(\.bitPattern), forKey: .upper)
        try container.encode(handling, forKey: .handling)
    }
}

extension SepCMAES {
    private static var mostAttempts: UInt32 { 100 }

    /// Puts the candidates into the box; `deviations` is σD. Their draws become those of where they are, where components
    /// are drawn again, and stay as they were where the distance is paid for.
    func confine(_ population: inout Population, to bounds: Bounds, deviations: [Double]) {
        let n = population.dimension
        for row in 0..<population.count {
            let outside = (0..<n).filter { !bounds.contains(population.values[row * n + $0], $0) }
            switch bounds.handling {
            case .penalty:
                for j in outside { population.values[row * n + j] = bounds.repaired(population.values[row * n + j], j) }
            case .resampling:
                redraw(outside, of: row, in: &population, bounds: bounds, deviations: deviations)
            }
        }
    }

    private func redraw(
        _ outside: [Int], of row: Int, in population: inout Population, bounds: Bounds, deviations: [Double]
    ) {
        let n = population.dimension
        // The two candidates of two-point adaptation are no draws.
        var rest = outside, attempt: UInt32 = row < 2 && usesPair ? Self.mostAttempts : 0
        while !rest.isEmpty, attempt < Self.mostAttempts {
            let z = normals(.resampling, attempt: attempt).row(row, count: n)
            for j in rest {
                population.draws[row * n + j] = z[j]
                population.values[row * n + j] = state.mean[j] + deviations[j] * z[j]
            }
            rest = rest.filter { !bounds.contains(population.values[row * n + $0], $0) }
            attempt += 1
        }
        for j in rest {
            let border = bounds.repaired(population.values[row * n + j], j)
            population.values[row * n + j] = border
            population.draws[row * n + j] = (border - state.mean[j]) / deviations[j]
        }
    }

    /// Fitness less what each candidate pays for its distance from the box: the interquartile range of the generation times
    /// twice the mean of ((x − nearest)/(σD))², which is how Hansen's penalty begins (Hansen, Niederberger, Guzzella,
    /// Koumoutsakos, "A method for handling uncertainty in evolutionary optimization", IEEE TEC 13, 2009, appendix); since
    /// the mean never leaves the box, it has no need to grow.
    func penalized(_ fitness: [Double], _ population: Population, bounds: Bounds, deviations: [Double]) -> [Double] {
        let ranked = fitness.filter { !$0.isNaN }.sorted(), n = population.dimension
        guard let range = ranked.interquartileRange, range.isFinite, range > 0 else { return fitness }
        return fitness.enumerated().map { row, value in
            var distance = 0.0
            for j in 0..<n {
                let wanted = state.mean[j] + deviations[j] * population.draws[row * n + j]
                let out = (wanted - population.values[row * n + j]) / deviations[j]
                distance += out * out
            }
            return value - 2 * range * distance / Double(n)
        }
    }
}

extension [Double] {
    /// Of sorted values: the distance of the quartiles, those being elements.
    fileprivate var interquartileRange: Double? {
        isEmpty ? nil : self[(3 * (count - 1)) / 4] - self[(count - 1) / 4]
    }
}
