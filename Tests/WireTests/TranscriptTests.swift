import Chat
import Foundation
import Serving
import Synchronization
import Testing

struct TranscriptTests {
    private final class Kept: Sendable {
        let all = Mutex<[Transcript]>([])
    }

    @Test func eachChatIsRecordedWithWhatCameOfIt() async throws {
        let kept = Kept()
        var options = ChatServer.Options()
        options.record = { transcript in kept.all.withLock { $0.append(transcript) } }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("transcripts-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }

        let price = Price(input: Money(nanos: 3_000_000_000), output: Money(nanos: 15_000_000_000), date: "2026-11-01")
        try await serving(OneRoute(worker: PlayedWorker.saying("one two"), price: price), options) { port in
            _ = try await WireClient.chat(port, hello, headers: "x-request-id: first\r\n")
            _ = try await WireClient.chat(port, streaming())
            _ = try await WireClient.chat(port, ["model": "nobody", "messages": [["role": "user", "content": "a"]]])
        }
        let all = kept.all.withLock { $0 }
        #expect(all.map(\.status) == [200, 200, 404])
        #expect(all.map(\.worker) == ["inner-1", "inner-1", nil])
        #expect(all.map(\.cost) == [Money(nanos: 66_000), Money(nanos: 66_000), nil])
        #expect(all.first?.id == "first" && all.first.map { JSON.object($0.request.json) } == hello)
        #expect(all.first?.reply["choices"]?.array?.first?["message"]?["content"]?.string == "one two")
        #expect(all.dropFirst().first?.reply.array?.count == 2)
        #expect(all.last?.reply["error"]?["code"]?.string == "model_not_found")

        let writer = try TranscriptFolder(folder) { Issue.record($0) }
        for transcript in all { writer.record(transcript) }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                writer.finish()
                continuation.resume()
            }
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let day = all[0].began.formatted(.iso8601.year().month().day())
        #expect(files == ["\(day).jsonl"] && writer.lostCount == 0)
        let lines = try String(contentsOf: folder.appendingPathComponent(files[0]), encoding: .utf8).split(separator: "\n")
        #expect(try lines.map { try JSON(parsing: String($0)) } == all.map(\.json))
        #expect(try JSON(parsing: String(lines[0]))["cost"]?.string == "0.000066")
    }

    @Test func aFolderThatCannotBeIsRefused() throws {
        #expect(throws: (any Error).self) { try TranscriptFolder(URL(fileURLWithPath: "/dev/null/x")) { _ in } }
    }
}
