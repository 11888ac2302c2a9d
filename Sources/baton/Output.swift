import Foundation
import Pipeline
import Synchronization

/// Results go to stdout, everything else to stderr.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: .standardOutput) }

    /// One object on one line.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func note(_ text: String) { write(text + "\n", to: .standardError) }

    /// Writes to stdout or stderr. A reader that went away is no reason to fail; a full disk behind it is, for results.
    static func write(_ text: String, to handle: FileHandle) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(handle.fileDescriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                guard handle.fileDescriptor == STDOUT_FILENO else { return }
                if errno == EPIPE { gone.store(true, ordering: .relaxed) } else { lost.store(true, ordering: .relaxed) }
                return
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Whether a part of the results could not be written.
    static var isIncomplete: Bool { lost.load(ordering: .relaxed) }

    /// Whether nobody reads the results any more.
    static var hasNoReader: Bool { gone.load(ordering: .relaxed) }

    private static let lost = Atomic<Bool>(false), gone = Atomic<Bool>(false)
}

/// One live line on a terminal, a plain line now and then elsewhere.
final class ProgressLine: Sendable {
    private struct State {
        var label = "", lastShown = ContinuousClock.now, isOpen = false
    }

    private let state = Mutex(State())
    private let isTerminal = isatty(2) == 1
    private let isQuiet: Bool

    init(quiet: Bool) { isQuiet = quiet }

    /// A monitor that shows on stderr what stages tell, and stops them once a signal came.
    var monitor: Monitor {
        Monitor(note: { self.note($0) }, progress: { self.show($0) }, shouldStop: { Signals.cameIn })
    }

    func note(_ line: String) {
        guard !isQuiet else { return }
        state.withLock { state in
            if state.isOpen { Output.write("\r\u{1B}[K", to: .standardError) }
            state.isOpen = false
            Output.note(line)
        }
    }

    private func show(_ progress: Monitor.Progress) {
        guard !isQuiet else { return }
        let line =
            "\(progress.label) \(progress.done)/\(progress.total)" + (progress.detail.isEmpty ? "" : "  \(progress.detail)")
        state.withLock { state in
            let now = ContinuousClock.now, isLast = progress.done >= progress.total
            let wait: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
            guard isLast || now - state.lastShown > wait || state.label != progress.label else { return }
            (state.label, state.lastShown) = (progress.label, now)
            guard isTerminal else { return Output.note(line) }
            Output.write("\r\u{1B}[K" + line + (isLast ? "\n" : ""), to: .standardError)
            state.isOpen = !isLast
        }
    }
}
