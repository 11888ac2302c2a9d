import Chat
import Foundation

/// A program that is started for each question and ends by itself, within limits on time, memory and output.
struct BoundedProgram: Sendable {
    /// What it said, and how it ended.
    struct Outcome: Sendable, Equatable {
        /// Standard output; bytes that are no UTF-8 are replaced.
        var output: String
        var status: Int32
    }

    var launch: Launch
    /// Wall time that no run comes near; firing is a failure of the machine, not of the worker.
    var outerGuard: Duration = .seconds(30)
    /// Bytes of standard output.
    var outputLimit = 1 << 20

    /// As many at once as these threads, whatever the number of questions; each lives as long as this process, since a
    /// program dies with the thread that started it.
    private static let lanes = Lanes<Void>(name: "one-shot program", count: 4) {}

    /// Runs the program with `arguments` behind the launch's own, and `input` on its standard input.
    ///
    /// Throws ``Chat/CallFailure`` of kind `infrastructure` where it doesn't start, is killed by a signal, says more than
    /// ``outputLimit``, or the guard fires.
    func run(_ arguments: [String] = [], input: String = "") async throws -> Outcome {
        var launch = launch
        launch.arguments += arguments
        return try await Self.lanes.run { [launch, outerGuard, outputLimit] _ in
            let name = (launch.program as NSString).lastPathComponent
            let deadline = ContinuousClock.now + outerGuard
            let program = try RunningProgram(launch)
            let (output, ending) = program.exchange(input, until: nil, outputLimit: outputLimit, deadline: deadline)
            switch ending {
            case .late: throw CallFailure(.infrastructure, "\(name) ran longer than \(outerGuard)")
            case .tooMuch: throw CallFailure(.infrastructure, "\(name) said more than \(outputLimit) bytes")
            case .word, .endOfOutput: break
            }
            guard let status = program.exitStatus(deadline: deadline) else {
                throw CallFailure(.infrastructure, "\(name) was killed")
            }
            return Outcome(output: String(decoding: output, as: UTF8.self), status: status)
        }
    }
}
