import Chat
import Files
import Foundation
import Tasks
import Testing

/// Files of tasks, good and bad.
@Suite struct TaskFileTests {
    private static let good =
        #"{"id":"sum-7","domain":"math","messages":[{"role":"user","content":"17 + 25?"}],"target":"42","grader":"number"}"#

    private func file(_ text: String) throws -> URL {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tasks-\(UUID().uuidString).jsonl")
        try Data(text.utf8).write(to: file)
        return file
    }

    @Test func aFileGivesItsTasksInOrderAndItsDigest() throws {
        let text =
            Self.good + "\n\n"
            + #"{"id":"b","domain":"d","messages":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"target":"x","grader":"exact","grader_options":{"ignore_case":true},"meta":{"k":[1]}}"#
        let file = try file(text)
        defer { try? FileManager.default.removeItem(at: file) }
        let tasks = try TaskFile(reading: file)
        #expect(tasks.problems.map(\.id) == ["sum-7", "b"])
        #expect(tasks.problems[0].request.lastUserText == "17 + 25?")
        #expect(tasks.problems[1].graderOptions["ignore_case"] == true)
        #expect(tasks.problems[1].meta["k"] == [1])
        #expect(tasks.digest == SHA256.hex(of: Array(text.utf8)))
    }

    @Test(arguments: [
        ("", "holds no task"), ("\n \n", "holds no task"), ("{", ":1: not JSON"), ("[1]", ":1: is a list"),
        (good + "\n" + good, ":2: id \"sum-7\" stands in line 1"),
        (good.replacing("\"target\"", with: "\"traget\""), "unknown key traget; did you mean target?"),
        (good.replacing("\"target\"", with: "\"zzzzzz\""), "unknown key zzzzzz; put what is yours into meta"),
        (good.replacing("\"id\"", with: "\"grader\":\"exact\",\"id\""), "key grader stands there twice"),
        (good.replacing(",\"target\":\"42\"", with: ""), "key target is missing"),
        (good.replacing("\"42\"", with: "\"\""), "target is empty"),
        (good.replacing("\"42\"", with: "42"), "write it in quotes: \"42\""),
        (good.replacing("\"42\"", with: "\"many\""), "target: write one number"),
        (good.replacing("\"number\"", with: "\"numbr\""), "unknown grader \"numbr\"; did you mean number?"),
        (
            good.replacing("\"number\"", with: "\"number\",\"grader_options\":{\"tolerance\":true}"),
            "grader_options.tolerance: is true"
        ),
        (good.replacing("\"number\"", with: "\"number\",\"grader_options\":[]"), "grader_options is a list"),
        (
            good.replacing("\"number\"", with: "\"regex\",\"grader_options\":{\"pattern\":\"a\"}"),
            "target: the pattern does not match it"
        ),
        (good.replacing("\"number\"", with: "\"regex\",\"grader_options\":{\"pattern\":\"(\"}"), "pattern: cannot be used"),
        (good.replacing("[{\"role\":\"user\",\"content\":\"17 + 25?\"}]", with: "[]"), "messages is empty"),
        (good.replacing("[{\"role\":\"user\",\"content\":\"17 + 25?\"}]", with: "\"q\""), "messages is a text"),
        (good.replacing("{\"role\":\"user\",\"content\":\"17 + 25?\"}", with: "7"), "messages[0] is 7"),
        (good.replacing("\"role\":\"user\",", with: ""), "messages[0] has no role"),
        (good.replacing(",\"content\":\"17 + 25?\"", with: ""), "messages[0] has no content"),
        (good.replacing("17 + 25?", with: " "), "messages[0] has an empty content"),
        (good.replacing("\"user\"", with: "\"system\""), "no message is from the user"),
        (good.replacing("\"sum-7\"", with: "7"), "id is 7"),
        (good.replacing("\"id\":\"sum-7\",", with: ""), "key id is missing"),
    ]) func whatIsWrongIsSaidInOneLine(_ text: String, _ words: String) throws {
        let file = try file(text)
        defer { try? FileManager.default.removeItem(at: file) }
        let error = #expect(throws: InputError.self) { try TaskFile(reading: file) }
        let line = try #require(error?.description)
        #expect(line.hasPrefix(file.path) && line.contains(words) && !line.contains("\n"), "\(line)")
    }

    @Test func aFileThatIsNotThereIsBadInput() {
        #expect(throws: InputError.self) { try TaskFile(reading: URL(fileURLWithPath: "/nowhere/tasks.jsonl")) }
    }
}
