import Foundation
import Tensors

/// Hidden states of all tasks: `states.h5`.
struct EmbedStage {
    let run: Run

    /// What was made, for people; `nil` where the states of the same inputs stand already.
    func perform() throws -> String? {
        let (folder, _) = try run.outcomes()
        let embedding = try Embedding(model: run.recipe.model, settings: run.recipe.embed)
        let file = run.directory.states
        let standing = try run.directory.key(of: file)
        try run.keepRecipe()
        if standing == embedding.key(ids: folder.ids, texts: folder.prompts) { return nil }
        let states = try embedding.states(ids: folder.ids, texts: folder.prompts, threads: run.threads, monitor: run.monitor)
        try states.write(to: file)
        return "\(states.ids.count) states of width \(states.values.columns) in \(file.path)"
    }
}
