import Chat
import Files
import Foundation
import Tasks
import Tokenizers

/// The tasks of a run in one list: train, then validation, then test.
struct RunTasks {
    var problems: [Problem]
    var split: Outcomes.Split

    var ids: [String] { problems.map(\.id) }
    /// What the router reads of each.
    var requests: [Conversation] { problems.map { Conversation($0.request) } }

    /// Reads the three files. Throws ``InputError``, also where an id stands in two of them.
    init(reading live: LiveSettings) throws {
        var problems: [Problem] = [], home: [String: String] = [:]
        func rows(_ part: LiveSettings.TaskPart) throws -> [Int] {
            let all = try TaskFile(reading: part.file).problems
            let chosen = Self.spread(all, part.rows)
            for problem in chosen {
                if let other = home.updateValue(part.file.path, forKey: problem.id) {
                    throw InputError(part.file.path, "id \"\(problem.id)\" stands in \(other) too; a task belongs to one part")
                }
            }
            defer { problems += chosen }
            return Array(problems.count..<problems.count + chosen.count)
        }
        split = try Outcomes.Split(train: rows(live.train), validation: rows(live.validation), test: rows(live.test))
        self.problems = problems
    }

    /// `count` of `problems` at even distances, in their order.
    private static func spread(_ problems: [Problem], _ count: Int?) -> [Problem] {
        guard let count, count < problems.count else { return problems }
        return (0..<count).map { problems[$0 * problems.count / count] }
    }
}
