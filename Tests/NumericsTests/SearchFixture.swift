import Evolution
import Foundation

/// What `Tests/Oracles/sep_cmaes.py` wrote.
struct SearchFixture: Decodable {
    struct KnownAnswer: Decodable {
        let counter, key, block: [UInt32]
    }
    struct Stream: Decodable {
        let seed: UInt64
        let row, generation, purpose: UInt32
        let words: [UInt32]
        let normals: [Double]
    }
    struct Constants: Decodable {
        let dimension, populationSize: Int
        let rates: Strategy.Rates
        let meanWeights, covarianceWeights: [Double]
        let mueff, cs, ds, d, cc, c1, cmu, chi: Double
    }
    struct Trajectory: Decodable {
        let name: String
        let dimension, populationSize: Int
        let seed: UInt64
        let sigma0, ties: Double
        let failures: Bool
        let scales: [Double]?
        let handling: Bounds.Handling?
        let strategy: Strategy
        let generations: [Generation]
    }
    struct Generation: Decodable {
        let ranks: [Int]
        let stepSize: Double
        let mean, variances: [Double]?
        let meanSum, varianceSum, stepPathLength, variancePathLength: Double?
    }
    struct Content: Decodable {
        let knownAnswers: [KnownAnswer]
        let streams: [Stream]
        let constants: [Constants]
        let trajectories: [Trajectory]
    }
    let data: Content

    static func load() throws -> Content {
        let folder = Bundle.module.resourceURL?.appendingPathComponent("Fixtures")
        guard let url = folder?.appendingPathComponent("sep_cmaes.json") else { throw CocoaError(.fileNoSuchFile) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(SearchFixture.self, from: Data(contentsOf: url)).data
    }
}

/// Σ 10^{6i/(n-1)} x_i² of each candidate: the ellipsoid, to be minimised.
func ellipsoid(_ population: Population, scales: [Double]? = nil) -> [Double] {
    let scales = scales ?? ellipsoidScales(population.dimension)
    return population.values.withUnsafeBufferPointer { values in
        scales.withUnsafeBufferPointer { scales in
            (0..<population.count).map { row in
                var sum = 0.0
                let start = row * scales.count
                for j in 0..<scales.count { sum += scales[j] * values[start + j] * values[start + j] }
                return sum
            }
        }
    }
}

/// 10^{6i/(n-1)} for i in 0 ..< n.
func ellipsoidScales(_ n: Int) -> [Double] {
    (0..<n).map { pow(10, 6 * Double($0) / Double(max(1, n - 1))) }
}
