import Synchronization
public import Tensors

/// A BERT (Devlin et al. 2018), read for its hidden states: post-LayerNorm encoder, absolute positions, GELU by the
/// error function, float32. Results do not depend on the number of threads, nor on what else is in a batch.
public struct BERT: Sendable {
    let configuration: BERTConfiguration
    let weights: BERTWeights
    private let workspaces = WorkspacePool()

    /// Reads a model. Throws `ModelError` or `WeightsError`, in one line with the file, when the architecture is not
    /// BERT's or config and weights contradict each other.
    public init(_ directory: ModelDirectory) throws {
        configuration = try BERTConfiguration(reading: directory)
        let mapped = try MappedWeights(shards: directory.weightFiles)
        weights = try BERTWeights(reading: mapped, configuration)
        mapped.releasePages()
    }

    /// Size of a hidden state.
    public var width: Int { configuration.width }

    /// Number of layers.
    public var layers: Int { configuration.layers }

    /// Longest text, in tokens.
    public var maxTokens: Int { configuration.positions }

    /// One state for each text, `[texts, width]`; of several `levels`, which ascend, one behind the other,
    /// `[texts, levels · width]`. Level 0 is the embeddings, `i` the output of layer `i`; the last layer's alone unless given.
    /// Layers behind the last level are left out, and in that one only what `readout` needs is computed.
    /// Throws `ModelError` when a text is too long or has an id outside the vocabulary, or the model lacks a level.
    public func states(of batch: PackedBatch, readout: Readout, levels: [Int]? = nil, threads: Threads = .one) throws -> Tensor
    {
        let levels = levels ?? [layers]
        try check(batch)
        try check(levels: levels)
        guard batch.count > 0 else { return Tensor(zeros: [0, levels.count * width]) }
        return workspaces.withWorkspace { workspace in
            let pass = BERTPass(
                self, batch, readout: readout, levels: levels, workspace: workspace, workers: threads.count)
            threads.run(stages: pass.stages.map(\.pieces)) { stage, piece, worker in pass.stages[stage].run(piece, worker) }
            return pass.states.tensor
        }
    }

    /// All levels, for comparison with a reference: level 0 is the embeddings after their LayerNorm, level `i` the
    /// output of layer `i`; each `[tokens, width]`. Throws as `states` does.
    public func hiddenStates(of batch: PackedBatch, threads: Threads = .one) throws -> [Tensor] {
        try check(batch)
        guard batch.count > 0 else { return [] }
        return workspaces.withWorkspace { workspace in
            let pass = BERTPass(
                self, batch, readout: .mean, levels: [layers], workspace: workspace, workers: threads.count)
            var levels: [Tensor] = []
            for stage in pass.stages {
                threads.run(stages: [stage.pieces]) { _, piece, worker in stage.run(piece, worker) }
                if stage.completesLevel { levels.append(pass.hidden.tensor) }
            }
            return levels
        }
    }

    /// Throws `ModelError` unless `levels` ascend and the model has them.
    func check(levels: [Int]) throws {
        guard let first = levels.first, let last = levels.last, first >= 0, last <= layers,
            zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            let given = levels.map(String.init).joined(separator: ", ")
            throw ModelError(
                "levels \(given): expected ascending numbers from 0 (the embeddings) to \(layers), the model's layers")
        }
    }

    private func check(_ batch: PackedBatch) throws {
        guard batch.longest <= configuration.positions else {
            throw ModelError("a text has \(batch.longest) tokens, the model has positions for \(configuration.positions)")
        }
        if let id = batch.tokens.first(where: { $0 < 0 || $0 >= configuration.vocabulary }) {
            throw ModelError("token id \(id) is outside the model's vocabulary of \(configuration.vocabulary)")
        }
        if let id = batch.segments.first(where: { $0 < 0 || $0 >= configuration.segments }) {
            throw ModelError("segment \(id) is outside the model's \(configuration.segments)")
        }
    }
}

/// Workspaces that passes leave for the next: as many as passes ran at the same time.
/// A class because the free ones are shared.
private final class WorkspacePool: Sendable {
    private let free = Mutex<[Workspace]>([])

    func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
        let workspace = free.withLock { $0.popLast() } ?? Workspace()
        defer { free.withLock { $0.append(workspace) } }
        return body(workspace)
    }
}
