import Foundation
public import Statistics

/// One value with its interval for each of several methods: dots and whiskers, or bars where the axis starts at zero.
public struct IntervalChart: Codable, Sendable, Equatable {
    /// One row of the chart.
    public struct Entry: Codable, Sendable, Equatable {
        public var name: String
        public var estimate: Estimate
        public var isEmphasised: Bool

        public init(_ name: String, _ estimate: Estimate, isEmphasised: Bool = false) {
            self.name = name
            self.estimate = estimate
            self.isEmphasised = isEmphasised
        }
    }

    /// A vertical line with a word, such as the best single worker.
    public struct Reference: Codable, Sendable, Equatable {
        public var value: Double
        public var label: String

        public init(value: Double, label: String) {
            self.value = value
            self.label = label
        }
    }

    public var title: String
    public var axisTitle: String
    /// From top to bottom.
    public var entries: [Entry]
    public var reference: Reference?
    /// True draws bars from zero. False draws dots, on an axis that shows the differences.
    public var fromZero: Bool

    public init(title: String, axisTitle: String, entries: [Entry], reference: Reference? = nil, fromZero: Bool = false) {
        self.title = title
        self.axisTitle = axisTitle
        self.entries = entries
        self.reference = reference
        self.fromZero = fromZero
    }

    func picture() -> Picture {
        let rowHeight = 26.0, top = reference == nil ? 34.0 : 52.0
        let bottom = top + rowHeight * Double(max(1, entries.count)) + 4
        var picture = Picture(title: title, width: 680, height: bottom + 50)
        var seen = entries.flatMap { [$0.estimate.mean, $0.estimate.low, $0.estimate.high] }.filter(\.isFinite)
        if let value = reference?.value, value.isFinite { seen.append(value) }
        if fromZero { seen.append(0) }
        let ticks = Ticks(from: seen.min() ?? 0, to: seen.max() ?? 1, about: 6)
        let names = min(240, entries.map { estimatedWidth($0.name) * ($0.isEmphasised ? 1.08 : 1) }.max() ?? 0)
        let frame = Frame(left: names + 14, top: top, right: 612, bottom: bottom, x: ticks, y: Ticks(from: 0, to: 1))
        picture.heading()
        for tick in ticks.values {
            picture.line(frame.x(tick), top, frame.x(tick), bottom, "grid")
            picture.text(ticks.label(tick), frame.x(tick), bottom + 18, .middle, style: "soft")
        }
        picture.line(frame.left, bottom, frame.right, bottom, "axis")
        picture.text(axisTitle, (frame.left + frame.right) / 2, bottom + 38, .middle)
        if let reference, reference.value.isFinite {
            picture.line(frame.x(reference.value), top - 6, frame.x(reference.value), bottom, "mark")
            picture.text(reference.label, frame.x(reference.value), top - 11, .middle, style: "soft")
        }
        for (index, entry) in entries.enumerated() {
            draw(entry, at: top + rowHeight * (Double(index) + 0.5) + 2, in: frame, decimals: ticks.step, &picture)
        }
        return picture
    }

    private func draw(_ entry: Entry, at y: Double, in frame: Frame, decimals step: Double, _ picture: inout Picture) {
        let color = entry.isEmphasised ? 1 : 0, estimate = entry.estimate
        picture.text(
            shortened(entry.name, to: 240), frame.left - 10, y + 4, .end, style: entry.isEmphasised ? "ink strong" : "ink")
        guard estimate.mean.isFinite else {
            picture.text("–", 676, y + 4, .end, style: "soft")
            return
        }
        if fromZero {
            let zero = frame.x(0), end = frame.x(estimate.mean)
            picture.rectangle(min(zero, end), y - 7, abs(end - zero), 14, "fill\(color)", opacity: 0.35)
        }
        if estimate.low.isFinite, estimate.high.isFinite, estimate.high > estimate.low {
            let low = frame.x(estimate.low), high = frame.x(estimate.high)
            picture.line(low, y, high, y, "whisker stroke\(color)")
            for end in [low, high] { picture.line(end, y - 5, end, y + 5, "whisker stroke\(color)") }
        }
        picture.circle(frame.x(estimate.mean), y, radius: 3.5, "fill\(color)")
        // Two digits finer than the axis.
        let fine = Ticks(from: 0, to: step / 5, about: 5)
        picture.text(fine.label(estimate.mean), 676, y + 4, .end)
    }
}
