/// What a user gave is wrong: a file, a key, a value. Nothing was written. Exit status 2.
public struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: where, what is wrong, what to do.
    public let description: String

    /// `place` is a file, a file with its line, or a key.
    public init(_ place: String, _ problem: String) {
        description = "\(place): \(problem)".oneLine
    }
}

/// The job could not be done by this machine now, a full disk say. What is durable is kept, and the same command
/// goes on. Exit status 1.
public struct JobError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: where, what failed, what to do.
    public let description: String

    /// `place` is the file or step that failed.
    public init(_ place: String, _ problem: String) {
        description = "\(place): \(problem)".oneLine
    }
}

/// A signal asked for the end; everything up to here is durable, and the same command goes on. Exit status 75.
public struct Interrupted: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// `place` says how far the work had come.
    public init(_ place: String) {
        description = "stopped by a signal \(place); the same command goes on"
    }
}

/// A limit that the user stated, of money or hours, was reached; everything up to here is durable, and the same command
/// goes on once the limit is raised. Exit status 3.
public struct LimitReached: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: which limit, how far the work has come, what to do.
    public let description: String

    /// `place` is the key that states the limit.
    public init(_ place: String, _ progress: String) {
        description = "\(place): \(progress)"
    }
}
