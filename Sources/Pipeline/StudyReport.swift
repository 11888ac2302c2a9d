import Foundation
import Reports
import Routing
import Statistics
import Tensors

/// The verdict as people read it: a table for the terminal, a page with the pictures behind it.
public struct StudyReport: Sendable {
    let outcomes: Outcomes
    let splits: [SplitResult]
    let summary: Summary
    let provenance: States.Provenance
    /// Wall time; `nil` leaves it out.
    let seconds: Double?
    let optimizers: OptimizerTable?
    /// What only a run's report has.
    let run: RunParts?

    init(
        outcomes: Outcomes, splits: [SplitResult], summary: Summary, provenance: States.Provenance, seconds: Double?,
        optimizers: OptimizerTable? = nil, run: RunParts? = nil
    ) {
        self.outcomes = outcomes
        self.splits = splits
        self.summary = summary
        self.provenance = provenance
        self.seconds = seconds
        self.optimizers = optimizers
        self.run = run
    }

    /// The report of a study.
    public init(_ result: Study.Result) {
        self.init(
            outcomes: result.outcomes, splits: result.splits, summary: result.summary, provenance: result.provenance,
            seconds: result.seconds, optimizers: result.optimizers)
    }

    /// The table and the sentence, for a terminal.
    public func text() -> String {
        let tests = splits.map(\.testRows.count)
        let tasks = tests.min() == tests.max() ? "\(tests.first ?? 0)" : "\(tests.min() ?? 0) to \(tests.max() ?? 0)"
        let heading =
            "\(outcomes.name): \(outcomes.ids.count) tasks, \(outcomes.table.workers.count) workers, "
            + "\(splits.count) split\(splits.count == 1 ? "" : "s") of \(tasks) test tasks"
        let body = optimizers.map { [$0.table.text(), $0.legend] } ?? [table.text(), summary.verdict]
        return ([heading] + body).joined(separator: "\n\n")
    }

    /// The whole report as one page that loads nothing.
    public func html(title: String) -> String { report(title: title).html() }

    /// The picture of the result as an SVG file.
    public func picture() -> String { chart.svg() }

    /// The whole report.
    func report(title: String) -> Report {
        var facts = [
            Report.Fact("tasks", "\(outcomes.ids.count) in \(Set(outcomes.domains).count) domains"),
            Report.Fact("workers", outcomes.table.workers.joined(separator: ", ")),
            Report.Fact("splits", splits.map { "\($0.name) (\($0.testRows.count) test tasks)" }.joined(separator: ", ")),
            Report.Fact(
                "backbone",
                "\(provenance.model), \(provenance.readout) of layers \(provenance.layers.map(String.init).joined(separator: ", "))\(provenance.normalize ? ", normalised" : ""), "
                    + "at most \(provenance.maxTokens) tokens"),
        ]
        if let seconds { facts.append(Report.Fact("took", "\(seconds.fixed(1)) s")) }
        return Report(
            title: title, verdict: summary.verdict, facts: facts, sections: sections,
            timing: run?.generationSeconds.map { "A generation took \($0.fixed(3)) s (median)." })
    }

    /// The picture of the result: what each method gains over the best single worker.
    private var chart: Chart {
        let shown = summary.methods.filter { !["best_single", "oracle_crossfit"].contains($0.name) }
        let entries = shown.map { method in
            let versus = method.versusBestSingle
            return IntervalChart.Entry(
                method.name, Estimate(mean: 100 * versus.mean, low: 100 * versus.low, high: 100 * versus.high),
                isEmphasised: method.name == summary.preferred)
        }
        return .intervals(
            IntervalChart(
                title: "Gain over the best single worker on held-out tasks, 95 % intervals",
                axisTitle: "points of mean reward", entries: entries,
                reference: .init(value: 0, label: "best single worker")))
    }

    // MARK: Parts

    private var sections: [Report.Section] {
        let methods =
            [
                Report.Section(heading: "Methods", text: Self.legend, table: table, charts: [chart])
            ] + (run.map { [Self.section($0.exported)] } ?? []) + [
                evolution,
                Report.Section(
                    heading: "Routing by domain",
                    text: "Share of each domain's test tasks that \(summary.preferred) gives to each worker.", charts: [heatMap]
                ),
                Report.Section(
                    heading: "Calibration",
                    text: "Estimated success of the chosen worker against what it achieved. A routing softmax is no such "
                        + "estimate: for heads it is mapped by isotonic regression on validation.",
                    charts: reliability),
                lost,
            ]
        guard let optimizers else { return methods }
        return [Report.Section(heading: "Optimisers", text: optimizers.legend, table: optimizers.table)] + methods
    }

    private static let legend = """
        Reward is the mean over splits of the mean over test tasks; ± its standard error. The difference to the best single \
        worker (chosen on train) is paired by task, its 95 % interval bootstrapped over tasks; p is two-sided, adjusted by \
        Holm. The oracle takes the best observed rate of each task and is biased upwards; cross-fitted it chooses on one \
        half of the repeats and is scored on the other. ECE: expected calibration error of the estimated success.
        """

