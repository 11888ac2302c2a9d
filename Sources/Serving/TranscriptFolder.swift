import Chat
import Dispatch
import Files
public import Foundation
import Synchronization

/// Appends transcripts to a folder: one file of JSON lines a day (UTC), `2026-11-01.jsonl`. Writing is done on a queue of
/// its own, so a slow disk holds up no reply.
public final class TranscriptFolder: Sendable {
    /// More transcripts than this are not kept waiting for the disk; what comes on top is left out, and counted.
    private static let longestQueue = 4096

    private let folder: URL
    private let queue = DispatchQueue(label: "serving.transcripts")
    private let waiting = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)
    private let failed: @Sendable (any Error) -> Void

    /// Makes `folder`, readable by its owner only: transcripts hold what users wrote.
    ///
    /// `failed` is told, on the folder's queue, about the first transcript of each row of losses.
    ///
    /// Throws ``InputError`` or ``JobError`` where there can be no such folder.
    public init(_ folder: URL, failed: @escaping @Sendable (any Error) -> Void) throws {
        let isNew = !FileManager.default.fileExists(atPath: folder.path)
        try Durable.makeFolder(folder)
        if isNew { chmod(folder.path, 0o700) }
        self.folder = folder
        self.failed = failed
    }

    /// How many transcripts could not be written.
    public var lostCount: Int { lost.load(ordering: .relaxed) }

    /// Takes a transcript to be written; returns at once.
    public func record(_ transcript: Transcript) {
        guard waiting.add(1, ordering: .relaxed).newValue <= Self.longestQueue else {
            waiting.subtract(1, ordering: .relaxed)
            lost.add(1, ordering: .relaxed)
            return
        }
        queue.async {
            self.write(transcript)
            self.waiting.subtract(1, ordering: .relaxed)
        }
    }

    /// Returns when all that was taken is written. It blocks: not for the cooperative pool.
    public func finish() { queue.sync {} }

    private func write(_ transcript: Transcript) {
        let day = transcript.began.formatted(.iso8601.year().month().day())
        do {
            try Durable.append(transcript.json.text, to: folder.appendingPathComponent("\(day).jsonl"))
            reported.store(false, ordering: .relaxed)
        } catch {
            lost.add(1, ordering: .relaxed)
            if !reported.exchange(true, ordering: .relaxed) { failed(error) }
        }
    }

    /// Whether the row of losses that goes on has been told of.
    private let reported = Atomic<Bool>(false)
}
