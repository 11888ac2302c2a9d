import Chat
import Files
import Foundation
public import Labelling
import Ledger
import Routing
import Tasks
import Tokenizers

/// Tasks, plan and labels of a live run, from one reading of its ledger.
struct RunLabels {
    var tasks: RunTasks
    var plan: LabelPlan
    var matrix: LabelMatrix
}

extension Run {
    /// The requests that a run embeds, whatever their labels are.
    func texts() throws -> (ids: [String], requests: [Conversation]) {
        switch recipe.source {
        case .recorded:
            let outcomes = try outcomes()
            return (outcomes.ids, outcomes.prompts.map { Conversation(text: $0) })
        case .live(let live):
            let tasks = try RunTasks(reading: live)
            return (tasks.ids, tasks.requests)
        }
    }

    /// Who solved what, how often: from the recorded folder, or from the run's ledger.
    ///
    /// Throws ``InputError`` where the label stage has not begun.
    func outcomes() throws -> Outcomes { try outcomesAndLabels().outcomes }

    /// The same, with the labels that were counted where the run has a ledger.
    func outcomesAndLabels() throws -> (outcomes: Outcomes, labels: RunLabels?) {
        switch recipe.source {
        case .recorded(let folder, _): return (try Outcomes(reading: folder), nil)
        case .live(let live):
            let labels = try labels(of: live)
            let outcomes = Outcomes(
                labels.matrix, plan: labels.plan, split: labels.tasks.split, name: recipe.name, at: directory.ledger)
            return (outcomes, labels)
        }
    }

    private func labels(of live: LiveSettings) throws -> RunLabels {
        try directory.require(directory.ledger, from: .label)
        let tasks = try RunTasks(reading: live), plan = try plan(live, tasks: tasks)
        return RunLabels(tasks: tasks, plan: plan, matrix: try matrix(plan, live))
    }

    /// Every worker on every task of a live recipe.
    func plan(_ live: LiveSettings, tasks: RunTasks) throws -> LabelPlan {
        try LabelPlan(tasks: tasks.problems, workers: try access.describe(live.pool).workers, repeats: live.repeats)
    }

    /// The labels of `plan` in the run's ledger.
    func matrix(_ plan: LabelPlan, _ live: LiveSettings) throws -> LabelMatrix {
        let file = directory.ledger
        return try Blocking.wait { try await LabelMatrix(reading: file, plan: plan, budget: live.budget) }
    }

    /// The labels so far, also while another process makes more of them.
    ///
    /// Throws ``InputError`` where the run has recorded outcomes, or no ledger yet.
    public func labels() throws -> LabelMatrix {
        guard case .live(let live) = recipe.source else {
            throw InputError(directory.url.path, "has recorded outcomes; `baton inspect` shows them")
        }
        return try labels(of: live).matrix
    }
}

extension Outcomes {
    /// The counts of a matrix. A cell whose calls failed is missing, not zero.
    init(_ matrix: LabelMatrix, plan: LabelPlan, split: Split, name: String, at file: URL) {
        url = file
        self.name = name
        ids = plan.tasks.map(\.id)
        domains = plan.tasks.map(\.domain)
        prompts = plan.tasks.map { $0.request.lastUserText }
        table = OutcomeTable(workers: plan.workers.map(\.name), successes: matrix.successes, samples: matrix.samples)
        splits = ["tasks": split]
        deterministicWorkers = Set(plan.workers.filter(\.isDeterministic).map(\.name))
    }
}
