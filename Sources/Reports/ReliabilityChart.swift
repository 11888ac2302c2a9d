import Foundation
public import Statistics

/// Predicted against observed success rates, bin by bin, beside the diagonal of perfect calibration.
public struct ReliabilityChart: Codable, Sendable, Equatable {
    /// The title, which the expected calibration error is added to.
    public var name: String
    public var calibration: Calibration

    public init(title: String, calibration: Calibration) {
        name = title
        self.calibration = calibration
    }

    /// The name with the expected calibration error.
    var title: String { name + String(format: " (ECE %.3f)", calibration.expectedCalibrationError) }

    func picture() -> Picture {
        var picture = Picture(title: title, width: 416, height: 450)
        let unit = Ticks(from: 0, to: 1, about: 5)
        let frame = Frame(left: 70, top: 34, right: 400, bottom: 324, x: unit, y: unit)
        picture.heading()
        frame.draw(in: &picture, xTitle: "", yTitle: "observed")
        picture.line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "mark")
        let bins = calibration.bins.filter { $0.meanPredicted.isFinite && $0.meanObserved.isFinite && $0.count > 0 }
        let points = bins.map { (frame.x(max(0, min(1, $0.meanPredicted))), frame.y(max(0, min(1, $0.meanObserved)))) }
        picture.path(points.map { (x: $0.0, y: $0.1) }, color: 0)
        for (x, y) in points { picture.circle(x, y, radius: 4, "fill0") }
        // How many predictions stand behind each point.
        let base = 404.0, most = Double(bins.map(\.count).max() ?? 1)
        for bin in bins {
            let height = 34 * Double(bin.count) / most, left = frame.x(bin.low), width = frame.x(bin.high) - left
            picture.rectangle(left + 1, base - height, width - 2, height, "fill0", opacity: 0.35)
            picture.text("\(bin.count)", left + width / 2, base - height - 4, .middle, style: "soft small")
        }
        picture.line(frame.left, base, frame.right, base, "axis")
        picture.text("count", frame.left - 8, base - 2, .end, style: "soft")
        picture.text("predicted", (frame.left + frame.right) / 2, 428, .middle)
        return picture
    }
}
