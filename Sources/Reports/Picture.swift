import Foundation

/// An SVG picture in the making; coordinates in pixels from the upper left.
struct Picture {
    /// Where a text's point lies in it.
    enum Anchor: String {
        case start, middle, end
    }

    let title: String
    let width: Double
    let height: Double
    private var elements: [String] = []

    init(title: String, width: Double, height: Double) {
        self.title = title
        self.width = width
        self.height = height
    }

    /// The whole document.
    var document: String {
        let size = "\(number(width)) \(number(height))"
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(number(width))" height="\(number(height))" \
            role="img"><title>\(escaped(title))</title><style>\(pictureStyle)</style>
            \(elements.joined(separator: "\n"))
            </svg>

            """
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        elements.append(
            "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>")
    }

    mutating func text(
        _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .start, style: String = "ink", turned: Double = 0
    ) {
        let turn = turned == 0 ? "" : " transform=\"rotate(\(number(turned)) \(number(x)) \(number(y)))\""
        elements.append(
            "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor.rawValue)\"\(turn)>"
                + escaped(text) + "</text>")
    }

    mutating func circle(_ x: Double, _ y: Double, radius: Double, _ style: String) {
        elements.append("<circle class=\"\(style)\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\"/>")
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, opacity: Double = 1
    ) {
        elements.append(
            "<rect class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(max(0, width)))\" "
                + "height=\"\(number(max(0, height)))\" fill-opacity=\"\(number(opacity))\"/>")
    }

    /// A line through the points; a point that is not a number interrupts it, and one that stands alone is a dot.
    mutating func path(_ points: [(x: Double, y: Double)], color: Int) {
        var runs: [[(x: Double, y: Double)]] = [[]]
        for point in points {
            if point.x.isFinite && point.y.isFinite { runs[runs.count - 1].append(point) } else { runs.append([]) }
        }
        for run in runs where !run.isEmpty {
            if run.count == 1 { circle(run[0].x, run[0].y, radius: 2, "fill\(color)") }
            let steps = run.map { number($0.x) + " " + number($0.y) }.joined(separator: "L")
            elements.append("<path class=\"curve stroke\(color)\" d=\"M\(steps)\"/>")
        }
    }

    /// The title, above everything.
    mutating func heading() { text(shortened(title, to: width / 1.15), 2, 15, style: "ink heading") }
}

/// A coordinate with at most two decimals; 0 for what is not a number.
func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? String(Int(rounded)) : String(rounded)
}

/// The width that a text of 12 pixels takes, roughly: fonts differ, so rather too much.
func estimatedWidth(_ text: String) -> Double { Double(displayWidth(text)) * 7.4 }

/// The text, or as much of its beginning as fits into `width` pixels and an ellipsis.
func shortened(_ text: String, to width: Double) -> String {
    var short = "", used = 0.0
    for character in text {
        used += estimatedWidth(String(character))
        guard used <= width else { return short + "…" }
        short.append(character)
    }
    return short
}

/// The text for HTML and XML, in elements and attributes; characters that XML does not allow are dropped.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
        case "\0"..." ", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
            if scalar == " " { result += " " }
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// How many colours there are for series; further series begin again.
let colorCount = 6

/// Okabe and Ito's colours, told apart by the colour-blind too; lighter ones on dark paper.
private let colors = (
    light: ["#0072b2", "#d55e00", "#009e73", "#b5508f", "#a67800", "#4d4d4d"],
    dark: ["#56b4e9", "#ff8c42", "#2fc79b", "#e39ac6", "#e6b93c", "#b8b8b8"]
)

private let pictureStyle: String = {
    func series(_ colors: [String]) -> String {
        colors.enumerated().map { ".fill\($0){fill:\($1)}.stroke\($0){stroke:\($1)}" }.joined()
    }
    return """
        text{font:12px "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}\
        .heading{font-weight:600;font-size:13px}.strong{font-weight:600}.curve{fill:none;stroke-width:1.75;stroke-linejoin:round}\
        .axis{stroke:#6b7280;stroke-width:1}.grid{stroke:#e5e7eb;stroke-width:1}.mark{stroke:#6b7280;stroke-dasharray:3 3}\
        .whisker{stroke-width:1.75}.ink{fill:#1f2328}.soft{fill:#59636e}.paper{fill:#fff}\(series(colors.light))\
        @media (prefers-color-scheme:dark){.axis,.mark{stroke:#9198a1}.grid{stroke:#30363d}.ink{fill:#e6edf3}\
        .soft{fill:#9198a1}.paper{fill:#0d1117}\(series(colors.dark))}
        """
}()