    private var table: Table {
        let columns: [Table.Column] = [
            .init("method"), .init("reward", .right), .init("±", .right), .init("vs best single", .right),
            .init("95 % interval", .right), .init("p", .right), .init("gap closed", .right), .init("ECE", .right),
            .init("chosen"),
        ]
        let rows = summary.methods.map { method -> [String] in
            let versus = method.versusBestSingle, isYardstick = method.name == "best_single"
            return [
                method.name, method.reward.fixed(4), method.standardError.fixed(4),
                isYardstick ? "" : Self.signed(versus.mean),
                isYardstick ? "" : "\(Self.signed(versus.low)) … \(Self.signed(versus.high))",
                method.adjustedPValue.map { $0 < 0.001 ? "< 0.001" : $0.fixed(3) } ?? "",
                isYardstick ? "" : "\((method.gapClosed * 100).fixed(0)) %",
                method.calibration?.expectedCalibrationError.fixed(3) ?? "", method.note,
            ]
        }
        let preferred = summary.methods.firstIndex { $0.name == summary.preferred }
        return Table(columns: columns, rows: rows, emphasised: preferred.map { [$0] } ?? [])
    }

    static func signed(_ value: Double) -> String { (value < 0 ? "−" : "+") + abs(value).fixed(4) }

    private var evolution: Report.Section {
        if let run, let split = splits.first {
            return Self.section(run.evolution, history: split.history, charts: histories)
        }
        return Report.Section(
            heading: "Evolution",
            text: "Rewards of the mean of the distribution. The generation that validation prefers is kept; 0 is the start.",
            charts: histories)
    }

    private var histories: [Chart] {
        splits.filter { $0.history.count > 1 }.map { split in
            let x = split.history.map { Double($0.generation) }, judged = split.history.filter(\.isJudged)
            return .lines(
                LineChart(
                    title: "Split \(split.name)", xTitle: "generation", yTitle: "mean reward",
                    series: [
                        .init("train", x: x, y: split.history.map(\.train)),
                        .init("validation", x: judged.map { Double($0.generation) }, y: judged.map(\.validation)),
                    ], marker: .init(x: Double(split.keptGeneration), label: "kept")))
        }
    }

    private var reliability: [Chart] {
        let shown = ["best_single", "knn", "sft", "evolved", summary.preferred]
        return summary.methods.filter { shown.contains($0.name) }.compactMap { method in
            method.calibration.map { .reliability(ReliabilityChart(title: method.name, calibration: $0)) }
        }
    }

    private var heatMap: Chart {
        let workers = outcomes.table.workers, domains = Set(outcomes.domains).sorted()
        var counts = domains.map { _ in workers.map { _ in 0.0 } }
        let rows = Dictionary(uniqueKeysWithValues: zip(domains, domains.indices))
        for split in splits {
            for (task, worker) in zip(split.testRows, split.method(summary.preferred)?.choices ?? []) {
                if let row = rows[outcomes.domains[task]], let worker { counts[row][worker] += 1 }
            }
        }
        let shares = counts.map { row -> [Double] in
            let total = row.reduce(0, +)
            return row.map { total > 0 ? $0 / total : 0 }
        }
        return .heatMap(
            HeatMap(title: "Routing by domain", rows: domains.map { $0.isEmpty ? "–" : $0 }, columns: workers, values: shares))
    }

    /// Tasks on which the preferred method earned less than the oracle.
    private var lost: Report.Section {
        var losses: [(task: Int, loss: Double, worker: Int?)] = []
        for split in splits {
            guard let method = split.method(summary.preferred), let oracle = split.method("oracle") else { continue }
            for (index, task) in split.testRows.enumerated() {
                let loss = oracle.rewards[index] - method.rewards[index]
                if loss > 0 { losses.append((task, loss, method.choices.isEmpty ? nil : method.choices[index])) }
            }
        }
        let byTask = Dictionary(grouping: losses) { $0.task }
        let worst = byTask.map { (task: $0, loss: $1.map(\.loss).reduce(0, +), worker: $1.first?.worker, times: $1.count) }
            .sorted { ($0.loss, $1.task) > ($1.loss, $0.task) }
        let workers = outcomes.table.workers
        let rows = worst.prefix(40).map { entry -> [String] in
            let rates = workers.indices.map { outcomes.table.rates[entry.task, $0] }
            let best = rates.indices.filter { rates[$0] == rates.filter { !$0.isNaN }.max() }.map { workers[$0] }
            return [
                outcomes.ids[entry.task], outcomes.domains[entry.task], entry.worker.map { workers[$0] } ?? "",
                best.joined(separator: ", "), entry.loss.fixed(2), String(outcomes.prompts[entry.task].prefix(140)),
            ]
        }
        return Report.Section(
            heading: "Tasks that are lost",
            text: "\(worst.count) test tasks on which \(summary.preferred) earned less than the oracle, the costliest first"
                + (worst.count > 40 ? " (40 shown)." : "."),
            table: Table(
                columns: [
                    .init("task"), .init("domain"), .init("chosen"), .init("best"), .init("lost", .right), .init("prompt"),
                ],
                rows: Array(rows)))
    }
}
