import Backbones
import Files
import Foundation
import Routing
import Tensors
import Tokenizers

/// The bundle of a run.
struct ExportStage {
    /// Texts that a bundle carries with their scores.
    private static let probes = 4

    let run: Run

    /// What was written, for people; `nil` where the same bundle stands already.
    func perform(to folder: URL) throws -> String? {
        let inputs = try run.inputs(), sft = try run.finishedSFT(inputs), checkpoint = try run.finishedSearch(inputs)
        let bundle = try bundle(
            run.policy(sft, checkpoint), checkpoint, inputs: inputs, folder: folder.standardizedFileURL)
        guard try bundle.write(to: folder) else { return nil }
        return
            "\(bundle.manifest.workers.count) workers, generation \(checkpoint.search.kept.generation), in \(folder.path)"
    }

    private func bundle(
        _ policy: RoutingPolicy, _ checkpoint: Checkpoint, inputs: RunInputs, folder: URL
    ) throws -> RouterBundle {
        let states = inputs.states, data = inputs.data, train = inputs.split.train
        let kept = checkpoint.search.kept, made = states.provenance
        guard policy.head.width == states.values.columns else {
            throw InputError(
                run.directory.states.path,
                "width \(states.values.columns) is not the policy's \(policy.head.width); run `baton run` again")
        }
        let step = max(1, train.count / Self.probes)
        let rows = Array(stride(from: 0, to: train.count, by: step).prefix(Self.probes)).map { train[$0] }
        let scores = policy.scores(for: states.values.rows(at: rows))
        let requests = try run.texts().requests, readsAll = made.prompt != Prompt.lastUser.rawValue
        let probes = rows.enumerated().map { index, row in
            RouterBundle.Manifest.Probe(
                id: data.outcomes.ids[row], request: requests[row], readsAll: readsAll,
                scores: (0..<scores.columns).map { scores[index, $0] })
        }
        return RouterBundle(
            manifest: RouterBundle.Manifest(
                format: RouterBundle.format, name: run.recipe.name, workers: kept.head.workers, roles: [], turnLimit: 1,
                seed: run.recipe.seed,
                embed: .init(
                    prompt: made.prompt, readout: made.readout, layers: made.layers, normalize: made.normalize,
                    precision: made.precision, maxTokens: made.maxTokens, system: made.system, cut: made.cut),
                backbone: .init(
                    name: made.model, path: relativePath(of: run.recipe.model, from: folder), sha256: made.modelSHA256,
                    width: policy.head.width),
                blocks: RouterBundle.blocks(of: policy),
                weightsSha256: SHA256.hex(of: RouterBundle.weights(of: policy)), probes: probes,
                provenance: .init(
                    states: states.key, search: checkpoint.key, generation: kept.generation,
                    validationReward: kept.validationReward)),
            policy: policy)
    }
}

extension RouterBundle.Manifest.Probe {
    /// `readsAll`: more of a request is read than the user's last text.
    init(id: String, request: Conversation, readsAll: Bool, scores: [Double]) {
        self.init(id: id, text: request.lastUserText, scores: scores)
        if readsAll, request != Conversation(text: text) {
            turns = request.turns.map { Turn(role: $0.role, content: $0.content) }
        }
    }

    var request: Conversation {
        turns.map { Conversation(turns: $0.map { Conversation.Turn(role: $0.role, content: $0.content) }) }
            ?? Conversation(text: text)
    }
}
