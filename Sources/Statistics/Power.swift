import Foundation

/// What a paired comparison over so many tasks can show.
public struct Power: Sendable, Equatable {
    /// Of one task's difference between two methods.
    public var standardDeviation: Double
    public var tasks: Int

    /// A comparison of `tasks` tasks whose differences spread by `standardDeviation`.
    public init(standardDeviation: Double, tasks: Int) {
        precondition(standardDeviation >= 0 && tasks > 0, "nothing to compare: \(standardDeviation), \(tasks) tasks")
        self.standardDeviation = standardDeviation
        self.tasks = tasks
    }

    /// The comparison that gave `differences`, one a task and at least one; n − 1 in the variance.
    public init(differences: [Double]) {
        let spread = standardError(of: differences) * Double(differences.count).squareRoot()
        self.init(standardDeviation: spread, tasks: differences.count)
    }

    /// The smallest true mean difference that a two-sided test at `significance` finds with probability `power`:
    /// (z₁₋α/₂ + z_power) · sd / √N, 2.80 sd / √N unless told otherwise.
    public func detectableDifference(significance: Double = 0.05, power: Double = 0.8) -> Double {
        Self.quantiles(significance, power) * standardDeviation / Double(tasks).squareRoot()
    }

    /// How many tasks with the same spread it takes to find a true mean difference of `difference`, which is above zero.
    public func tasksNeeded(toSee difference: Double, significance: Double = 0.05, power: Double = 0.8) -> Int {
        precondition(difference > 0, "need a difference above zero, got \(difference)")
        let root = Self.quantiles(significance, power) * standardDeviation / difference
        return max(1, Int(min(1e15, (root * root).rounded(.up))))
    }

    private static func quantiles(_ significance: Double, _ power: Double) -> Double {
        normalQuantile(1 - significance / 2) + normalQuantile(power)
    }
}
