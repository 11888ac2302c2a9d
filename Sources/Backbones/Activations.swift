public import Tensors

/// What a model has computed of some texts up to a layer: the states of all their tokens.
public struct Activations: Sendable, Equatable {
    /// The layer that the states enter, from 0 on; the embeddings enter layer 0.
    public let layer: Int
    /// The texts.
    public let batch: PackedBatch
    /// `[tokens, width]`.
    public let states: Tensor

    init(layer: Int, batch: PackedBatch, states: Tensor) {
        self.layer = layer
        self.batch = batch
        self.states = states
    }
}
