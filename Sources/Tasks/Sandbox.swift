public import Files
import Foundation
import Synchronization

/// Runs programs that nobody vouches for: answers of workers.
///
/// Covered: no network, no other process to be seen, nothing to read but the system's `/usr`, nothing to write at all; limits
/// on CPU time, memory, processes and output; the end of this process is theirs. Not covered: holes in the kernel, what
/// processors leak to each other, and the secrets of a `/usr` that holds any.
///
/// There is no way to run anything outside: where no sandbox can be made, there is no value of this type.
public struct Sandbox: Sendable {
    /// How programs are shut in.
    public enum Mode: String, Sendable, CaseIterable {
        /// `bwrap` (Debian's package bubblewrap), for root and for everybody whom the kernel lets make user namespaces.
        case bubblewrap
        /// `unshare` of util-linux, for root where `bwrap` does not work: in a chroot that is no mount point.
        case unshare
    }

    /// What a program may use up.
    public struct Limits: Sendable, Hashable {
        /// Seconds of CPU time a process. Time that passes without being used does not count: it says how busy the machine is.
        public var cpu = 5
        /// Bytes of address space a process.
        public var memory = 512 << 20
        /// Processes and threads, the first one included.
        public var processes = 1
        /// Bytes on standard output and standard error together.
        public var output = 1 << 20
        /// How long a program may sleep, in sum. One that waits for what never comes uses no CPU time.
        public var asleep = Duration.seconds(10)
        /// The outer guard; that it fires says something of this machine, not of the program.
        public var wall = Duration.seconds(180)

        public init() {}
    }

    /// How a program ended.
    public enum End: Sendable, Hashable {
        case exited(Int32)
        /// By itself; or by the kernel, a second of CPU time after the limit, where it would not hear of that.
        case killed(signal: Int32)
        /// One of the limits ended it.
        case overCPU, overOutput, overSleep
    }

    public struct Outcome: Sendable {
        public var end: End
        /// What came on standard output and standard error, at most `limits.output` together.
        public var output: [UInt8], errors: [UInt8]
    }

    public let mode: Mode

    private static let found: Result<Sandbox, InputError> = SandboxProbe.search(Mode.allCases)

    /// The sandbox of this machine. The first call tries each mode with real programs, in about 0.2 s; all others know.
    ///
    /// Throws ``InputError``, one line on why each mode does not work here.
    public init() throws(InputError) { self = try Self.found.get() }

    /// A sandbox of that mode only. Throws as ``init()``.
    public init(_ mode: Mode) throws(InputError) { self = try SandboxProbe.search([mode]).get() }

    init(unproved mode: Mode) { self.mode = mode }

    /// Runs `command`, whose first word is the path of a program below `/usr`, and waits for its end. As many run at once as
    /// there are cores, the others wait. Cancelling the task kills the program.
    ///
    /// Throws ``JobError`` where this machine failed (the sandbox did not start, the outer guard fired, memory ran out), which
    /// says nothing of the program, and `CancellationError`.
    public func run(_ command: [String], input: [UInt8] = [], limits: Limits = Limits()) async throws -> Outcome {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                SandboxSlots.shared.submit { slot in
                    continuation.resume(
                        with: Result { try run(command, input: input, limits: limits, slot: slot, cancellation) })
                }
            }
        } onCancel: {
            cancellation.isWanted.store(true, ordering: .relaxed)
        }
    }

    /// The same on this thread, which it blocks.
    func run(
        _ command: [String], input: [UInt8], limits: Limits, slot: Int, _ cancellation: Cancellation = Cancellation()
    ) throws -> Outcome {
        let arguments = commandLine(for: command, limits: limits, slot: slot)
        var process = try SandboxedProcess(arguments, input: input, limits: limits)
        return try process.finish(unless: cancellation)
    }

    /// Tells a thread that blocks that its work is of no use any more. A class because both sides hold it.
    final class Cancellation: Sendable {
        let isWanted = Atomic(false)
    }
}
