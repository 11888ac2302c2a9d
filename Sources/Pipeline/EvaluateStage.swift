import Chat
import Evolution
import Files
import Foundation
import Ledger
import Routing
import Statistics

/// The verdict on the split's test tasks: `report.json` and `report.html`.
struct EvaluateStage {
    let run: Run

    /// What was made, for people; `nil` where the report of the same inputs stands already.
    func perform() throws -> String? {
        let clock = ContinuousClock(), start = clock.now
        let inputs = try run.inputs(), sft = try run.finishedSFT(inputs), checkpoint = try run.finishedSearch(inputs)
        let data = inputs.data, key = try key(inputs, sft, checkpoint), found = run.policy(sft, checkpoint)
        if isFinished(key) { return nil }
        let comparison = Comparison(
            data: data, sft: run.recipe.sft, evolve: run.recipe.evolve, withOptions: false, seed: run.recipe.seed)
        let result = comparison.judge(
            run.recipe.split, inputs.split,
            heads: .init(
                sft: sft.trained.policy, evolved: found, history: checkpoint.search.history,
                keptGeneration: checkpoint.search.kept.generation),
            threads: run.threads)
        let bootstrap = run.recipe.evaluate.bootstrap, seed = run.recipe.seed
        let summary = Summary([result], bootstrap: bootstrap, seed: seed)
        let fitted = sft.trained.policy
        let parts = StudyReport.RunParts(
            exported: ExportedVerdict(result, outcomes: data.outcomes, bootstrap: bootstrap, seed: seed),
            evolution: EvolutionSummary(
                checkpoint.search, aim: checkpoint.aim,
                start: run.recipe.evolve.start == .sft
                    ? fitted : RoutingPolicy(head: RoutingHead(zeros: fitted.head.workers, width: fitted.head.width)),
                found: found, train: inputs.train, validation: inputs.validation, threads: run.threads),
            generationSeconds: GenerationTiming.median(in: run.directory.timing))
        let page = StudyReport(
            outcomes: data.outcomes, splits: [result], summary: summary, provenance: inputs.states.provenance, seconds: nil,
            run: parts
        )
        .html(title: "\(run.recipe.name), split \(run.recipe.split)")
        try Durable.replace(run.directory.htmlReport, by: Data(page.utf8))
        try Durable.replace(
            run.directory.report, by: document(key, result, summary, parts, seconds: (clock.now - start) / .seconds(1)))
        return summary.verdict
    }

    private func key(_ inputs: RunInputs, _ sft: SFTCheckpoint, _ checkpoint: Checkpoint) throws -> String {
        let outcomes = inputs.data.outcomes
        let parts = [
            "evaluate 4", sft.key, checkpoint.key, "\(checkpoint.search.search.generation)",
            "\(checkpoint.search.kept.generation)", "\(checkpoint.aim.stop(of: checkpoint.search)?.key ?? "")",
            "\(run.recipe.evaluate.bootstrap)",
            run.recipe.name, run.recipe.split, outcomes.name, "\(outcomes.deterministicWorkers.sorted())",
            "\(inputs.split.test)", "\(outcomes.table.samples)", "\(outcomes.table.successes)",
        ]
        return StageKey(parts + outcomes.domains).hex
    }

    private func isFinished(_ key: String) -> Bool {
        run.directory.exists(run.directory.htmlReport) && (try? RunReport(reading: run.directory.report))?.key == key
    }

    private func timing(_ seconds: Double) throws -> RunReport.Timing {
        var timing = RunReport.Timing(seconds: seconds)
        guard case .live = run.recipe.source else { return timing }
        let ledger = run.directory.ledger
        let (calls, spending, made, reused) = try Blocking.wait {
            try await LedgerReader.read(ledger) { reader in
                (
                    try await reader.callCounts(.asked)[.done] ?? 0, try await reader.spending(),
                    try await reader.count(of: .searchCalls), try await reader.count(of: .searchReused)
                )
            }
        }
        if made + reused > 0 { (timing.searchCalls, timing.searchReused) = (made, reused) }
        guard spending.attempts > 0 else { return timing }
        timing.calls = calls
        timing.attempts = spending.attempts
        timing.spent = spending.spent.description
        timing.perhapsSpent = spending.unsettled.description
        return timing
    }

    private func document(
        _ key: String, _ result: SplitResult, _ summary: Summary, _ parts: StudyReport.RunParts, seconds: Double
    ) throws -> Data {
        let methods = summary.methods.map { method -> (String, RunReport.Method) in
            let versus = method.versusBestSingle
            return (
                method.name,
                RunReport.Method(
                    reward: method.reward, standardError: method.standardError,
                    versusBestSingle: versus.json,
                    adjustedPValue: method.adjustedPValue, gapClosed: method.gapClosed,
                    calibrationError: method.calibration?.expectedCalibrationError)
            )
        }
        var timing = try timing(seconds)
        timing.generationSeconds = parts.generationSeconds
        let differences = parts.exported.versus.map { ($0.method, $0.difference.json) }
        let report = RunReport(
            format: 2, key: key, name: run.recipe.name, split: result.name, testTasks: result.testRows.count,
            methods: Dictionary(uniqueKeysWithValues: methods),
            exported: ExportedVerdict.exported, versus: Dictionary(uniqueKeysWithValues: differences),
            power: parts.exported.power,
            evolution: parts.evolution, preferred: summary.preferred, verdict: summary.verdict,
            keptGeneration: result.keptGeneration, timing: timing)
        return try JSONEncoder.forFiles(pretty: true).encode(report) + Data("\n".utf8)
    }
}

extension Estimate {
    /// As it stands in our JSON.
    fileprivate var json: [String: Double] { ["mean": mean, "low": low, "high": high] }
}
