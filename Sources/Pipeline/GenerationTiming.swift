import Files
import Foundation

/// How long generations took: `timing.jsonl`, apart from all that must be the same on every machine and after every kill.
struct GenerationTiming: Codable {
    var generation: Int
    /// Wall time from asking for candidates to the durable checkpoint.
    var seconds: Double

    /// Appends a line to `file`, if that can be done: no search stops for the sake of its clock.
    func note(in file: URL) {
        guard var line = try? JSONEncoder.forFiles().encode(self) else { return }
        line.append(UInt8(ascii: "\n"))
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The median of what `file` tells, in seconds; `nil` where it tells nothing. Lines that a kill cut off are passed over.
    static func median(in file: URL) -> Double? {
        guard FileManager.default.fileExists(atPath: file.path), let data = try? readFile(file) else { return nil }
        let decoder = JSONDecoder()
        let seconds = data.split(separator: UInt8(ascii: "\n"))
            .compactMap { try? decoder.decode(GenerationTiming.self, from: $0).seconds }.sorted()
        guard !seconds.isEmpty else { return nil }
        return (seconds[(seconds.count - 1) / 2] + seconds[seconds.count / 2]) / 2
    }
}
