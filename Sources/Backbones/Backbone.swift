public import Tensors

/// A language model read for its hidden states; it never generates.
public protocol Backbone: Sendable {
    /// Size of a hidden state.
    var width: Int { get }
    /// Number of layers.
    var layers: Int { get }
    /// Longest text, in tokens.
    var maxTokens: Int { get }
    /// How weights are stored, and what they are multiplied with.
    var precision: Precision { get }
    /// Number of token ids, from 0 on.
    var vocabularySize: Int { get }
    /// Multiplications of one token in the linear maps of all layers.
    var multiplicationsPerToken: Int { get }

    /// One state for each text, `[texts, width]`; of several `levels`, which ascend, one behind the other,
    /// `[texts, levels · width]`. Level 0 is the embeddings, `i` the output of layer `i`; the last layer's alone unless given.
    /// Layers behind the last level are left out, and in that one only what `readout` needs is computed. The same bits for
    /// any number of threads, and for a text alone and among others.
    /// Throws `ModelError` when a text is too long or has an id outside the vocabulary, or the model lacks a level.
    func states(of batch: PackedBatch, readout: Readout, levels: [Int]?, threads: Threads) throws -> Tensor
}

extension Backbone {
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

    /// Throws `ModelError` unless each text fits the model and all its ids are tokens.
    func check(_ batch: PackedBatch) throws {
        guard batch.longest <= maxTokens else {
            throw ModelError("a text has \(batch.longest) tokens, the model has positions for \(maxTokens)")
        }
        if let id = batch.tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw ModelError("token id \(id) is outside the model's vocabulary of \(vocabularySize)")
        }
    }
}
