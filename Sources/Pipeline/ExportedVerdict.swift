import Routing
import Statistics

/// What the exported policy earned on test beside every simpler one, paired by task, and what those tasks could show.
struct ExportedVerdict {
    /// The method that is exported, and those that it is compared with.
    static let exported = "evolved", yardsticks = ["sft", "best_single", "domain_table", "knn"]

    /// Mean difference with its 95 % interval, in the order of ``yardsticks``.
    var versus: [(method: String, difference: Estimate)]
    var power: PowerStatement

    init(_ result: SplitResult, outcomes: Outcomes, bootstrap: Int, seed: UInt64) {
        let own = result.method(Self.exported)?.rewards ?? []
        let others = Self.yardsticks.compactMap { result.method($0) }
        let differences = others.map { zip(own, $0.rewards).map { $0 - $1 } }
        let tests = Bootstrap.paired(
            methods: differences, clusters: result.testRows, replicates: bootstrap, seed: seed)
        versus = zip(others, tests).map { ($0.name, $1.estimate) }
        let single = others.firstIndex { $0.name == "best_single" }
        power = PowerStatement(
            part: "test", differences: single.map { differences[$0] } ?? [0], table: outcomes.table.rows(at: result.testRows))
    }
}
