import Chat
import Foundation

/// A program that runs in a process group of its own, and the socket to it. It belongs to the thread that started it,
/// dies with that thread, and leaves no zombie.
final class RunningProgram {
    /// How an exchange ended.
    enum Ending: Equatable {
        /// The awaited word came.
        case word
        /// The program closed its output.
        case endOfOutput
        /// Wall time is up.
        case late
        /// More output than is taken.
        case tooMuch
    }

    let processID: pid_t
    /// Our end of the socket that is the program's standard input and output.
    private var socket: Int32
    private var isReaped = false

    /// Starts the program; its standard error is thrown away.
    ///
    /// Throws ``Chat/CallFailure`` of kind `infrastructure` where the system doesn't start it.
    init(_ launch: Launch) throws(CallFailure) {
        // A pipe that no other program inherits takes `pipe2`, which Swift's Glibc doesn't show; a socket is born so, and
        // writing to it after the program's end raises no signal.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Self.failure("a pipe", errno) }
        let (code, child) = Self.spawn(launch, standard: ends[1])
        close(ends[1])
        (processID, socket) = (child, ends[0])
        if code != 0 {
            isReaped = true
            hangUp()
            throw Self.failure(launch.program, code)
        }
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
    }

    deinit { end() }

    private static func failure(_ what: String, _ code: Int32) -> CallFailure {
        CallFailure(.infrastructure, "could not start \(what): \(String(cString: strerror(code)))")
    }

    private static func spawn(_ launch: Launch, standard: Int32) -> (code: Int32, child: pid_t) {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, standard, 0)
        posix_spawn_file_actions_adddup2(&actions, standard, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Neither sockets nor files of ours; closing one that is closed already is no error there.
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var all = sigset_t(), none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        let command = launch.command
        let arguments = command.map { strdup($0) } + [nil], environment = Launch.environment.map { strdup($0) } + [nil]
        defer { (arguments + environment).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, command[0], &actions, &attributes, arguments, environment)
        return (code, child)
    }

    /// Writes `text`, and reads until `word` stands at the end of the output (but for white space), or, where it is `nil`,
    /// closes the program's input and reads until the output ends.
    func exchange(
        _ text: String, until word: String?, outputLimit: Int, deadline: ContinuousClock.Instant
    ) -> (output: [UInt8], ending: Ending) {
        var unwritten = Array(text.utf8)[...], taken: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if unwritten.isEmpty, word == nil { shutdown(socket, Int32(SHUT_WR)) }
            let left = deadline - ContinuousClock.now
            guard left > .zero else { return (taken, .late) }
            var wait = pollfd(fd: socket, events: Int16(unwritten.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            guard poll(&wait, 1, Int32(clamping: milliseconds + 1)) > 0 else { continue }

            if !unwritten.isEmpty {
                let count = unwritten.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                // A program that has ended may still have said something.
                unwritten = count >= 0 ? unwritten.dropFirst(count) : Self.isTransient(errno) ? unwritten : []
            }
            let count = read(socket, &buffer, buffer.count)
            if count == 0 || (count < 0 && !Self.isTransient(errno)) { return (taken, .endOfOutput) }
            taken += buffer.prefix(max(count, 0))
            guard taken.count <= outputLimit else { return (taken, .tooMuch) }
            if let word, Self.strip(word, from: &taken) { return (taken, .word) }
        }
    }

    private static func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EINTR }

    /// Removes `word` and the white space around it from the end of `bytes`, where it stands there.
    private static func strip(_ word: String, from bytes: inout [UInt8]) -> Bool {
        func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            bytes.prefix((bytes.lastIndex { $0 > 0x20 } ?? bytes.startIndex - 1) + 1 - bytes.startIndex)
        }
        let end = trimmed(bytes[...])
        guard end.count >= word.utf8.count, end.suffix(word.utf8.count).elementsEqual(word.utf8) else { return false }
        bytes = Array(trimmed(end.dropLast(word.utf8.count)))
        return true
    }

    /// Waits until the program has ended by itself, at most to `deadline`, and reaps it; `nil`: it was killed here, by its
    /// group, or by a signal.
    func exitStatus(deadline: ContinuousClock.Instant) -> Int32? {
        guard !isReaped else { return nil }
        hangUp()
        var info = siginfo_t(), pause = timespec(tv_sec: 0, tv_nsec: 200_000)
        while waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_signo == 0 {
            guard ContinuousClock.now < deadline else {
                end()
                return nil
            }
            nanosleep(&pause, nil)
            pause.tv_nsec = min(pause.tv_nsec * 2, 10_000_000)
        }
        return end()
    }

    /// Kills the whole group, and reaps. What comes back is the exit status of a program that had ended already.
    @discardableResult
    func end() -> Int32? {
        guard !isReaped else { return nil }
        hangUp()
        // The group's number can't be given to another one before its leader is reaped.
        kill(-processID, SIGKILL)
        kill(processID, SIGKILL)
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        isReaped = true
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    private func hangUp() {
        if socket >= 0 { close(socket) }
        socket = -1
    }
}
