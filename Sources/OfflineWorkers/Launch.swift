import Files
import Foundation

/// What to start, and within which limits. The program gets no more of our environment than a search path, so that
/// neither a user's locale nor a start-up file in a home directory changes an answer.
struct Launch: Sendable {
    /// Absolute path.
    let program: String
    var arguments: [String]
    /// Bytes of address space.
    var memory: Int
    /// Seconds of processor time, for programs that run once; `nil`: no limit.
    var processorSeconds: Int?

    /// The program `name` of the search path.
    ///
    /// Throws ``Files/InputError`` that names the Debian `package` where it isn't installed.
    init(
        _ name: String, package: String, arguments: [String] = [], memory: Int = 2 << 30, processorSeconds: Int? = nil
    ) throws(InputError) {
        for helper in ["setpriv", "prlimit"] where Self.path(of: helper) == nil {
            throw InputError("offline pool", "\(helper) is missing; install util-linux")
        }
        guard let path = Self.path(of: name) else {
            throw InputError("offline pool", "the program \(name) is missing; install the Debian package \(package)")
        }
        program = path
        self.arguments = arguments
        self.memory = memory
        self.processorSeconds = processorSeconds
    }

    /// The command as it is executed. `setpriv` sees to it that the program dies with the thread that starts it, which
    /// `posix_spawn` has no word for; both helpers replace themselves, so the process stays one.
    var command: [String] {
        var limits = ["--as=\(memory)", "--core=0"]
        if let processorSeconds { limits.append("--cpu=\(processorSeconds)") }
        let helpers = ["setpriv", "prlimit"].map { Self.path(of: $0) ?? $0 }
        return [helpers[0], "--pdeathsig", "KILL", "--", helpers[1]] + limits + ["--", program] + arguments
    }

    static let environment = [
        "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent", "MAXIMA_USERDIR=/nonexistent",
    ]

    private static func path(of name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (folders.filter { $0.hasPrefix("/") } + ["/usr/bin", "/bin", "/usr/games"])
            .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
