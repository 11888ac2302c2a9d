/// Why a tokenizer file cannot be used: one line with the file and the part.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    // More of a file's own text than this helps nobody.
    private static let longest = 1000

    /// An error that says `description`. It may hold text of a file: line breaks and other control characters are
    /// written as escapes, and what is too long is cut.
    public init(_ description: String) {
        var line = ""
        for (index, scalar) in description.unicodeScalars.enumerated() {
            guard index < Self.longest else {
                line += "…"
                break
            }
            let isControl = scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
            line += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
        self.description = line
    }
}
