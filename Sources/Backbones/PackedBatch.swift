/// Texts laid one after another, without padding.
public struct PackedBatch: Sendable, Equatable {
    /// The ids of all texts.
    public let tokens: [Int32]
    /// Text `i` has the tokens `bounds[i] ..< bounds[i + 1]`.
    public let bounds: [Int]
    /// The segment of each token; empty when all are of segment 0.
    public let segments: [Int32]

    /// A batch of `texts`, none of them without tokens. `segments` has a list for each text, or is empty.
    public init(_ texts: [[Int32]], segments: [[Int32]] = []) {
        precondition(texts.allSatisfy { !$0.isEmpty }, "a text without tokens has no state")
        precondition(segments.isEmpty || segments.map(\.count) == texts.map(\.count), "each token needs a segment")
        tokens = texts.flatMap { $0 }
        bounds = texts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        self.segments = segments.flatMap { $0 }
    }

    /// Number of texts.
    public var count: Int { bounds.count - 1 }

    /// The tokens of text `index`.
    func range(_ index: Int) -> Range<Int> { bounds[index]..<bounds[index + 1] }

    /// Tokens of the longest text.
    var longest: Int { (0..<count).map { range($0).count }.max() ?? 0 }
}
