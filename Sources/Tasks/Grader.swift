public import Chat
public import Files

/// Decides whether an answer is right. Made once for a problem, with its options; then used for all answers to it.
public protocol Grader: Sendable {
    /// Goes up when any answer may get another score: what was graded by another version is graded again.
    var version: Int { get }

    /// Why no answer could be compared with `target`; `nil` where answers can.
    func objection(to target: String) -> String?

    /// How right `answer` is. Depends on nothing but the answer, the target and the options.
    ///
    /// Throws where this machine could not tell, which is no wrong answer.
    func grade(_ answer: String, for problem: Problem) async throws -> Score
}

/// The graders by name.
public enum Graders {
    public static let names = ["choice", "exact", "number", "program", "regex"]

    /// The grader of that name with `options`; errors name `place`. Without a sandbox, a grader that runs programs refuses each
    /// answer with ``InputError``.
    ///
    /// Throws ``InputError`` for an unknown name, an unknown option, an option of the wrong type.
    public static func named(
        _ name: String, options: JSONObject = [:], at place: String, sandbox: Sandbox? = nil
    ) throws(InputError) -> any Grader {
        var options = GraderOptions(options, of: name, at: place)
        let grader: any Grader
        switch name {
        case "choice": grader = try ChoiceGrader(&options)
        case "exact": grader = try ExactGrader(&options)
        case "number": grader = try NumberGrader(&options)
        case "program": grader = try ProgramGrader(&options, sandbox: sandbox)
        case RecordedGrader.name: grader = RecordedGrader()
        case "regex": grader = try RegexGrader(&options)
        default:
            let meant = suggestion(for: name, among: names).map { "did you mean \($0)? " } ?? ""
            throw InputError(place, "unknown grader \"\(name)\"; \(meant)there are \(names.joined(separator: ", "))")
        }
        try options.finish()
        return grader
    }

    /// The grader of `problem`. Throws as ``named(_:options:at:sandbox:)``.
    public static func grader(for problem: Problem, sandbox: Sandbox? = nil) throws(InputError) -> any Grader {
        try named(problem.grader, options: problem.graderOptions, at: "task \(problem.id)", sandbox: sandbox)
    }

    /// Whether answers to `problem` are programs, for which a ``Sandbox`` is needed.
    public static func needsSandbox(_ problem: Problem) -> Bool { problem.grader == "program" }
}

/// A problem's `grader_options`, each asked for by name and type; what nobody asked for is refused.
struct GraderOptions {
    private let options: JSONObject, grader: String
    let place: String
    private var asked: Set<String> = []

    init(_ options: JSONObject, of grader: String, at place: String) {
        self.options = options
        self.grader = grader
        self.place = place
    }

    func error(_ key: String, _ problem: String) -> InputError { InputError(place, "grader_options.\(key): \(problem)") }

    mutating func json(_ key: String) -> JSON? {
        asked.insert(key)
        return options[key]
    }

    mutating func flag(_ key: String, default standard: Bool) throws(InputError) -> Bool {
        guard let value = json(key) else { return standard }
        guard let flag = value.bool else { throw error(key, "is \(value.kind); write true or false") }
        return flag
    }

    mutating func text(_ key: String) throws(InputError) -> String? {
        guard let value = json(key) else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw error(key, "is \(value.kind); write a text that is not empty")
        }
        return text
    }

    mutating func texts(_ key: String) throws(InputError) -> [String]? {
        guard let value = json(key) else { return nil }
        let texts = value.array?.compactMap(\.string).filter { !$0.isEmpty } ?? []
        guard !texts.isEmpty, texts.count == value.array?.count else { throw error(key, "write a list of texts, none empty") }
        return texts
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>) throws(InputError) -> Double? {
        guard let value = json(key) else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw error(key, "is \(value.kind); write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) throws(InputError) -> Int? {
        guard let value = json(key) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw error(key, "is \(value.kind); write a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func finish() throws(InputError) {
        for member in options.members where !asked.contains(member.key) {
            let hint =
                suggestion(for: member.key, among: asked).map { "did you mean \($0)?" }
                ?? "\(grader) knows \(asked.sorted().joined(separator: ", "))"
            throw InputError(place, "unknown option grader_options.\(member.key); \(hint)")
        }
    }
}

extension JSON {
    /// What a value is, in the words of an error.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): String(digits.prefix(24))
        case .string(let text): text.isEmpty ? "an empty text" : "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
