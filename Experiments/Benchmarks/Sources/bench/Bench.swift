import Backbones
import Foundation
import Tensors

/// What `backbone.py` asks, a line each: encode these texts, `repeats` times.
struct Question: Decodable {
    var texts: [String]
    var repeats: Int
    var vectors: Bool?
}

/// How long each repeat took, text in to vector out; the vectors where they were asked for.
struct Answer: Encodable {
    var seconds: [Double]
    var vectors: [[Float]]?
}

/// `bench MODEL THREADS PRECISION`: our side of the comparison, a process that stays, as the peers do.
@main struct Bench {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let threads = Int(arguments[2]), let precision = Precision(rawValue: arguments[3]) else {
            FileHandle.standardError.write(Data("usage: bench MODEL THREADS PRECISION\n".utf8))
            exit(64)
        }
        let model = try ModelDirectory(reading: URL(fileURLWithPath: arguments[1]))
        let encoder = try Encoder(model, precision: precision)  // mean and normalised, as the folder says
        while let line = readLine() {
            let question = try JSONDecoder().decode(Question.self, from: Data(line.utf8))
            var answer = Answer(seconds: [])
            for _ in 0..<question.repeats {
                let clock = ContinuousClock()
                let start = clock.now
                let states = try encoder.states(for: question.texts, threads: Threads(threads))
                answer.seconds.append((clock.now - start) / .seconds(1))
                if question.vectors == true { answer.vectors = (0..<states.rows).map { Array(states[row: $0]) } }
            }
            FileHandle.standardOutput.write(try JSONEncoder().encode(answer) + Data("\n".utf8))
        }
    }
}
