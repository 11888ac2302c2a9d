/// Which final-layer state of a text stands for it.
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
