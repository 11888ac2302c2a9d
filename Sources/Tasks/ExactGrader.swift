import Files

/// Right is what is the target, letter by letter, once marks of the answer and ornaments around it are off.
struct ExactGrader: Grader {
    let version = 1
    private let ignoresCase: Bool, trims: Bool, takesFinalLine: Bool
    private let tag: String?

    init(_ options: inout GraderOptions) throws(InputError) {
        ignoresCase = try options.flag("ignore_case", default: false)
        trims = try options.flag("trim", default: true)
        takesFinalLine = try options.flag("final_line", default: false)
        tag = try options.text("tag")
    }

    func objection(to target: String) -> String? { normal(target).isEmpty ? "nothing is left of the target" : nil }

    func grade(_ answer: String, for problem: Problem) -> Score {
        guard let read = part(of: answer), !read.trimmed.isEmpty else {
            return Score(0, tag.map { "no <\($0)>" } ?? "an empty answer", status: .wrongFormat)
        }
        // A target may itself look like an ornament or a mark, so the answer as it stands counts too.
        let isRight = normal(read) == normal(problem.target) || folded(answer) == folded(problem.target)
        return isRight ? Score(1, "the target") : Score(0, "not the target")
    }

    /// The part of an answer that is compared.
    private func part(of answer: String) -> String? {
        if let tag { return MarkedAnswer.tag(tag, in: answer) }
        if let marked = MarkedAnswer.all(in: answer).first { return marked }
        if takesFinalLine { return answer.split(whereSeparator: \.isNewline).last { !$0.trimmed.isEmpty }.map(String.init) }
        return answer
    }

    private func folded(_ text: String) -> String { ignoresCase ? text.lowercased() : text }

    /// Without white space and ornaments at the ends, and one final full stop.
    private func normal(_ text: String) -> String {
        guard trims else { return folded(text) }
        var rest = text.trimmed[...]
        for _ in 0..<8 {
            guard
                let pair = Self.ornaments.first(where: {
                    rest.hasPrefix($0.0) && rest.hasSuffix($0.1) && rest.count > $0.0.count + $0.1.count
                })
            else { break }
            rest = rest.dropFirst(pair.0.count).dropLast(pair.1.count)
        }
        if rest.count > 1, rest.hasSuffix("."), !rest.hasSuffix("..") { rest = rest.dropLast() }
        if rest.count > 4, rest.hasPrefix("**"), rest.hasSuffix("**") { rest = rest.dropFirst(2).dropLast(2) }
        return folded(rest.trimmed)
    }

    private static let ornaments = [
        ("**", "**"), ("`", "`"), ("\"", "\""), ("“", "”"), ("'", "'"), ("$", "$"), ("\\text{", "}"), ("\\(", "\\)"),
    ]
}
