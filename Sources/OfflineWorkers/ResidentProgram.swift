import Chat
import Foundation

/// A program that stays up and answers one question after the other. An answer is a function of its question alone: the
/// program is put back before each, so neither order nor the number of processes matters.
final class ResidentProgram: Sendable {
    /// How to talk to the program.
    struct Dialect: Sendable {
        /// Said once, behind the start.
        var opening = ""
        /// Said before each question; forgets whatever the question before has left.
        var reset: String
        /// The command that prints a word on a line of its own.
        var echo: @Sendable (_ word: String) -> String
        /// Whether an answer shows that its process should not be asked again.
        var isSpent: @Sendable (_ answer: String) -> Bool = { _ in false }
    }

    /// One process, and how many questions it has been asked; owned by one thread.
    private struct Seat {
        var program: RunningProgram?
        var asked = 0
    }

    /// A process is replaced after this many questions, so that what it leaks stays small.
    private static let questionsPerProcess = 2000

    private let launch: Launch
    private let dialect: Dialect
    private let outerGuard: Duration
    private let outputLimit: Int
    private let lanes: Lanes<Seat>

    /// Nothing is started before the first question. `outerGuard` is wall time a question that no question comes near.
    init(
        _ launch: Launch, dialect: Dialect, processes: Int = 1, outerGuard: Duration = .seconds(60), outputLimit: Int = 1 << 20
    ) {
        self.launch = launch
        self.dialect = dialect
        self.outerGuard = outerGuard
        self.outputLimit = outputLimit
        lanes = Lanes(name: "resident program", count: processes) { Seat() }
    }

    /// What the program says to `question`, without the white space around it. A program that died, before the question
    /// or by it, is started again, and asked once more.
    ///
    /// Throws ``Chat/CallFailure`` of kind `infrastructure` where it dies again, says too much, or the guard fires.
    func ask(_ question: String) async throws -> String {
        try await lanes.run { [launch, dialect, outerGuard, outputLimit] seat in
            let name = (launch.program as NSString).lastPathComponent
            if seat.asked >= Self.questionsPerProcess { seat.program = nil }
            for _ in 0..<2 {
                let deadline = ContinuousClock.now + outerGuard
                if seat.program == nil { seat = Seat(program: try RunningProgram(launch)) }
                guard let program = seat.program else { break }
                seat.asked += 1
                // The number tells this answer's end from that of any other.
                let word = "end-of-answer-\(seat.asked)"
                let text =
                    (seat.asked == 1 ? dialect.opening + "\n" : "") + dialect.reset + "\n" + question + "\n"
                    + dialect.echo(word) + "\n"
                let (output, ending) = program.exchange(text, until: word, outputLimit: outputLimit, deadline: deadline)
                if ending == .word {
                    let answer = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                    if dialect.isSpent(answer) { seat.program = nil }
                    return answer
                }
                seat.program = nil
                switch ending {
                case .late: throw CallFailure(.infrastructure, "\(name) was silent for \(outerGuard)")
                case .tooMuch: throw CallFailure(.infrastructure, "\(name) said more than \(outputLimit) bytes")
                case .word, .endOfOutput: continue
                }
            }
            throw CallFailure(.infrastructure, "\(name) died twice over one question")
        }
    }
}
