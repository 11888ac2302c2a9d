import Synchronization
public import Tensors

/// A decoder of the Qwen3, Qwen2 or Llama family, read for its hidden states: pre-RMSNorm, rotary positions, grouped
/// queries, SwiGLU. Results depend neither on the number of threads, nor on what else is in a batch, nor on a prefix cache.
public struct DecoderModel: Backbone {
    let configuration: DecoderConfiguration
    var weights: DecoderWeights
    let rotary: RotaryCache
    /// How weights are stored, and what they are multiplied with.
    public let precision: Precision
    private let workspaces = WorkspacePool()
    /// The end of the last copy of this model waits for it.
    private let writing: PackedWriting?

    /// Reads a model, its matrices at `precision`, laid out by `threads`, or kept from an earlier start as `cache` says. Throws
    /// `ModelError` or `WeightsError`, in one line with the file, when the architecture is none of ours or config and weights
    /// contradict each other.
    public init(
        _ directory: ModelDirectory, precision: Precision = .f32, threads: Threads = .available,
        cache: PackedCache = .standard
    ) throws {
        configuration = try DecoderConfiguration(reading: directory)
        let reader = try WeightsReader(
            directory, optionalPrefix: "model.", landmark: "embed_tokens.weight", precision: precision, threads: threads,
            cache: cache)
        weights = try DecoderWeights(reading: reader, configuration)
        self.precision = precision
        rotary = RotaryCache(configuration.rotary)
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

    public func states(of batch: PackedBatch, readout: Readout, levels: [Int]? = nil, threads: Threads = .one) throws -> Tensor
    {
        try states(of: batch, readout: readout, levels: levels, threads: threads, prefix: nil)
    }

    /// `states` with keys and values of known beginnings taken from `prefix`, and those of the new texts left there where
    /// it `keeps` them. The same bits as without. The mean over all tokens takes no part in it.
    public func states(
        of batch: PackedBatch, readout: Readout, levels: [Int]? = nil, threads: Threads = .one, prefix: PrefixCache?,
        keeps: Bool = true
    ) throws -> Tensor {
        let levels = levels ?? [layers]
        try check(batch)
        try check(levels: levels)
        guard batch.count > 0 else { return Tensor(zeros: [0, levels.count * width]) }
        let top = levels.last ?? layers
        let kept = readout == .mean ? nil : prefix
        let known = kept.map { cache in
            (0..<batch.count).map { text in
                let tokens = batch.tokens[batch.range(text)], read = readout.token(of: tokens.count) ?? 0
                return cache.beginning(of: tokens, atMost: read, layers: top)
            }
        }
        var task = DecoderTask(batch: batch, readout: readout, levels: levels, known: known)
        let bytes = PrefixBlock.bytes(layers: top, columns: 2 * configuration.keyWidth)
        if keeps, let kept, let known {
            let missing = (0..<batch.count).reduce(0) { $0 + task.missingBlocks($1) }
            task.newBlocks = kept.makeRoom(for: missing, bytes: bytes, beside: known.flatMap(\.self))
        }
        return workspaces.withWorkspace { workspace in
            let pass = DecoderPass(self, task, workspace: workspace, workers: threads.count)
            threads.run(stages: pass.stages.map(\.pieces)) { stage, piece, worker in pass.stages[stage].run(piece, worker) }
            if keeps, let kept {
                kept.giveBack(task.newBlocks * bytes)
                pass.captured.enumerated().forEach { kept.keep($1, of: batch.tokens[batch.range($0)]) }
            }
            return pass.states.tensor
        }
    }

    /// The states of all tokens as they enter layer `layer`, from 0 on: for passes that differ from there on alone.
    /// Throws as `states` does, and when the model lacks the layer.
    public func activations(entering layer: Int, of batch: PackedBatch, threads: Threads = .one) throws -> Activations {
        try check(batch)
        try check(layer: layer)
        guard batch.count > 0 else { return Activations(layer: layer, batch: batch, states: Tensor(zeros: [0, width])) }
        let task = DecoderTask(batch: batch, readout: .mean, levels: [layer], known: nil)
        return workspaces.withWorkspace { workspace in
            let pass = DecoderPass(self, task, workspace: workspace, workers: threads.count)
            threads.run(stages: pass.stages.map(\.pieces)) { stage, piece, worker in pass.stages[stage].run(piece, worker) }
            return Activations(layer: layer, batch: batch, states: pass.hidden.tensor)
        }
    }

    /// `states` of the texts that `activations` belong to, computed from their layer on: the same bits as from the tokens,
    /// where the layers before are those that made them. Levels before that layer can't be read.
    public func states(
        from activations: Activations, readout: Readout, levels: [Int]? = nil, threads: Threads = .one
    ) throws -> Tensor {
        let levels = levels ?? [layers]
        try check(activations.batch)
        try check(levels: levels)
        try check(layer: activations.layer)
        guard activations.states.columns == width, levels[0] >= activations.layer else {
            throw ModelError(
                "states of width \(activations.states.columns) that enter layer \(activations.layer) cannot give level \(levels[0]) of a model of width \(width)"
            )
        }
        guard activations.batch.count > 0 else { return Tensor(zeros: [0, levels.count * width]) }
        var task = DecoderTask(batch: activations.batch, readout: readout, levels: levels, known: nil)
        task.entering = activations
        return workspaces.withWorkspace { workspace in
            let pass = DecoderPass(self, task, workspace: workspace, workers: threads.count)
            threads.run(stages: pass.stages.map(\.pieces)) { stage, piece, worker in pass.stages[stage].run(piece, worker) }
            return pass.states.tensor
        }
    }

    func check(layer: Int) throws {
        guard layer >= 0, layer < layers else { throw ModelError("layer \(layer) of a model with layers 0 to \(layers - 1)") }
    }

    /// All levels, for comparison with a reference: level 0 is the embeddings, level `i` the output of layer `i` before any
    /// final norm; each `[tokens, width]`. Throws as `states` does.
    public func hiddenStates(of batch: PackedBatch, threads: Threads = .one) throws -> [Tensor] {
        try check(batch)
        guard batch.count > 0 else { return [] }
        let task = DecoderTask(batch: batch, readout: .mean, levels: [layers], known: nil)
        return workspaces.withWorkspace { workspace in
            let pass = DecoderPass(self, task, workspace: workspace, workers: threads.count)
            var levels: [Tensor] = []
            for stage in pass.stages {
                threads.run(stages: [stage.pieces]) { _, piece, worker in stage.run(piece, worker) }
                if stage.completesLevel { levels.append(pass.hidden.tensor) }
            }
            return levels
        }
    }
}

/// The rotary table, as long as any text has needed so far. A class because all copies of a model share it.
final class RotaryCache: Sendable {
    private let embedding: RotaryEmbedding
    private let table: Mutex<RotaryTable>

    init(_ embedding: RotaryEmbedding) {
        self.embedding = embedding
        table = Mutex(embedding.table(positions: 0..<0))
    }

    /// A table of at least `positions` positions.
    func table(positions: Int) -> RotaryTable {
        table.withLock { table in
            if table.positions < positions { table = embedding.table(positions: 0..<max(positions, 2 * table.positions)) }
            return table
        }
    }
}
