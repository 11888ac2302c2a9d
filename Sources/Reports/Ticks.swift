import Foundation

/// Round places on an axis: multiples of 1, 2 or 5 times a power of ten.
public struct Ticks: Sendable, Equatable {
    /// The axis from its first to its last tick; holds the range that was asked for.
    public let low: Double
    public let high: Double
    /// The distance of neighbours.
    public let step: Double
    /// The places, ascending, from `low` to `high`.
    public let values: [Double]

    /// About `count` ticks around the range from `low` to `high`. A range that is empty, or not of numbers, is widened.
    public init(from low: Double, to high: Double, about count: Int = 5) {
        var (low, high) = low.isFinite && high.isFinite && abs(low) < 1e300 && abs(high) < 1e300 ? (low, high) : (0, 1)
        if low > high { swap(&low, &high) }
        if high - low <= 1e-9 * max(abs(low), abs(high)) {
            let reach = low == 0 ? 0.5 : abs(low) * 0.1
            (low, high) = (low - reach, high + reach)
        }
        let rough = max((high - low) / Double(max(1, count)), 1e-300), power = pow(10, floor(log10(rough)))
        let factor: Double = rough / power < 1.2 ? 1 : rough / power < 2.5 ? 2 : rough / power < 6 ? 5 : 10
        let step = power * factor
        // A hundredth of a step is a rounding of the range's ends, not a reason for one more tick.
        let first = floor(low / step + 0.01), last = ceil(high / step - 0.01)
        values = (0...Int(max(1, min(1000, last - first)))).map { (first + Double($0)) * step }
        self.step = step
        self.low = min(values[0], low)
        self.high = max(values[values.count - 1], high)
    }

    /// A tick's value with as many decimals as the step needs.
    public func label(_ value: Double) -> String {
        if step >= 1e6 || step < 1e-6 { return String(format: "%.3g", value) }
        let decimals = max(0, Int(-floor(log10(step) + 1e-9)))
        let text = String(format: "%.\(decimals)f", value)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }
}
