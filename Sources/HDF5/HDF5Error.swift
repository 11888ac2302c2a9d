/// What went wrong with an HDF5 file: one line with the file, the object, and the library's own words.
public struct HDF5Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, as it was named by the caller.
    public let path: String
    /// The dataset, group or attribute inside the file; empty where the whole file is meant.
    public let object: String
    /// What was wrong; for a refused call, its name and the library's innermost message.
    public let reason: String

    /// `file: object: reason`, always one line.
    public var description: String {
        let whole = object.isEmpty ? "\(path): \(reason)" : "\(path): \(object): \(reason)"
        return String(whole.map { $0.isNewline ? " " : $0 })
    }
}
