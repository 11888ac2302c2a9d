import Foundation
import Tensors

/// Hidden states of all tasks: `states.h5`.
struct EmbedStage {
    let run: Run

    /// What was made, for people; `nil` where the states of the same inputs stand already.
    func perform() throws -> String? {
        let texts = try run.texts(), file = run.directory.states
        if case .recorded = run.recipe.source { _ = try run.outcomes().split(named: run.recipe.split) }
        let embedding = try Embedding(model: run.recipe.model, settings: run.recipe.embed)
        let standing = try run.standing(file) { try States(reading: file).key }
        if standing == embedding.key(ids: texts.ids, requests: texts.requests) { return nil }
        try run.prepareFolder()
        let states = try embedding.states(
            ids: texts.ids, requests: texts.requests, threads: run.threads, monitor: run.monitor)
        try states.write(to: file)
        return
            "\(states.ids.count) states of width \(states.values.columns) in \(file.path)\(states.cuts.note(states.provenance))"
    }
}
