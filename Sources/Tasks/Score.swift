/// What a grader says of an answer.
public struct Score: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        /// The answer was read; `value` says how right it is.
        case graded
        /// Nothing in the answer has the form that the grader reads. Worth nothing, and told apart.
        case wrongFormat = "wrong_format"
    }

    public var status: Status
    /// Between 0 (wrong) and 1 (right).
    public var value: Double
    /// One line on why.
    public var reason: String

    public init(_ value: Double, _ reason: String, status: Status = .graded) {
        self.status = status
        self.value = value
        self.reason = reason
    }
}
