import Foundation
import Tokenizers

/// What `tokenizers.py` asks, a line each: encode these texts, or load the file, `repeats` times.
struct Question: Decodable {
    var texts: [String]?
    var load: String?
    var repeats: Int
    var ids: Bool?
}

/// How long each repeat took; the ids where they were asked for.
struct Answer: Encodable {
    var seconds: [Double] = []
    var ids: [[Int32]]?
}

/// `tokenizers-bench FILE`: our side of the comparison, one thread, a process that stays, as the peer does.
@main struct TokenizersBench {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: tokenizers-bench TOKENIZER.json\n".utf8))
            exit(64)
        }
        let tokenizer = try load(CommandLine.arguments[1])
        while let line = readLine() {
            let question = try JSONDecoder().decode(Question.self, from: Data(line.utf8))
            var answer = Answer()
            for _ in 0..<question.repeats {
                let clock = ContinuousClock(), start = clock.now
                if let texts = question.texts {
                    let ids = texts.map { tokenizer.encode($0) }
                    answer.seconds.append((clock.now - start) / .seconds(1))
                    if question.ids == true { answer.ids = ids }
                } else if let file = question.load {
                    // To the first ids: tables that are made late count too.
                    let ids = try load(file).encode("The end is the beginning.")
                    answer.seconds.append((clock.now - start) / .seconds(1))
                    if question.ids == true { answer.ids = [ids] }
                }
            }
            FileHandle.standardOutput.write(try JSONEncoder().encode(answer) + Data("\n".utf8))
        }
    }

    private static func load(_ path: String) throws -> any Tokenizer {
        try TokenizerFile(reading: URL(fileURLWithPath: path)).tokenizer()
    }
}
