import Files
import Foundation

/// `baton workers` as a child of this process. It ends when its standard input does, so also when this process dies. A
/// class because it owns the child.
final class OfflineProcess: Sendable {
    /// Names the workers and their address.
    let poolFile: URL
    private let process: Process
    private let lifeline: Pipe

    /// Starts the workers and waits until all of them answer.
    ///
    /// Throws ``InputError`` with what the child said where it ends before that.
    init() throws {
        let process = Process(), output = Pipe(), errors = Pipe(), lifeline = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["workers", "--port", "0", "--until-input-ends"]
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = lifeline
        try process.run()
        guard let path = Self.firstLine(of: output.fileHandleForReading, where: { $0.hasSuffix(".yaml") }) else {
            process.terminate()
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let line = said.split(whereSeparator: \.isNewline).last.map(String.init) ?? "ended before its workers answered"
            throw InputError("pool offline", line.replacingOccurrences(of: "baton: ", with: ""))
        }
        poolFile = URL(fileURLWithPath: path)
        self.process = process
        self.lifeline = lifeline
        // What the child says later must not fill the pipes.
        for pipe in [output, errors] { pipe.fileHandleForReading.readabilityHandler = { _ = $0.availableData } }
    }

    /// Ends the child and waits for it.
    func stop() {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    private static func firstLine(of handle: FileHandle, where isWanted: (String) -> Bool) -> String? {
        var text = ""
        while true {
            let piece = handle.availableData
            guard !piece.isEmpty else { return nil }
            text += String(decoding: piece, as: UTF8.self)
            for line in text.split(whereSeparator: \.isNewline).map(String.init) where isWanted(line) && text.hasSuffix("\n") {
                return line
            }
        }
    }
}
