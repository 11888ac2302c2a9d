import Chat
import Foundation
import Tasks
import Testing

/// Answers to tasks of `Datasets/offline` with the grades that they must get: right in several forms, empty, nearly right.
struct ControlsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Datasets/offline")

    @Test func eachControlGetsItsGrade() async throws {
        let problems = try TaskFile(reading: Self.folder.appendingPathComponent("validation.jsonl")).problems
        let byID = Dictionary(uniqueKeysWithValues: problems.map { ($0.id, $0) })
        let sandbox = try Sandbox()
        let lines = try String(contentsOf: Self.folder.appendingPathComponent("controls.jsonl"), encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count >= 70)
        for line in lines {
            let control = try JSON(parsing: String(line))
            let id = try #require(control["id"]?.string), answer = try #require(control["answer"]?.string)
            let problem = try #require(byID[id], "\(id) is no validation task")
            let grader = try Graders.grader(for: problem, sandbox: sandbox)
            let score = try await grader.grade(answer, for: problem)
            #expect(score.value == control["expected"]?.double, "\(id), \(control["kind"]?.string ?? ""): \(score.reason)")
        }
    }

    @Test func everyTaskOfTheDataSetIsReadable() throws {
        for (name, least) in [("train", 600), ("validation", 200), ("test", 300), ("compositions", 40)] {
            let problems = try TaskFile(reading: Self.folder.appendingPathComponent("\(name).jsonl")).problems
            #expect(problems.count >= least)
        }
    }
}
