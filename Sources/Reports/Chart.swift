import Statistics

/// A picture of a report. `svg()` is a file of its own, without anything to load.
public enum Chart: Codable, Sendable, Equatable {
    case lines(LineChart)
    case intervals(IntervalChart)
    case heatMap(HeatMap)
    case reliability(ReliabilityChart)

    public var title: String {
        switch self {
        case .lines(let chart): chart.title
        case .intervals(let chart): chart.title
        case .heatMap(let chart): chart.title
        case .reliability(let chart): chart.title
        }
    }

    /// The picture as an SVG document that follows the reader's light or dark scheme.
    public func svg() -> String {
        switch self {
        case .lines(let chart): chart.picture().document
        case .intervals(let chart): chart.picture().document
        case .heatMap(let chart): chart.picture().document
        case .reliability(let chart): chart.picture().document
        }
    }

    private enum CodingKeys: String, CodingKey { case kind }
    private enum Kind: String, Codable { case lines, intervals, heatMap = "heat_map", reliability }

    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(Kind.self, forKey: .kind) {
        case .lines: self = .lines(try LineChart(from: decoder))
        case .intervals: self = .intervals(try IntervalChart(from: decoder))
        case .heatMap: self = .heatMap(try HeatMap(from: decoder))
        case .reliability: self = .reliability(try ReliabilityChart(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .lines(let chart):
            try container.encode(Kind.lines, forKey: .kind)
            try chart.encode(to: encoder)
        case .intervals(let chart):
            try container.encode(Kind.intervals, forKey: .kind)
            try chart.encode(to: encoder)
        case .heatMap(let chart):
            try container.encode(Kind.heatMap, forKey: .kind)
            try chart.encode(to: encoder)
        case .reliability(let chart):
            try container.encode(Kind.reliability, forKey: .kind)
            try chart.encode(to: encoder)
        }
    }
}
