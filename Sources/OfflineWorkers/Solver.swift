import Chat

/// One kind of program behind a chat interface. It reads only the wordings that its own front end knows; what it
/// doesn't understand it says so about, or, where that is its nature, answers wrongly. No success rate is made up.
protocol Solver: Sendable {
    /// The worker's model id: `cas`, `nt`, `smt` …
    static var name: String { get }
    /// Whether the seed doesn't matter.
    static var isDeterministic: Bool { get }

    /// The answer to `question`, a pure function of it and `seed`, on an idle machine and on a loaded one.
    ///
    /// Throws ``Chat/CallFailure`` of kind `infrastructure` where the outer guard on wall time fires or the program dies:
    /// that is no answer.
    func answer(to question: String, seed: UInt64) async throws -> String
}
