public import Tensors

/// A BERT (Devlin et al. 2018), read for its hidden states: post-LayerNorm encoder, absolute positions, GELU by the
/// error function. Results do not depend on the number of threads, nor on what else is in a batch.
public struct BERT: Backbone {
    let configuration: BERTConfiguration
    let weights: BERTWeights
    /// How weights are stored, and what they are multiplied with.
    public let precision: Precision
    private let workspaces = WorkspacePool()

    /// The end of the last copy of this model waits for it.
    private let writing: PackedWriting?

    /// Reads a model, its matrices at `precision`, laid out by `threads`, or kept from an earlier start as `cache` says. Throws
    /// `ModelError` or `WeightsError`, in one line with the file, when the architecture is not BERT's or config and weights
    /// contradict each other.
    public init(
        _ directory: ModelDirectory, precision: Precision = .f32, threads: Threads = .available,
        cache: PackedCache = .standard
    ) throws {
        configuration = try BERTConfiguration(reading: directory)
        let reader = try WeightsReader(
            directory, optionalPrefix: "bert.", landmark: BERTWeights.table, precision: precision, threads: threads,
            cache: cache)
        weights = try BERTWeights(reading: reader, configuration)
        self.precision = precision
        writing = reader.finish(weights.maps)
    }

    /// Size of a hidden state.
    public var width: Int { configuration.width }

    /// Number of layers.
    public var layers: Int { configuration.layers }

    /// Longest text, in tokens.
    public var maxTokens: Int { configuration.positions }

    /// Number of token ids.
    public var vocabularySize: Int { configuration.vocabulary }

    /// One state for each text, `[texts, width]`; of several `levels`, which ascend, one behind the other,
    /// `[texts, levels · width]`. Level 0 is the embeddings, `i` the output of layer `i`; the last layer's alone unless given.
    /// Layers behind the last level are left out, and in that one only what `readout` needs is computed.
    /// Throws `ModelError` when a text is too long or has an id outside the vocabulary, or the model lacks a level.
    public func states(of batch: PackedBatch, readout: Readout, levels: [Int]? = nil, threads: Threads = .one) throws -> Tensor
    {
        let levels = levels ?? [layers]
        try check(batch)
        try checkSegments(batch)
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
        try checkSegments(batch)
        guard batch.count > 0 else { return [] }
        return workspaces.withWorkspace { workspace in
            let pass = BERTPass(
                self, batch, readout: .mean, levels: [layers], workspace: workspace, workers: threads.count)
            var levels: [Tensor] = []
            for stage in pass.stages {
                threads.run(stages: [stage.pieces]) { _, piece, worker in stage.run(piece, worker) }
                if stage.completesLevel { levels.append(pass.hidden.floats.tensor) }
            }
            return levels
        }
    }

    private func checkSegments(_ batch: PackedBatch) throws {
        if let id = batch.segments.first(where: { $0 < 0 || $0 >= configuration.segments }) {
            throw ModelError("segment \(id) is outside the model's \(configuration.segments)")
        }
    }
}
