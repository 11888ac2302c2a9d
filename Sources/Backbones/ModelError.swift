import Files

/// Why a model directory cannot be used, or a text not be read: one line.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// An error that says `description`, in one line whatever a file's text in it is.
    public init(_ description: String) { self.description = description.oneLine }
}
