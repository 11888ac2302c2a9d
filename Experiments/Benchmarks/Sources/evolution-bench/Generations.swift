import Evolution
import Tensors

/// Seconds of ask and tell at random fitness. A class because it keeps its searches between questions.
final class Generations {
    struct Question: Decodable {
        var dimension: Int
        var candidates: Int
        var threads: Int
        var generations: Int
    }

    struct Answer: Encodable {
        /// One a generation.
        var seconds: [Double]
    }

    private struct Size: Hashable {
        var dimension: Int
        var candidates: Int
    }

    private var searches: [Size: (search: SepCMAES, population: Population)] = [:]

    func answer(_ question: Question) -> Answer {
        let size = Size(dimension: question.dimension, candidates: question.candidates)
        let threads = Threads(question.threads)
        // Taken out of the dictionary, so that there is one owner and nothing is copied.
        let kept = searches.removeValue(forKey: size)
        var population = kept?.population ?? Population()
        var search =
            kept?.search
            ?? SepCMAES(
                mean: [Double](repeating: 0, count: size.dimension), stepSize: 0.5, seed: 1, populationSize: size.candidates)
        var random = Philox(seed: 2).stream(generation: UInt32(search.generation), purpose: .actions)
        let clock = ContinuousClock()
        var seconds: [Double] = []
        for _ in 0..<question.generations {
            let fitness = (0..<size.candidates).map { _ in Double.random(in: 0..<1, using: &random) }
            let start = clock.now
            search.ask(into: &population, threads: threads)
            search.tell(fitness, of: population, threads: threads)
            seconds.append((clock.now - start) / .seconds(1))
        }
        searches[size] = (search, population)
        return Answer(seconds: seconds)
    }
}
