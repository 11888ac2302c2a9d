import Chat
public import Files
public import Foundation

/// A file of tasks: one JSON object a line.
public struct TaskFile: Sendable {
    /// The tasks in the file's order; their ids are all different.
    public let problems: [Problem]
    /// SHA-256 of the file's bytes, in hexadecimal digits.
    public let digest: String

    private static let keys = ["domain", "grader", "grader_options", "id", "messages", "meta", "target"]

    /// Reads `file` whole. Grader options are checked too: nothing is found wrong after money is spent.
    ///
    /// Throws ``InputError`` with the line's number for the first thing that is wrong.
    public init(reading file: URL) throws {
        var problems: [Problem] = []
        var lines: [String: Int] = [:]
        try JSONLines.forEach(in: file) { line, number in
            let place = "\(file.path):\(number)"
            let problem = try Self.problem(line, at: place)
            if let first = lines.updateValue(number, forKey: problem.id) {
                throw InputError(place, "id \"\(problem.id)\" stands in line \(first) already; give each task its own")
            }
            problems.append(problem)
        }
        guard !problems.isEmpty else { throw InputError(file.path, "holds no task; write one JSON object a line") }
        self.problems = problems
        do {
            digest = try SHA256.hex(ofFile: file)
        } catch {
            throw InputError(file.path, "cannot be read; is it a file?")
        }
    }

    /// One row as a task.
    ///
    /// Throws ``InputError`` that names `place`.
    public static func problem(_ line: some Collection<UInt8>, at place: String) throws(InputError) -> Problem {
        let json: JSON
        do {
            json = try JSON(parsing: line)
        } catch {
            throw InputError(place, "not JSON: \(error)")
        }
        guard let row = json.object else { throw InputError(place, "is \(json.kind); write a JSON object") }
        var seen: Set<String> = []
        for member in row.members {
            guard keys.contains(member.key) else {
                let hint =
                    suggestion(for: member.key, among: keys).map { "did you mean \($0)?" } ?? "put what is yours into meta"
                throw InputError(place, "unknown key \(member.key); \(hint)")
            }
            guard seen.insert(member.key).inserted else { throw InputError(place, "key \(member.key) stands there twice") }
        }
        let problem = Problem(
            id: try text("id", of: row, at: place), domain: try text("domain", of: row, at: place),
            messages: try messages(of: row, at: place), target: try text("target", of: row, at: place),
            grader: try text("grader", of: row, at: place), graderOptions: try object("grader_options", of: row, at: place),
            meta: try object("meta", of: row, at: place))
        let grader = try Graders.named(problem.grader, options: problem.graderOptions, at: place)
        if let objection = grader.objection(to: problem.target) {
            throw InputError(place, "target: \(objection) (grader \(problem.grader))")
        }
        return problem
    }

    private static func text(_ key: String, of row: JSONObject, at place: String) throws(InputError) -> String {
        guard let value = row[key] else { throw InputError(place, "key \(key) is missing") }
        guard let text = value.string else {
            let hint =
                if case .number(let digits) = value { "write it in quotes: \"\(digits.prefix(40))\"" } else { "write a text" }
            throw InputError(place, "\(key) is \(value.kind); \(hint)")
        }
        guard !text.trimmed.isEmpty else { throw InputError(place, "\(key) is empty") }
        return text
    }

    private static func object(_ key: String, of row: JSONObject, at place: String) throws(InputError) -> JSONObject {
        guard let value = row[key] else { return [:] }
        guard let object = value.object else { throw InputError(place, "\(key) is \(value.kind); write an object") }
        return object
    }

    private static func messages(of row: JSONObject, at place: String) throws(InputError) -> [Message] {
        guard let list = row["messages"] else { throw InputError(place, "key messages is missing") }
        guard let values = list.array else { throw InputError(place, "messages is \(list.kind); write a list of messages") }
        guard !values.isEmpty else { throw InputError(place, "messages is empty; write at least one from the user") }
        var messages: [Message] = []
        for (index, value) in values.enumerated() {
            let name = "messages[\(index)]"
            guard let object = value.object else {
                throw InputError(place, "\(name) is \(value.kind); write a role and a content")
            }
            guard let role = object["role"]?.string, !role.isEmpty else { throw InputError(place, "\(name) has no role") }
            let message = Message(json: object)
            // An assistant that calls tools says nothing.
            guard object["content"] != nil || message.hasToolCalls else { throw InputError(place, "\(name) has no content") }
            guard role != "user" || !message.text.trimmed.isEmpty else {
                throw InputError(place, "\(name) has an empty content")
            }
            messages.append(message)
        }
        guard messages.contains(where: { $0.role == "user" }) else {
            throw InputError(place, "no message is from the user; there is nothing to answer")
        }
        return messages
    }
}
