import Foundation

extension Double {
    /// Shortest text that reads back as the same number, whole numbers without a point.
    var short: String { self == rounded() && abs(self) < 1e15 ? String(Int64(self)) : "\(self)" }

    /// With `digits` decimals.
    func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }

    /// With two significant digits and an exponent.
    var scientific: String { String(format: "%.1e", self) }
}
