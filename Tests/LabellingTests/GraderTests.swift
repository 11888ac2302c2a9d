import Chat
import Files
import Foundation
import Tasks
import Testing

/// What each grader says of right, wrong, tricky and hostile answers, as a table.
@Suite struct GraderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var grader: String, options: JSONObject, target: String, answer: String
        var status: String, value: Double, why: String

        var testDescription: String { "\(grader): \(why)" }

        init?(_ json: JSON) {
            guard let grader = json["grader"]?.string, let options = json["options"]?.object,
                let target = json["target"]?.string,
                let answer = json["answer"].flatMap(Self.text), let status = json["status"]?.string,
                let value = json["value"]?.double,
                let why = json["why"]?.string
            else { return nil }
            (self.grader, self.options, self.target, self.answer) = (grader, options, target, answer)
            (self.status, self.value, self.why) = (status, value, why)
        }

        /// A text, or a list of texts each followed by how often it stands there.
        private static func text(_ json: JSON) -> String? {
            guard let parts = json.array else { return json.string }
            return stride(from: 0, to: parts.count - 1, by: 2).map {
                String(repeating: parts[$0].string ?? "", count: parts[$0 + 1].int ?? 0)
            }.joined()
        }

        var problem: Problem {
            Problem(
                id: "row", domain: "test", messages: [Message(role: "user", text: "?")], target: target, grader: grader,
                graderOptions: options)
        }
    }

    static let rows: [Row] = {
        guard let file = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/graders/cases.json"),
            let data = try? Data(contentsOf: file), let table = try? JSON(parsing: data)
        else { return [] }
        return (table.array ?? []).compactMap(Row.init)
    }()

    static let sandbox = try? Sandbox()

    @Test func theTableIsWhole() {
        #expect(Self.rows.count >= 200)
        for grader in Graders.names { #expect(Self.rows.count { $0.grader == grader } >= 20, "\(grader)") }
    }

    @Test(arguments: rows) func anAnswerGetsTheScoreThatTheTableSays(_ row: Row) async throws {
        let grader = try Graders.grader(for: row.problem, sandbox: Self.sandbox)
        #expect(grader.objection(to: row.target) == nil)
        let score = try await grader.grade(row.answer, for: row.problem)
        #expect(score.status.rawValue == row.status, "\(row.answer.prefix(200)): \(score.reason)")
        #expect(score.value == row.value, "\(row.answer.prefix(200)): \(score.reason)")
    }

    @Test(arguments: rows) func theTargetIsRightAndNothingIsNoAnswer(_ row: Row) async throws {
        let grader = try Graders.grader(for: row.problem, sandbox: Self.sandbox)
        for empty in ["", " \n\t "] {
            let score = try await grader.grade(empty, for: row.problem)
            #expect(score == Score(0, score.reason, status: .wrongFormat))
        }
        // A program's target is right for the first table of cases only, and a tag is asked of answers, not of targets.
        guard row.grader != "program", row.options["tag"] == nil else { return }
        #expect(try await grader.grade(row.target, for: row.problem).value == 1)
    }

    @Test(arguments: [
        ("numbr", "{}", "did you mean number?"), ("judge", "{}", "there are choice, exact, number, program, regex"),
        ("number", #"{"tolerence":1}"#, "did you mean tolerance?"), ("number", #"{"tolerance":"1"}"#, "tolerance: is a text"),
        ("number", #"{"tolerance":-1}"#, "tolerance: is -1"), ("exact", #"{"ignore_case":1}"#, "true or false"),
        ("choice", #"{"choices":["a"]}"#, "2 to 10"), ("choice", #"{"choices":["a","A "]}"#, "the same"),
        ("choice", #"{"choices":"ab"}"#, "list of texts"), ("regex", "{}", "pattern: is missing"),
        ("regex", #"{"pattern":"(a"}"#, "without )"), ("regex", #"{"pattern":"(a)\\1"}"#, "back references"),
        ("regex", #"{"pattern":"(?=a)b"}"#, "look-around"), ("regex", #"{"pattern":"a{900}{900}"}"#, "nothing to repeat"),
        ("regex", #"{"pattern":"(a{900}){900}"}"#, "too large"), ("regex", #"{"pattern":"[z-a]"}"#, "backwards"),
        ("regex", #"{"pattern":"*"}"#, "nothing to repeat"), ("program", "{}", "function: is missing"),
        ("program", #"{"function":"f"}"#, "cases: write"), ("program", #"{"function":"f","cases":[[1,2]]}"#, "cases[0]"),
        ("program", #"{"function":"f(); import os","cases":[[[1],2]]}"#, "no name"),
        ("program", #"{"function":"f","cases":[[[1],2]],"cpu_seconds":1e9}"#, "from 1 to 60"),
    ]) func aGraderThatCannotWorkIsRefusedInOneLine(_ name: String, _ options: String, _ words: String) throws {
        let options = try #require(try JSON(parsing: options).object)
        let error = #expect(throws: InputError.self) { try Graders.named(name, options: options, at: "tasks.jsonl:7") }
        let line = try #require(error?.description)
        #expect(line.hasPrefix("tasks.jsonl:7: ") && line.contains(words) && !line.contains("\n"), "\(line)")
    }

    @Test func programsAreNeverRunWithoutASandbox() async throws {
        let row = try #require(Self.rows.first { $0.grader == "program" && $0.value == 1 })
        let grader = try Graders.grader(for: row.problem, sandbox: nil)
        await #expect(throws: InputError.self) { try await grader.grade(row.answer, for: row.problem) }
    }
}
