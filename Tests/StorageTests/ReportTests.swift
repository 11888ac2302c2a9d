import Foundation
import Reports
import Statistics
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What a stranger might put in a prompt or a name.
private let hostile = "<script>alert('x')</script> & \"quotes\" \u{1B}[31m\u{0}\u{FFFF} é 答案"

/// Charts whose every text is `text`.
func sampleCharts(_ text: String) -> [Chart] {
    let generations = (0...60).map(Double.init)
    let estimate = Estimate(mean: 0.68, low: 0.66, high: 0.70)
    return [
        .lines(
            LineChart(
                title: text, xTitle: text, yTitle: text,
                series: [.init(text, x: generations, y: generations.map { 0.6 + $0 / 1000 })],
                marker: .init(x: 30, label: text))),
        .intervals(
            IntervalChart(
                title: text, axisTitle: text, entries: [.init(text, estimate, isEmphasised: true)],
                reference: .init(value: 0.65, label: text))),
        .intervals(IntervalChart(title: text, axisTitle: text, entries: [.init(text, estimate)], fromZero: true)),
        .heatMap(HeatMap(title: text, rows: [text, text], columns: [text], values: [[0.25], [.nan]])),
        .reliability(
            ReliabilityChart(title: text, calibration: Calibration(predicted: [0.1, 0.4, 1], observed: [0, 0.5, 1]))),
    ]
}

private func sampleReport(_ text: String) -> Report {
    Report(
        title: text, verdict: text, facts: [.init(text, text)],
        sections: [
            .init(
                heading: text, text: text,
                table: Table(columns: [.init(text), .init(text, .right)], rows: [[text, text]], emphasised: [0]),
                charts: sampleCharts(text))
        ])
}

/// Reads a document and keeps what matters for safety.
private final class Reader: NSObject, XMLParserDelegate {
    var elements: Set<String> = []
    var attributes: Set<String> = []
    var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.insert(name)
        self.attributes.formUnion(attributes.keys)
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

    /// What the well-formed document holds.
    static func read(_ document: String) throws -> Reader {
        let parser = XMLParser(data: Data(document.utf8)), reader = Reader()
        parser.delegate = reader
        try #require(parser.parse(), "\(String(describing: parser.parserError))")
        return reader
    }
}

@Suite struct ReportTests {
    @Test(arguments: ["plain", hostile]) func picturesAreWellFormedAndHarmless(text: String) throws {
        for chart in sampleCharts(text) {
            let reader = try Reader.read(chart.svg())
            #expect(
                reader.elements.isSubset(of: ["svg", "title", "style", "line", "text", "circle", "rect", "path"]))
            #expect(reader.attributes.isDisjoint(with: ["href", "src", "onload", "style"]))
            #expect(reader.text.contains(text == hostile ? "<script>alert('x')</script>" : text))
        }
    }

    @Test func nothingIsLoaded() {
        let page = sampleReport(hostile).html().replacing("http://www.w3.org/2000/svg", with: "")
        for forbidden in ["http:", "https:", "<script", "@import", "url(", "<img", "<link", "src=", "href="] {
            #expect(!page.contains(forbidden), "\(forbidden)")
        }
        #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;"))
        #expect(!page.contains("\u{1B}") && !page.contains("\u{0}"))
    }

    @Test func theJSONIsTheReport() throws {
        var report = sampleReport("x")
        #expect(try Report(json: report.json()).sections[0].table == report.sections[0].table)
        #expect(try Report(json: report.json()).json() == report.json())
        report.sections[0].charts.remove(at: 3)
        #expect(try Report(json: report.json()) == report)
        #expect(throws: DecodingError.self) { try Report(json: Data("{}".utf8)) }
    }

    @Test func theTextOfAReport() {
        let report = Report(
            title: "Café study", verdict: "Routing pays.", facts: [.init("tasks", "5341"), .init("naïve oracle", "0.827")],
            sections: [.init(heading: "Methods", text: "On test.", charts: [sampleCharts("Rewards")[1]])])
        #expect(
            report.text() == """
                Café study
                ==========

                Routing pays.

                tasks         5341
                naïve oracle  0.827

                Methods
                -------

                On test.

                [chart: Rewards]

                """)
    }

    @Test func tablesAlign() {
        let table = Table(
            columns: [.init("method"), .init("reward", .right), .init("note")],
            rows: [["best single", "64.86", ""], ["naïve 答案", "9.5", "e\u{301}"], ["short"]], emphasised: [1])
        #expect(
            table.text() == """
                  method       reward  note
                  -----------  ------  ----
                  best single   64.86
                * naïve 答案      9.5  e\u{301}
                  short
                """)
    }

    @Test func aTerminalIsNotSteered() {
        let table = Table(columns: [.init("a")], rows: [["x\u{1B}[2J\ny\u{202E}z"]])
        #expect(table.text().split(separator: "\n").count == 3)
        #expect(table.text().hasSuffix("x [2J yz"))
        #expect(!sampleReport(hostile).text().contains("\u{1B}"))
    }
}

