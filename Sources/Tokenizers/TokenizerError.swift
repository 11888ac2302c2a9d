import Files

/// Why a tokenizer file cannot be used: one line with the file and the part.
public struct TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// An error that says `description`, in one line whatever a file's text in it is.
    public init(_ description: String) { self.description = description.oneLine }
}
