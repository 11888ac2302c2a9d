import Chat
import Files
import Foundation

/// Right is a Python program whose function gives the expected values. It runs in a ``Sandbox``; the expected values stay
/// outside and are compared here, so nothing that a program prints, or does to the interpreter around it, can forge a verdict.
struct ProgramGrader: Grader {
    let version = 1
    private struct Case { var arguments: JSON, expected: JSON }

    private let sandbox: Sandbox?
    private let function: String
    private let cases: [Case]
    private let tolerance: Double
    private let givesPart: Bool
    private let limits: Sandbox.Limits
    private let place: String

    private static let python = "/usr/bin/python3"

    init(_ options: inout GraderOptions, sandbox: Sandbox?) throws(InputError) {
        self.sandbox = sandbox
        place = options.place
        guard let name = try options.text("function") else {
            throw options.error("function", "is missing; name the function to call")
        }
        guard name.utf8.allSatisfy({ $0 == 0x5F || $0 >= 0x30 && $0 <= 0x39 || $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }) else {
            throw options.error("function", "is no name of a function")
        }
        function = name
        guard let rows = options.json("cases")?.array, !rows.isEmpty else {
            throw options.error("cases", "write a list of cases, each [[arguments…], expected]")
        }
        var cases: [Case] = []
        for (index, row) in rows.enumerated() {
            guard let pair = row.array, pair.count == 2, pair[0].array != nil else {
                throw options.error("cases[\(index)]", "is not [[arguments…], expected]")
            }
            cases.append(Case(arguments: pair[0], expected: pair[1]))
        }
        self.cases = cases
        tolerance = try options.number("tolerance", in: 0...1) ?? 1e-9
        givesPart = try options.flag("partial", default: false)
        var limits = Sandbox.Limits()
        limits.cpu = try options.integer("cpu_seconds", in: 1...60) ?? 5
        limits.memory = (try options.integer("memory_mb", in: 64...4096) ?? 512) << 20
        limits.output = max(limits.output, 4 * cases.reduce(0) { $0 + $1.expected.bytes.count })
        self.limits = limits
    }

    func objection(to target: String) -> String? { nil }

    func grade(_ answer: String, for problem: Problem) async throws -> Score {
        guard let (code, isFenced) = Self.code(in: answer, defining: function) else {
            return Score(0, "no program", status: .wrongFormat)
        }
        guard let sandbox else { throw InputError(place, "this grader runs programs, and there is no sandbox to run them in") }
        guard access(Self.python, X_OK) == 0 else {
            throw JobError("grader program", "there is no \(Self.python); install python3")
        }
        let job: JSON = .object([
            "code": .string(code), "function": .string(function), "cases": .array(cases.map(\.arguments)),
        ])
        let outcome = try await sandbox.run(
            [Self.python, "-I", "-S", "-B", "-c", Self.driver], input: job.bytes, limits: limits)
        return try score(outcome, isFenced: isFenced)
    }

    // MARK: What came back

    private func score(_ outcome: Sandbox.Outcome, isFenced: Bool) throws -> Score {
        let lines = outcome.output.split(separator: UInt8(ascii: "\n")).map { try? JSON(parsing: $0) }
        // This line comes before anything of the answer runs.
        guard lines.first??["ready"]?.bool == true else {
            let reason = String(decoding: outcome.errors.prefix(200), as: UTF8.self).replacing("\n", with: " ")
            throw JobError("grader program", "Python did not start (\(reason))")
        }
        if let problem = lines.compactMap({ $0?["broken"]?.string }).first {
            return isFenced || problem != "SyntaxError"
                ? Score(0, "the program does not load: \(problem)") : Score(0, "no program", status: .wrongFormat)
        }
        var passed = 0, firstFailure: String?
        for (index, one) in cases.enumerated() {
            let line = lines.first { $0?["case"]?.int == index } ?? nil
            if let value = line?["value"], value.matches(one.expected, tolerance: tolerance) {
                passed += 1
            } else if firstFailure == nil {
                firstFailure = "case \(index + 1): \(Self.failure(line, outcome.end))"
            }
        }
        if passed == cases.count { return Score(1, "all \(passed) cases") }
        let share = givesPart ? Double(passed) / Double(cases.count) : 0
        return Score(share, "\(passed) of \(cases.count) cases; \(firstFailure ?? "")")
    }

    private static func failure(_ line: JSON?, _ end: Sandbox.End) -> String {
        if let line { return line["error"]?.string.map { "raised \($0.prefix(60))" } ?? "another value" }
        return switch end {
        case .overCPU: "over the limit of CPU time"
        case .overOutput: "over the limit of output"
        case .overSleep: "sleeps"
        case .killed(let signal): "killed by signal \(signal)"
        case .exited: "the program ended before"
        }
    }

    // MARK: What goes in

    /// Prints one JSON line a case on what was standard output; what the program prints goes nowhere.
    private static let driver = """
        import json, os, sys
        out, null = os.dup(1), os.open("/dev/null", os.O_RDWR)
        job = json.loads(sys.stdin.buffer.read())
        for descriptor in 0, 1, 2: os.dup2(null, descriptor)
        def say(write=os.write, dumps=json.dumps, **line):
            data = (dumps(line, allow_nan=False) + "\\n").encode()
            while data: data = data[write(out, data):]
        say(ready=True)
        space = {"__name__": "answer"}
        try:
            exec(compile(job["code"], "answer", "exec"), space)
            function = space[job["function"]]
        except BaseException as error:
            say(broken=type(error).__name__)
            os._exit(0)
        for index, arguments in enumerate(job["cases"]):
            try: say(case=index, value=function(*arguments))
            except BaseException as error: say(case=index, error=type(error).__name__)
        os._exit(0)
        """

    /// The last fenced block that defines the function, else the last one, else the whole answer; `nil` where that is empty.
    private static func code(in answer: String, defining function: String) -> (code: String, isFenced: Bool)? {
        var blocks: [String] = []
        var block: [Substring]?
        for line in answer.split(separator: "\n", omittingEmptySubsequences: false) {
            let mark = line.trimmed
            if mark.hasPrefix("```") {
                if let lines = block {
                    blocks.append(lines.joined(separator: "\n"))
                    block = nil
                } else {
                    block = []
                }
            } else {
                block?.append(line)
            }
        }
        // A reply that was cut off has no second fence.
        if let lines = block { blocks.append(lines.joined(separator: "\n")) }
        blocks = blocks.filter { !$0.trimmed.isEmpty }
        let chosen = blocks.last { $0.contains("def \(function)") } ?? blocks.last
        if let chosen { return (chosen, true) }
        return answer.trimmed.isEmpty || answer.contains("```") ? nil : (answer, false)
    }
}

extension JSON {
    /// Whether two values are the same: members in any order, numbers by value, within a relative `tolerance` unless both are whole.
    fileprivate func matches(_ other: JSON, tolerance: Double) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)):
            if left == right { return true }
            let areWhole = (left + right).utf8.allSatisfy { $0 == 0x2D || $0 >= 0x30 && $0 <= 0x39 }
            guard !areWhole, let first = Double(left), let second = Double(right), first.isFinite, second.isFinite else {
                return false
            }
            return abs(first - second) <= tolerance * max(abs(first), abs(second))
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.matches($1, tolerance: tolerance) }
        case (.object(let left), .object(let right)):
            guard left.members.count == right.members.count else { return false }
            return left.members.allSatisfy { member in right[member.key]?.matches(member.value, tolerance: tolerance) ?? false }
        default: return self == other
        }
    }
}
