/// Which state of a level stands for a text.
public enum Readout: String, Codable, Sendable, CaseIterable {
    /// The token before the last: for BERT the one before `[SEP]`. The only token of a one-token text.
    case penultimate
    /// The last token: for BERT `[SEP]`.
    case last
    /// The first token: for BERT `[CLS]`.
    case cls
    /// The mean over all tokens.
    case mean

    /// The token that is read of a text of `count` tokens; nil when all are.
    func token(of count: Int) -> Int? {
        switch self {
        case .penultimate: max(0, count - 2)
        case .last: count - 1
        case .cls: 0
        case .mean: nil
        }
    }
}

/// Which levels of a model are read: how it sees a text from its words up to its meaning.
public enum Levels: Sendable, Equatable {
    /// The output of the last layer, which is what the model was trained for.
    case last
    /// The embeddings, the middle layer and the last one: words, phrases and sense. What a router needs to know is often
    /// lost on the way to the last layer (`Experiments/04-better-head`).
    case spread
    /// These: 0 is the embeddings, `i` the output of layer `i`.
    case numbers([Int])

    /// The levels of a model of `layers` layers, ascending.
    public func numbers(layers: Int) -> [Int] {
        switch self {
        case .last: [layers]
        case .spread: Set([0, layers / 2, layers]).sorted()
        case .numbers(let numbers): numbers
        }
    }
}
