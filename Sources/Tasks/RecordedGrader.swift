public import Files

/// Stands in tasks whose outcomes were recorded elsewhere: nobody knows any more what a right answer is, so none is graded.
public struct RecordedGrader: Grader {
    /// What tasks call it.
    public static let name = "recorded"

    public let version = 1

    public func objection(to target: String) -> String? { nil }

    /// Throws ``Files/InputError``, always.
    public func grade(_ answer: String, for problem: Problem) throws -> Score { throw Self.refusal(of: problem) }

    /// Why answers to `problem` can't be graded.
    public static func refusal(of problem: Problem) -> InputError {
        InputError(
            "task \(problem.id)",
            "its outcomes were recorded elsewhere, so no new answer can be graded; give it a grader and a target")
    }
}
