import Backbones
import Foundation
import Tensors

/// What `decoder.py` asks, a line each: the states of these texts, given as token ids, `repeats` times.
struct Question: Decodable {
    var texts: [[Int32]]
    var repeats: Int
    var vectors: Bool?
}

/// How long each repeat took, token ids in to vectors out; the vectors where they were asked for.
struct Answer: Encodable {
    var seconds: [Double]
    var vectors: [[Float]]?
}

/// Said once, when the model is loaded.
struct Greeting: Encodable {
    var ready = "Baton"
}

/// `decoder-bench MODEL PRECISION THREADS`: our side of the comparison, a process that stays, as the peers do.
@main struct DecoderBench {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let threads = Int(arguments[3]) else {
            leave("usage: decoder-bench MODEL PRECISION THREADS")
        }
        guard arguments[2] == "f32" else { leave("decoder-bench: no precision \(arguments[2]); there is f32") }
        let model = try DecoderModel(ModelDirectory(reading: URL(fileURLWithPath: arguments[1])))
        try say(Greeting())
        while let line = readLine() {
            try say(answer(JSONDecoder().decode(Question.self, from: Data(line.utf8)), model, Threads(threads)))
        }
    }

    static func answer(_ question: Question, _ model: DecoderModel, _ threads: Threads) throws -> Answer {
        var answer = Answer(seconds: [])
        for _ in 0..<question.repeats {
            let clock = ContinuousClock()
            let start = clock.now
            let states = try model.states(of: PackedBatch(question.texts), readout: .last, threads: threads)
            answer.seconds.append((clock.now - start) / .seconds(1))
            if question.vectors == true { answer.vectors = (0..<states.rows).map { Array(states[row: $0]) } }
        }
        return answer
    }

    static func say(_ value: some Encodable) throws {
        FileHandle.standardOutput.write(try JSONEncoder().encode(value) + Data("\n".utf8))
    }

    static func leave(_ line: String) -> Never {
        FileHandle.standardError.write(Data((line + "\n").utf8))
        exit(64)
    }
}
