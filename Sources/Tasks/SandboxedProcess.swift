import CProcess
import Files
import Foundation
import Synchronization

/// One program in its sandbox, from its start to its end, on the thread that makes it.
struct SandboxedProcess {
    private let process: pid_t
    private let limits: Sandbox.Limits
    private let kernelKillsBefore = ProcessTree.kernelKills()
    private let started = ContinuousClock.now
    private var nextLook = ContinuousClock.now
    private var timeAsleep = Duration.zero
    /// Our ends of the pipes to standard input and from standard output, standard error and the sandbox itself; -1 is closed.
    private var input: Int32, outputs: [Int32]
    private var unsent: ArraySlice<UInt8>
    private var received: [[UInt8]] = [[], [], []]

    private static let lookEvery = Duration.milliseconds(250)

    /// Starts `arguments`. Throws ``JobError`` where that is not possible.
    init(_ arguments: [String], input bytes: [UInt8], limits: Sandbox.Limits) throws {
        // A program that goes away while it is written to must not end this process.
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)

        var pipes: [(reading: Int32, writing: Int32)] = []
        defer { for (index, pipe) in pipes.enumerated() { close(index == 0 ? pipe.reading : pipe.writing) } }
        for _ in 0..<4 { pipes.append(try Self.makePipe()) }
        input = pipes[0].writing
        outputs = pipes[1...].map(\.reading)
        do {
            process = try Self.spawn(arguments, [pipes[0].reading, pipes[1].writing, pipes[2].writing, pipes[3].writing])
        } catch {
            for descriptor in [input] + outputs { close(descriptor) }
            throw error
        }
        self.limits = limits
        unsent = bytes[...]
        for descriptor in [input] + outputs { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    /// Waits for the end, and sees to it that there is one. Nothing of the program is left when this returns or throws.
    mutating func finish(unless cancellation: Sandbox.Cancellation) throws -> Sandbox.Outcome {
        defer { for descriptor in [input] + outputs where descriptor >= 0 { close(descriptor) } }
        var patience: Int32 = 1
        while true {
            if outputs.allSatisfy({ $0 < 0 }), let status = reap(waiting: false) { return try outcome(of: status) }
            exchange(within: patience)
            // With all pipes closed only looking again tells of the end.
            patience = outputs.allSatisfy { $0 < 0 } ? min(2 * patience, 50) : 250
            if received[0].count + received[1].count > limits.output { return end(as: .overOutput) }
            if cancellation.isWanted.load(ordering: .relaxed) {
                _ = end(as: .killed(signal: SIGKILL))
                throw CancellationError()
            }
            if ContinuousClock.now >= nextLook {
                if ProcessTree.isAsleep(process) { timeAsleep += Self.lookEvery }
                nextLook = .now + Self.lookEvery
                if timeAsleep > limits.asleep { return end(as: .overSleep) }
            }
            if ContinuousClock.now - started > limits.wall {
                _ = end(as: .killed(signal: SIGKILL))
                throw JobError("sandbox", "a program had no chance to end within \(limits.wall); is this machine overloaded?")
            }
        }
    }

    // MARK: Pipes

    /// Both ends above the numbers that the program will know its own by.
    private static func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard baton_pipe(&ends) == 0 else { throw failure("make a pipe") }
        let moved = ends.map { end in
            defer { close(end) }
            return fcntl(end, F_DUPFD_CLOEXEC, 10)
        }
        guard moved.allSatisfy({ $0 >= 0 }) else {
            let error = failure("make a pipe")
            for end in moved where end >= 0 { close(end) }
            throw error
        }
        return (moved[0], moved[1])
    }

    /// Waits at most `milliseconds` for something to send or to take, and does it.
    private mutating func exchange(within milliseconds: Int32) {
        if unsent.isEmpty { closeInput() }
        var polled = outputs.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        polled.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0))
        guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return }
        for index in outputs.indices where polled[index].revents != 0 { take(index) }
        if polled[outputs.count].revents != 0 { send() }
    }

    private mutating func take(_ index: Int) {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(outputs[index], &piece, piece.count)
        if count > 0 {
            received[index] += piece[..<count]
        } else if count == 0 || errno != EAGAIN && errno != EINTR {
            close(outputs[index])
            outputs[index] = -1
        }
    }

    private mutating func send() {
        let count = unsent.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        if count >= 0 {
            unsent = unsent.dropFirst(count)
        } else if errno != EAGAIN, errno != EINTR {
            unsent = []
        }
    }

    private mutating func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    // MARK: Beginning and end

    private static func spawn(_ arguments: [String], _ descriptors: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(index))
        }
        // Files that other parts of this process forgot to mark are none of the program's business.
        baton_close_from(&actions, Int32(descriptors.count))
        var none = sigset_t(), all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        guard let program = SandboxProbe.path(of: arguments[0]) else {
            throw JobError("sandbox", "there is no \(arguments[0]) on this machine")
        }
        var words = arguments.map { strdup($0) } + [nil], environment = Sandbox.environment.map { strdup($0) } + [nil]
        defer { for word in words + environment { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, &attributes, &words, &environment)
        guard code == 0 else { throw failure("start \(arguments[0])", code) }
        return process
    }

    private static func failure(_ what: String, _ code: Int32 = errno) -> JobError {
        JobError("sandbox", "cannot \(what): \(String(cString: strerror(code))); the same command goes on")
    }

    /// The exit status, as `wait` gives it; `nil` where the end has not come.
    private func reap(waiting: Bool) -> Int32? {
        var status: Int32 = 0
        var reaped = waitpid(process, &status, waiting ? 0 : WNOHANG)
        while reaped < 0, errno == EINTR { reaped = waitpid(process, &status, waiting ? 0 : WNOHANG) }
        return reaped == 0 ? nil : status
    }

    /// Kills everything. The first process of the sandbox dies with ours, and with it all that it holds.
    private func end(as end: Sandbox.End) -> Sandbox.Outcome {
        kill(-process, SIGKILL)
        _ = reap(waiting: true)
        let output = received[0].prefix(limits.output)
        return Sandbox.Outcome(
            end: end, output: Array(output), errors: Array(received[1].prefix(limits.output - output.count)))
    }

    private func outcome(of status: Int32) throws -> Sandbox.Outcome {
        let code = status >> 8 & 0xFF
        guard !received[2].isEmpty, status & 0x7F == 0 else {
            let reason = String(decoding: received[1].prefix { $0 != UInt8(ascii: "\n") }.prefix(200), as: UTF8.self)
            throw JobError("sandbox", "it did not start (\(reason.isEmpty ? "status \(status)" : reason))")
        }
        var end = Sandbox.End.exited(code)
        // Shells and bwrap report a signal so. A program that pretends to have got one gains nothing.
        if code > 128, code <= 128 + 64 { end = .killed(signal: code - 128) }
        if end == .killed(signal: SIGXCPU) { end = .overCPU }
        if end == .killed(signal: SIGKILL), ProcessTree.kernelKills() != kernelKillsBefore {
            throw JobError("sandbox", "this machine ran out of memory; make room, then give the same command again")
        }
        return Sandbox.Outcome(end: end, output: received[0], errors: received[1])
    }
}
