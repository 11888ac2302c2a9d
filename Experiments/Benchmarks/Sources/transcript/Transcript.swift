import Backbones
import Foundation
import Tensors

/// `transcript MODEL [ROUNDS] [THREADS]`: a conversation that grows by 300 tokens a turn, read at each of its five turns, the last tokens
/// (a chat template's tail) others each time. With a prefix cache and the last turn alone, interleaved round by round; once
/// without a cache, for the bits. Prints Markdown; ends with status 1 when a bit differs.
@main struct Transcript {
    static let turns = 5, growth = 300, tail = 8

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let path = arguments.first else { return print("usage: transcript MODEL [ROUNDS] [THREADS]") }
        let rounds = max(1, arguments.dropFirst().first.flatMap { Int($0) } ?? 3)
        let threads = arguments.dropFirst(2).first.flatMap { Int($0) } ?? Threads.available.count
        let directory = try ModelDirectory(reading: URL(fileURLWithPath: path))
        say(
            "\(InstructionSet.features.joined(separator: " ")); \(rounds) rounds; \(turns) turns, \(growth) tokens more in each\n"
        )
        say(
            "| precision | threads | five turns, cache, s | one pass over the last, s | ratio | five turns, no cache, s | MB kept |"
        )
        say("| --- | --- | --- | --- | --- | --- | --- |")
        for precision in [Precision.f32, .int8] {
            let model = try DecoderModel(directory, precision: precision)
            say(try row(model, Threads(threads), rounds: rounds))
        }
    }

    /// A line, at once: a run takes minutes.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func row(_ model: DecoderModel, _ threads: Threads, rounds: Int) throws -> String {
        var random = Philox(seed: 1).stream(generation: 0, purpose: .minibatch)
        func tokens(_ count: Int) -> [Int32] {
            (0..<count).map { _ in Int32.random(in: 0..<Int32(model.vocabularySize), using: &random) }
        }
        let transcript = tokens(turns * growth)
        let texts = (1...turns).map { Array(transcript.prefix($0 * growth - tail)) + tokens(tail) }
        func state(_ text: [Int32], _ cache: PrefixCache?) throws -> Tensor {
            try model.states(of: PackedBatch([text]), readout: .penultimate, threads: threads, prefix: cache)
        }
        _ = try state(texts[turns - 1], nil)  // warms memory
        var without: [Tensor] = []
        let plain = try time { without = try texts.map { try state($0, nil) } }
        var cached: [Double] = [], whole: [Double] = [], bytes = 0
        for _ in 0..<rounds {
            let cache = PrefixCache(bytes: 1 << 30)
            var with: [Tensor] = []
            cached.append(try time { with = try texts.map { try state($0, cache) } })
            whole.append(try time { _ = try state(texts[turns - 1], nil) })
            bytes = cache.bytes
            guard with == without else {
                print("the cache changed a state")
                exit(1)
            }
        }
        let ratio = String(format: "%.2f", median(zip(cached, whole).map { $0 / $1 }))
        let cells = [seconds(median(cached)), seconds(median(whole)), ratio, seconds(plain)]
        return "| \(model.precision.rawValue) | \(threads.count) | \(cells.joined(separator: " | ")) | \(bytes >> 20) |"
    }

    static func time(_ work: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock(), start = clock.now
        try work()
        return (clock.now - start) / .seconds(1)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    static func seconds(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
}
