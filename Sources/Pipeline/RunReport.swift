import Files
import Foundation
import Reports

/// `report.json` of a run. Equal after any interruption, `timing` aside.
struct RunReport: Codable {
    /// What differs from one machine, and from one night, to another.
    struct Timing: Codable {
        var seconds: Double
        /// Calls that the run's ledger has answers of, attempts that they took, and money: decimals of the pool's currency.
        var calls: Int?, attempts: Int?
        /// Calls that a live search made, and samples for which it found an answer in the ledger.
        var searchCalls: Int?, searchReused: Int?
        var spent: String?, perhapsSpent: String?
        /// Median wall time of a generation.
        var generationSeconds: Double?
    }

    /// What one method earned on test; rewards and differences are fractions.
    struct Method: Codable {
        var reward: Double, standardError: Double
        var versusBestSingle: [String: Double]
        var adjustedPValue: Double?
        var gapClosed: Double
        var calibrationError: Double?
    }

    var format: Int
    var key: String
    var name: String
    var split: String
    var testTasks: Int
    var methods: [String: Method]
    /// The method that is exported, and its paired difference to each yardstick with the 95 % interval.
    var exported: String
    var versus: [String: [String: Double]]
    /// What the test tasks can show.
    var power: PowerStatement
    var evolution: EvolutionSummary
    var preferred: String
    var verdict: String
    var keptGeneration: Int
    var timing: Timing
}

extension RunReport {
    /// Throws where there is no such file, or it is no report of this format.
    init(reading file: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(RunReport.self, from: readFile(file))
    }

    /// A line a method, from the worst to the best, then the verdict.
    var lines: [String] {
        func percent(_ fraction: Double) -> String { String(format: "%6.1f", fraction * 100) }
        let ranked = methods.sorted { ($0.value.reward, $0.key) < ($1.value.reward, $1.key) }
        let rows = ranked.map { name, method in
            let versus = method.versusBestSingle
            let interval = "\(percent(versus["low"] ?? 0)) to \(percent(versus["high"] ?? 0))"
            return name.padding(toLength: 18, withPad: " ", startingAt: 0)
                + "\(percent(method.reward)) %   \(percent(versus["mean"] ?? 0))  [\(interval)]   \(percent(method.gapClosed)) %"
        }
        var spending: [String] = []
        if let calls = timing.calls, let attempts = timing.attempts, let spent = timing.spent {
            spending = ["\(calls) calls answered in \(attempts) attempts, \(spent) spent"]
        }
        if let calls = timing.searchCalls, let reused = timing.searchReused {
            spending.append("the live search made \(calls) calls and reused \(reused) answers")
        }
        if let seconds = timing.generationSeconds { spending.append("a generation took \(seconds.fixed(3)) s (median)") }
        let exportedLines = versus.sorted { $0.key < $1.key }.map { name, difference in
            "\(exported), which is exported, over \(name): \(percent(difference["mean"] ?? 0)) points "
                + "[\(percent(difference["low"] ?? 0)) to \(percent(difference["high"] ?? 0))]"
        }
        return ["method            reward     over best single, 95 % interval   gap closed"] + rows + exportedLines
            + [power.sentence] + evolution.lines + spending + [verdict]
    }
}
