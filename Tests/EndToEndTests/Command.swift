import Foundation
import Testing

/// The shipped program, run as a user runs it.
enum Command {
    /// How a process ended, and what it said.
    struct Ending: Sendable {
        /// The exit status; 128 + N where signal N ended the process, as shells count.
        var status: Int32
        var output: String, messages: String

        /// Lines on stderr.
        var lines: [String] { messages.split(separator: "\n").map(String.init) }
    }

    /// `.build/release/baton` beside the manifest above this file.
    static let program: URL? = above("Package.swift").map { $0.appendingPathComponent(".build/release/baton") }
        .flatMap { FileManager.default.isExecutableFile(atPath: $0.path) ? $0 : nil }

    /// The nearest folder above this file that holds `name`.
    static func above(_ name: String) -> URL? {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            if FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) { return folder }
        }
        return nil
    }

    /// Runs `baton` in `folder` to its end.
    @discardableResult
    static func baton(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:], input: String = ""
    ) throws -> Ending {
        try start(arguments, in: folder, environment: environment, input: input).end()
    }

    /// Starts `baton` in `folder`.
    static func start(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:], input: String = ""
    ) throws -> Process {
        let program = try #require(program, ".build/release/baton is missing; \"make build\" makes it")
        return try Process([program.path] + arguments, in: folder, environment: environment, input: input)
    }
}

/// One child process. Its output goes to files, so it never waits for a reader.
struct Process {
    /// A tenth of this is enough for all that is here, on a machine with nothing else to do.
    private static let limit: Duration = .seconds(600)

    struct TimedOut: Error {
        var command: [String]
    }

    private let command: [String]
    let identifier: pid_t
    private let capture: TemporaryFolder

    init(_ command: [String], in folder: URL, environment: [String: String] = [:], input: String = "") throws {
        self.command = command
        capture = try TemporaryFolder()
        try Data(input.utf8).write(to: capture.url.appendingPathComponent("in"))
        var inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BATON_") }
        inherited.merge(environment) { $1 }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, capture.path("in"), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, capture.path("out"), O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, capture.path("err"), O_WRONLY | O_CREAT, 0o600)

        // The threads of a test block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t(), none = sigset_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var child: pid_t = 0
        // `env` becomes the command once it has changed the folder; a spawn of its own cannot do that everywhere.
        let arguments = (["env", "-C", folder.path] + command).map { strdup($0) } + [nil]
        let variables = inherited.map { strdup("\($0)=\($1)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        let code = posix_spawnp(&child, "env", &actions, &attributes, arguments, variables)
        try #require(code == 0, "\(command[0]): \(String(cString: strerror(code)))")
        identifier = child
    }

    func send(_ signal: Int32) { kill(identifier, signal) }

    /// Waits until `condition` holds; false where the process ended before.
    func wait(until condition: () -> Bool) -> Bool {
        while !condition() {
            var information = siginfo_t()
            waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT)
            if information.si_signo != 0 { return false }
            usleep(500)
        }
        return true
    }

    /// What it has said on stdout so far.
    var output: String { (try? text("out")) ?? "" }

    /// Waits for the end.
    func end() throws -> Command.Ending {
        let clock = ContinuousClock(), start = clock.now
        var status: Int32 = 0
        while waitpid(identifier, &status, WNOHANG) == 0 {
            if clock.now - start > Self.limit {
                send(SIGKILL)
                waitpid(identifier, &status, 0)
                throw TimedOut(command: command)
            }
            usleep(500)
        }
        let signal = status & 0x7F
        return Command.Ending(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: try text("out"), messages: try text("err"))
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: capture.url.appendingPathComponent(name)), as: UTF8.self)
    }
}

/// A folder that goes when its last user does: a class, because values have no such moment.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
            .appendingPathComponent("endtoend-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}
