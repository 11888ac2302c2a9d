extension String {
    // More of a file's own text than this helps nobody.
    private static let longestLine = 1000

    /// The text as one line of a message. It may hold what a stranger's file says: line breaks and other control characters
    /// are written as escapes, and what is too long is cut.
    public var oneLine: String {
        var line = ""
        for (index, scalar) in unicodeScalars.enumerated() {
            guard index < Self.longestLine else { return line + "…" }
            let isControl = scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}"
            line += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return line
    }
}
