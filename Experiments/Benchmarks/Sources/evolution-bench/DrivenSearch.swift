import Evolution
import Foundation

/// A search whose fitness another program knows. Its question is an argument; then stdin brings λ float64 a generation.
/// stdout has for each generation the candidates and the mean, `[λ + 1, n]` float64, and at the end the last mean. Native
/// byte order.
enum DrivenSearch {
    struct Question: Decodable {
        var dimension: Int
        var candidates: Int
        var generations: Int
        var stepSize: Double
        var seed: UInt64
        var strategy: Strategy
    }

    static func run(_ question: Question) throws {
        var search = SepCMAES(
            mean: [Double](repeating: 0, count: question.dimension), stepSize: question.stepSize, seed: question.seed,
            populationSize: question.candidates, strategy: question.strategy)
        var population = Population()
        for _ in 0..<question.generations {
            search.ask(into: &population)
            try write(population.values + search.mean)
            guard let fitness = try read(question.candidates) else { return }
            search.tell(fitness, of: population)
        }
        try write(search.mean)
    }

    private static func write(_ numbers: [Double]) throws {
        try numbers.withUnsafeBytes { try FileHandle.standardOutput.write(contentsOf: Data($0)) }
    }

    /// Nil where stdin ends before.
    private static func read(_ count: Int) throws -> [Double]? {
        let size = count * MemoryLayout<Double>.stride
        var bytes = Data()
        while bytes.count < size {
            guard let more = try FileHandle.standardInput.read(upToCount: size - bytes.count), !more.isEmpty else { return nil }
            bytes += more
        }
        return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            _ = bytes.copyBytes(to: buffer)
            initialized = count
        }
    }
}
