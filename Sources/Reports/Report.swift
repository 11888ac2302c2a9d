public import Foundation

/// What a study or a run has found: printed, stored as JSON and drawn as one HTML page from the same value.
public struct Report: Codable, Sendable, Equatable {
    /// One line under the verdict: a label and its value.
    public struct Fact: Codable, Sendable, Equatable {
        public var label: String
        public var value: String

        public init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    /// A part of the report under a heading: text, then the table, then the charts.
    public struct Section: Codable, Sendable, Equatable {
        public var heading: String
        public var text: String?
        public var table: Table?
        public var charts: [Chart]

        public init(heading: String, text: String? = nil, table: Table? = nil, charts: [Chart] = []) {
            self.heading = heading
            self.text = text
            self.table = table
            self.charts = charts
        }
    }

    public var title: String
    /// The answer, in one sentence.
    public var verdict: String
    public var facts: [Fact]
    public var sections: [Section]
    /// How long it took, last of all and apart: the same report made again says otherwise here.
    public var timing: String?

    public init(
        title: String, verdict: String, facts: [Fact] = [], sections: [Section] = [], timing: String? = nil
    ) {
        self.title = title
        self.verdict = verdict
        self.facts = facts
        self.sections = sections
        self.timing = timing
    }

    /// The report for a terminal; charts are only named.
    public func text() -> String {
        var blocks = [plain(title) + "\n" + String(repeating: "=", count: displayWidth(title)), plain(verdict)]
        if !facts.isEmpty {
            let width = facts.map { displayWidth($0.label) }.max() ?? 0
            blocks.append(facts.map { padded($0.label, to: width, .left) + "  " + plain($0.value) }.joined(separator: "\n"))
        }
        for section in sections {
            blocks.append(plain(section.heading) + "\n" + String(repeating: "-", count: displayWidth(section.heading)))
            if let text = section.text { blocks.append(plain(text)) }
            if let table = section.table { blocks.append(table.text()) }
            blocks.append(contentsOf: section.charts.map { "[chart: \(plain($0.title))]" })
        }
        if let timing { blocks.append(plain(timing)) }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    /// The report as JSON with sorted keys; what is not a number is written as "NaN", "Infinity", "-Infinity".
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return try encoder.encode(self)
    }

    /// The report that `json()` wrote.
    /// - Throws: `DecodingError` where `json` is not one.
    public init(json: Data) throws {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        self = try decoder.decode(Report.self, from: json)
    }
}
