import Reports
import Statistics

/// What only the report of one run has: the exported policy beside the simpler ones, and the course of its search.
extension StudyReport {
    /// Made by the evaluate stage.
    struct RunParts {
        var exported: ExportedVerdict
        var evolution: EvolutionSummary
        /// Median wall time of a generation, in seconds.
        var generationSeconds: Double?
    }

    /// The exported policy against each yardstick.
    static func section(_ exported: ExportedVerdict) -> Report.Section {
        let rows = exported.versus.map { method, difference in
            [method, signed(difference.mean), "\(signed(difference.low)) … \(signed(difference.high))"]
        }
        return Report.Section(
            heading: "The exported policy",
            text:
                "\(ExportedVerdict.exported) is what is exported: the mean of the distribution, chosen on validation and judged "
                + "once on test. Differences are paired by task. \(exported.power.sentence) \(exported.power.plan)",
            table: Table(
                columns: [.init("over"), .init("difference", .right), .init("95 % interval", .right)], rows: rows))
    }

    /// Rewards of start and kept generation, then curves of the whole search.
    static func section(_ evolution: EvolutionSummary, history: [GenerationRecord], charts: [Chart]) -> Report.Section {
        func cell(_ estimate: Estimate) -> String {
            "\(estimate.mean.fixed(4)) [\(estimate.low.fixed(4)), \(estimate.high.fixed(4))]"
        }
        func row(_ name: String, _ rewards: EvolutionSummary.Rewards) -> [String] {
            [name, cell(rewards.train), cell(rewards.validation)]
        }
        return Report.Section(
            heading: "Evolution",
            text: "Rewards of the best scored worker, with 95 % intervals over tasks; validation chose the generation that is "
                + "kept, so its own reward there flatters it.\n" + evolution.lines.dropFirst().joined(separator: "\n"),
            table: Table(
                columns: [.init("generation"), .init("train", .right), .init("validation", .right)],
                rows: [row("0, the start", evolution.start), row("\(evolution.keptGeneration), kept", evolution.kept)]),
            charts: charts + courses(history))
    }

    /// Step size and axis ratio, and what the best candidate claims beside what the mean is worth.
    private static func courses(_ history: [GenerationRecord]) -> [Chart] {
        guard history.count > 1 else { return [] }
        let x = history.map { Double($0.generation) }
        func lines(_ title: String, _ y: String, _ series: [LineChart.Series]) -> Chart {
            .lines(LineChart(title: title, xTitle: "generation", yTitle: y, series: series))
        }
        return [
            lines("Step size", "σ", [.init("σ", x: x, y: history.map(\.sigma))]),
            lines("Axis ratio", "√(largest / smallest variance)", [.init("axis ratio", x: x, y: history.map(\.axisRatio))]),
            lines(
                "The luckiest candidate, which is never exported", "mean reward on train",
                [
                    .init("its claim", x: x, y: history.map(\.bestCandidate)),
                    .init("the mean", x: x, y: history.map(\.train)),
                ]),
        ]
    }
}
