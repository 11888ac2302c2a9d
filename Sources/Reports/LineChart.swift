/// Named curves over one axis, such as the reward of each generation.
public struct LineChart: Codable, Sendable, Equatable {
    /// A curve. Points that are not numbers interrupt it.
    public struct Series: Codable, Sendable, Equatable {
        public var name: String
        public var x: [Double]
        public var y: [Double]

        public init(_ name: String, x: [Double], y: [Double]) {
            self.name = name
            self.x = x
            self.y = y
        }
    }

    /// A vertical line with a word, such as the generation that was kept.
    public struct Marker: Codable, Sendable, Equatable {
        public var x: Double
        public var label: String

        public init(x: Double, label: String) {
            self.x = x
            self.label = label
        }
    }

    public var title: String
    public var xTitle: String
    public var yTitle: String
    public var series: [Series]
    public var marker: Marker?

    public init(title: String, xTitle: String, yTitle: String, series: [Series], marker: Marker? = nil) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.series = series
        self.marker = marker
    }

    func picture() -> Picture {
        var picture = Picture(title: title, width: 680, height: 330)
        let points = series.map { series in zip(series.x, series.y).map { (x: $0, y: $1) } }
        let seen = points.flatMap { $0 }.filter { $0.x.isFinite && $0.y.isFinite }
        let labels = series.map { estimatedWidth($0.name) }.max() ?? 0
        let frame = Frame(
            left: 76, top: 52, right: 680 - min(220, labels) - 12, bottom: 284,
            x: Ticks(from: seen.map(\.x).min() ?? 0, to: seen.map(\.x).max() ?? 1, about: 8),
            y: Ticks(from: seen.map(\.y).min() ?? 0, to: seen.map(\.y).max() ?? 1, about: 5), tightX: seen.map(\.x))
        picture.heading()
        frame.draw(in: &picture, xTitle: xTitle, yTitle: yTitle)
        if let marker, marker.x >= frame.xLow, marker.x <= frame.xHigh {
            let x = frame.x(marker.x)
            picture.line(x, frame.top, x, frame.bottom, "mark")
            picture.text(marker.label, x, frame.top - 5, .middle, style: "soft")
        }
        var ends: [(y: Double, index: Int)] = []
        for (index, points) in points.enumerated() {
            picture.path(points.map { (frame.x($0.x), frame.y($0.y)) }, color: index % colorCount)
            if let last = points.last(where: { $0.x.isFinite && $0.y.isFinite }) { ends.append((frame.y(last.y), index)) }
        }
        for (y, index) in spread(ends, apart: 15, within: frame.top...frame.bottom) {
            picture.text(shortened(series[index].name, to: 220), frame.right + 8, y + 4, style: "fill\(index % colorCount)")
        }
        return picture
    }

    /// Labels moved just so far that none lies on another.
    private func spread(
        _ labels: [(y: Double, index: Int)], apart: Double, within range: ClosedRange<Double>
    ) -> [(y: Double, index: Int)] {
        var placed = labels.sorted { ($0.y, $0.index) < ($1.y, $1.index) }
        for index in placed.indices.dropFirst() { placed[index].y = max(placed[index].y, placed[index - 1].y + apart) }
        let over = (placed.last?.y ?? 0) - range.upperBound
        if over > 0, let last = placed.indices.last {
            placed[last].y -= over
            for index in placed.indices.dropLast().reversed() {
                placed[index].y = min(placed[index].y, placed[index + 1].y - apart)
            }
        }
        return placed
    }
}

/// The rectangle that two axes span, and the way from values to pixels.
struct Frame {
    let left: Double
    let top: Double
    let right: Double
    let bottom: Double
    let xTicks: Ticks
    let yTicks: Ticks
    let xLow: Double
    let xHigh: Double

    /// - Parameter tightX: values whose range the horizontal axis ends with, instead of the next tick.
    init(left: Double, top: Double, right: Double, bottom: Double, x: Ticks, y: Ticks, tightX: [Double] = []) {
        (self.left, self.top, self.right, self.bottom, xTicks, yTicks) = (left, top, right, bottom, x, y)
        let low = tightX.min() ?? x.low, high = tightX.max() ?? x.high
        (xLow, xHigh) = high > low ? (low, high) : (x.low, x.high)
    }

    func x(_ value: Double) -> Double { left + (value - xLow) / (xHigh - xLow) * (right - left) }
    func y(_ value: Double) -> Double { bottom - (value - yTicks.low) / (yTicks.high - yTicks.low) * (bottom - top) }

    /// Axes, ticks, a faint horizontal grid and the axes' titles.
    func draw(in picture: inout Picture, xTitle: String, yTitle: String) {
        for tick in yTicks.values {
            picture.line(left, y(tick), right, y(tick), "grid")
            picture.text(yTicks.label(tick), left - 8, y(tick) + 4, .end, style: "soft")
        }
        picture.line(left, bottom, right, bottom, "axis")
        let reach = (xHigh - xLow) * 1e-9
        for tick in xTicks.values where tick >= xLow - reach && tick <= xHigh + reach {
            picture.line(x(tick), bottom, x(tick), bottom + 4, "axis")
            picture.text(xTicks.label(tick), x(tick), bottom + 18, .middle, style: "soft")
        }
        picture.text(xTitle, (left + right) / 2, bottom + 38, .middle)
        picture.text(yTitle, left - 56, (top + bottom) / 2, .middle, turned: -90)
    }
}
