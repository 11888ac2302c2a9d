import Foundation

/// `evolution-bench generations` times ask and tell; `evaluations` counts evaluations to a target; both read a line of JSON
/// and answer with one, until stdin ends. `search` is a search that another program drives.
@main struct Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "generations":
            let bench = Generations()
            try answer { bench.answer($0) }
        case "evaluations": try answer(Evaluations.answer)
        case "search" where arguments.count == 3:
            try DrivenSearch.run(JSONDecoder().decode(DrivenSearch.Question.self, from: Data(arguments[2].utf8)))
        default:
            FileHandle.standardError.write(Data("usage: evolution-bench generations | evaluations | search QUESTION\n".utf8))
            exit(64)
        }
    }

    private static func answer<Question: Decodable, Answer: Encodable>(_ body: (Question) throws -> Answer) throws {
        let encoder = JSONEncoder()
        while let line = readLine() {
            let question = try JSONDecoder().decode(Question.self, from: Data(line.utf8))
            FileHandle.standardOutput.write(try encoder.encode(body(question)) + Data("\n".utf8))
        }
    }
}
