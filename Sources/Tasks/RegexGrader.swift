import Files

/// Right is what a pattern matches: somewhere in the answer, or all of it.
struct RegexGrader: Grader {
    let version = 1
    private let pattern: Pattern
    private let isWhole: Bool

    /// Longer answers are not read: that bounds the time, with ``Pattern/longest``.
    private static let longestAnswer = 1 << 16

    init(_ options: inout GraderOptions) throws(InputError) {
        guard let text = try options.text("pattern") else {
            throw options.error("pattern", "is missing; the regex grader needs one")
        }
        isWhole = try options.flag("whole", default: false)
        let ignoresCase = try options.flag("ignore_case", default: false)
        do {
            pattern = try Pattern(text, ignoresCase: ignoresCase)
        } catch {
            throw options.error("pattern", "cannot be used: \(error)")
        }
    }

    func objection(to target: String) -> String? {
        pattern.matches(target.trimmed, wholly: isWhole) ? nil : "the pattern does not match it; write an answer that is right"
    }

    func grade(_ answer: String, for problem: Problem) -> Score {
        let answer = answer.trimmed
        guard !answer.isEmpty else { return Score(0, "an empty answer", status: .wrongFormat) }
        guard answer.utf8.count <= Self.longestAnswer else { return Score(0, "longer than 64 KiB", status: .wrongFormat) }
        return pattern.matches(answer, wholly: isWhole) ? Score(1, "matches") : Score(0, "does not match")
    }
}