@Suite struct ChartTests {
    @Test(
        arguments: [
            [0, 1], [0.6321, 0.7012], [-3, 17], [-0.004, -0.001], [0, 1e9], [1e-12, 5e-12], [5, 5], [0, 0], [3, -3],
            [1e16, 1e16 + 2], [-.infinity, .nan], [-1e308, 1e308],
        ] as [[Double]])
    func ticksAreRoundAndHoldTheRange(range: [Double]) {
        let (low, high) = (range[0], range[1])
        let ticks = Ticks(from: low, to: high, about: 5)
        let digit = ticks.step / pow(10, floor(log10(ticks.step) + 1e-9))
        #expect([1, 2, 5].contains { abs(digit - $0) < 1e-6 })
        #expect((2...14).contains(ticks.values.count))
        if abs(low) < 1e300 { #expect(ticks.low <= min(low, high) && ticks.high >= max(low, high)) }
        for (one, next) in zip(ticks.values, ticks.values.dropFirst()) {
            #expect(abs(next - one - ticks.step) <= 1e-6 * ticks.step + abs(one) * 1e-15)
        }
    }

    @Test func tickLabelsHaveTheStepsDecimals() {
        let ticks = Ticks(from: -0.04, to: 0.04, about: 4)
        #expect(ticks.values.map(ticks.label) == ["−0.04", "−0.02", "0.00", "0.02", "0.04"])
        #expect(Ticks(from: 0, to: 100).label(20) == "20")
    }

    @Test func whatIsNoNumberIsDrawnNowhere() throws {
        let wrong = [Double.nan, .infinity, -.infinity, 1e308, -1e308]
        let bad = Estimate(mean: .nan, low: .nan, high: .nan)
        let charts: [Chart] = [
            .lines(LineChart(title: "", xTitle: "", yTitle: "", series: [])),
            .lines(
                LineChart(
                    title: "", xTitle: "", yTitle: "",
                    series: [.init("a", x: [], y: []), .init("b", x: wrong, y: wrong), .init("c", x: [1], y: [2, 3])],
                    marker: .init(x: .nan, label: ""))),
            .intervals(IntervalChart(title: "", axisTitle: "", entries: [])),
            .intervals(
                IntervalChart(
                    title: "", axisTitle: "", entries: [.init("", bad), .init("", Estimate(mean: 1, low: .nan, high: 2))],
                    reference: .init(value: .nan, label: ""), fromZero: true)),
            .heatMap(HeatMap(title: "", rows: [], columns: [], values: [])),
            .heatMap(HeatMap(title: "", rows: ["a", "b"], columns: ["c"], values: [wrong])),
            .reliability(ReliabilityChart(title: "", calibration: Calibration(predicted: [], observed: []))),
        ]
        for chart in charts {
            let svg = chart.svg()
            _ = try Reader.read(svg)
            #expect(!svg.contains("nan") && !svg.contains("inf"))
        }
    }

    @Test func endlessNamesAreCutShort() throws {
        for chart in sampleCharts(String(repeating: "long name ", count: 1000)) {
            let drawn = try Reader.read(chart.svg().replacing(/<title>.*?<\/title>/, with: "")).text
            #expect(drawn.contains("…"))
        }
    }

    @Test func aGapInterruptsACurve() {
        let chart = LineChart(
            title: "t", xTitle: "", yTitle: "", series: [.init("s", x: [0, 1, 2, 3, 4], y: [1, 2, .nan, 2, 1])])
        #expect(Chart.lines(chart).svg().components(separatedBy: "<path").count == 3)
    }
}
