/// Text to token ids and back, exact to a reference library.
public protocol Tokenizer: Sendable {
    /// All ids that it gives are at least 0 and below this.
    var vocabularySize: Int { get }
    /// The token with the highest id.
    var highestToken: String { get }
    /// Ids that stand before and behind every text: `[CLS]` and `[SEP]`, or a token of beginning.
    var prefix: [Int32] { get }
    var suffix: [Int32] { get }

    /// The first `limit` ids of the text alone, without those around it; all when it has no more. Of a long text not
    /// much more than these is read.
    func ids(of text: String, atMost limit: Int) -> [Int32]

    /// The text of `tokens`, as the reference library has it with special tokens kept. Unknown ids are left out.
    func decode(_ tokens: [Int32]) -> String
}

/// The part of a too long text that is left out.
public enum Truncation: String, Codable, Sendable, CaseIterable {
    /// Its beginning: the end is kept.
    case head
    /// Its end: the beginning is kept.
    case tail
    /// What is between the first half of the tokens that fit and the second.
    case middle

    /// `ids` without some of those in `region`, so that at most `limit` are left where the rest allows; the first half
    /// is the longer one.
    public func cut(_ ids: [Int32], in region: Range<Int>, to limit: Int) -> [Int32] {
        let excess = min(ids.count - limit, region.count)
        guard excess > 0 else { return ids }
        let kept = region.count - excess
        let first =
            switch self {
            case .head: region.lowerBound
            case .tail: region.lowerBound + kept
            case .middle: region.lowerBound + (kept + 1) / 2
            }
        return Array(ids[..<first] + ids[(first + excess)...])
    }
}

/// The ids of one text, and whether it was cut.
public struct Encoding: Sendable, Equatable {
    public let ids: [Int32]
    /// How many the whole text has, those around it counted.
    public let total: Int
    public var isCut: Bool { ids.count < total }

    public init(ids: [Int32], total: Int) {
        self.ids = ids
        self.total = total
    }
}

extension Tokenizer {
    /// The ids of `text` between the tokenizer's own.
    public func encode(_ text: String) -> [Int32] { prefix + ids(of: text, atMost: .max) + suffix }

    /// The same with at most `maxTokens` ids: the text's own are cut at the end, the tokenizer's stay, so that fewer
    /// than these cannot be had. Of a long text only the beginning is read.
    public func encode(_ text: String, maxTokens: Int) -> [Int32] {
        prefix + ids(of: text, atMost: max(0, maxTokens - prefix.count - suffix.count)) + suffix
    }

    /// The same, cut where `truncation` says, with the number of ids that the whole text has: all of it is read.
    public func encode(_ text: String, maxTokens: Int, cutting truncation: Truncation) -> Encoding {
        let whole = encode(text), body = prefix.count..<whole.count - suffix.count
        return Encoding(ids: truncation.cut(whole, in: body, to: maxTokens), total: whole.count)
    }
}
