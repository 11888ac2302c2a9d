import Backbones

/// Which of many texts were longer than the backbone reads, and so were cut.
public struct Cuts: Sendable, Equatable {
    public private(set) var count = 0
    /// The id of the first one.
    public private(set) var first: String?

    /// None yet.
    public init() {}

    init(count: Int, first: String?) { (self.count, self.first) = (count, first) }

    mutating func add(_ requests: [RequestTokens], ids: [String]) {
        for (request, id) in zip(requests, ids) where request.isCut {
            count += 1
            first = first ?? id
        }
    }

    /// For people; empty where nothing was cut.
    public func note(_ made: States.Provenance) -> String {
        guard let first else { return "" }
        let subject = count == 1 ? "1 text was" : "\(count) texts were"
        return "; \(subject) cut to \(made.maxTokens) tokens at the \(made.cut), \(count == 1 ? "" : "the first ")\"\(first)\""
    }
}
