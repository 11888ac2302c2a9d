public import Files
import Foundation

/// A key that prints as `[redacted]`, whoever prints it and however.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// For the header that carries it, and for ``Redactor``; for nothing else.
    let value: String

    public init(_ value: String) { self.value = value }

    /// The key in the environment variable `variable`.
    ///
    /// `place` is where the variable is named, for the error: a pool file and its provider; `environment` is the process's own
    /// where none is given. Throws `InputError` where the
    /// variable is missing or empty, or holds what no header may carry; the value is in no message.
    public static func fromEnvironment(
        _ variable: String, place: String, environment: [String: String]? = nil
    ) throws(InputError) -> Secret {
        guard let value = (environment ?? ProcessInfo.processInfo.environment)[variable] else {
            throw InputError(place, "the environment variable \(variable) is not set; export it")
        }
        guard !value.isEmpty else {
            throw InputError(place, "the environment variable \(variable) is empty; export the key in it")
        }
        guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw InputError(
                place,
                "the environment variable \(variable) holds a blank or another character that no key has; export it again")
        }
        return Secret(value)
    }

    public var description: String { "[redacted]" }
    public var debugDescription: String { "[redacted]" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
