import Files

/// How a stage tells what it does and learns that it should stop. Stages themselves print nothing.
public struct Monitor: Sendable {
    /// How far one piece of work is.
    public struct Progress: Sendable {
        /// What is done: `embed`, `evolve` …
        public var label: String
        public var done: Int, total: Int
        /// The newest number worth seeing.
        public var detail: String
    }

    let progressed: @Sendable (Progress) -> Void
    let noted: @Sendable (String) -> Void
    let stopping: @Sendable () -> Bool

    /// `note` takes whole lines, `progress` what may overwrite itself; `shouldStop` is true once a signal came.
    public init(
        note: @escaping @Sendable (String) -> Void, progress: @escaping @Sendable (Progress) -> Void,
        shouldStop: @escaping @Sendable () -> Bool
    ) {
        noted = note
        progressed = progress
        stopping = shouldStop
    }

    /// Says nothing and never stops.
    public static let silent = Monitor(note: { _ in }, progress: { _ in }, shouldStop: { false })

    func note(_ line: String) { noted(line) }

    func progress(_ label: String, _ done: Int, of total: Int, detail: String = "") {
        progressed(Progress(label: label, done: done, total: total, detail: detail))
    }

    /// Throws ``Interrupted`` once a signal came.
    func checkpoint(_ place: @autoclosure () -> String) throws {
        if stopping() { throw Interrupted(place()) }
    }
}
