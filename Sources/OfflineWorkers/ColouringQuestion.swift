import Foundation

/// Whether three colours suffice, where some pairs must differ.
struct ColouringQuestion: Sendable, Hashable {
    /// How the pairs are written.
    enum Notation: Sendable, Hashable {
        /// `A-B, A-C, B-D`
        case pairs
        /// `A with B, C; B with D`
        case lists
    }

    /// In the order in which they appear. Things that clash with nothing aren't named, and don't matter.
    var names: [String] = []
    /// Indices of ``names``.
    var edges: [[Int]] = []
    var notation: Notation

    /// `nil` where the text speaks of another number than three, or has no list of pairs.
    init?(_ text: String) {
        guard text.utf8.count <= 8000, text.lowercased().contains("three") else { return nil }
        let name = "[A-Za-z][A-Za-z0-9]*"
        let pairs = Self.longest(#"\#(name)-\#(name)(?:, ?\#(name)-\#(name))*"#, in: text)
        let group = "\(name) with \(name)(?:, ?\(name))*"
        let lists = Self.longest(": \(group)(?:; ?\(group))*\\.", in: text)
        if let lists, lists.utf8.count > (pairs ?? "").utf8.count {
            notation = .lists
            for group in lists.dropFirst(2).dropLast().split(separator: ";") {
                guard let border = group.range(of: " with ") else { return nil }
                for other in group[border.upperBound...].split(separator: ",") { add(group[..<border.lowerBound], other) }
            }
        } else if let pairs {
            notation = .pairs
            for pair in pairs.split(separator: ",") {
                let ends = pair.split(separator: "-")
                guard ends.count == 2 else { return nil }
                add(ends[0], ends[1])
            }
        } else {
            return nil
        }
    }

    private mutating func add(_ first: Substring, _ second: Substring) {
        edges.append(
            [first, second].map { part in
                let name = part.trimmingCharacters(in: .whitespaces)
                if let index = names.firstIndex(of: name) { return index }
                names.append(name)
                return names.count - 1
            })
    }

    private static func longest(_ pattern: String, in text: String) -> String? {
        guard let expression = try? NSRegularExpression(pattern: pattern) else { return nil }
        return expression.matches(in: text, range: NSRange(text.startIndex..., in: text))
            .compactMap { Range($0.range, in: text).map { String(text[$0]) } }
            .max { $0.utf8.count < $1.utf8.count }
    }
}
