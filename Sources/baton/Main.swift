import ArgumentParser
import Files
import Foundation
import Pipeline

/// The command: arguments to stages, stages to exit statuses.
@main
struct Main {
    static func main() {
        // A write past RLIMIT_FSIZE is to fail like one on a full disk, not to kill.
        signal(SIGXFSZ, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        Signals.catchFirst()
        allowManyConnections()
        do {
            var command = try Baton.parseAsRoot()
            try command.run()
            if Output.isIncomplete {
                throw JobError("stdout", "cannot be written; make room, then give the same command again")
            }
        } catch {
            exit(status(of: error))
        }
    }

    /// Calls in flight take a descriptor each; the usual soft limit of 1,024 is below what the hard one allows.
    private static func allowManyConnections() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(kind, &limit)
    }

    /// Says what went wrong in one line, and gives the exit status of that kind of failure.
    private static func status(of error: any Error) -> Int32 {
        switch error {
        case let error as Interrupted: return report("\(error)", 75)
        case let error as JobError: return report("\(error)", 1)
        case let error as LimitReached: return report("\(error)", 3)
        default: break
        }
        let code = Baton.exitCode(for: error)
        guard code == .failure else {
            // Help, version and arguments that don't parse are the argument parser's own.
            let text = Baton.fullMessage(for: error)
            if code.isSuccess { Output.line(text) } else { Output.note(text) }
            return code.rawValue
        }
        return report("\(error)", 2)
    }

    private static func report(_ message: String, _ status: Int32) -> Int32 {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        Output.note("baton: \(line)")
        return status
    }
}

struct Baton: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baton",
        abstract: "Trains a router that decides which language model should answer a request.",
        discussion: """
            Exit status: 0 done; 1 the job failed, the same command goes on; 2 bad input; 3 a stated limit was reached; \
            64 arguments that do not parse; 75 stopped by a signal, the same command goes on.
            """,
        version: "baton 0.1.0",
        subcommands: [
            RunCommand.self, ImportCommand.self, LabelCommand.self, EmbedCommand.self, SFTCommand.self, EvolveCommand.self,
            EvaluateCommand.self,
            ExportCommand.self, WatchCommand.self, PowerCommand.self, LabelsCommand.self, GradeCommand.self, StudyCommand.self,
            RouteCommand.self, ServeCommand.self,
            WorkersCommand.self, TokenizeCommand.self, InspectCommand.self, DoctorCommand.self,
        ])
}
