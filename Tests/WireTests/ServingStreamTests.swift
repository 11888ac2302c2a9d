import Chat
import Foundation
import Serving
import Synchronization
import Testing

struct ServingStreamTests {
    @Test func aChunkIsDeliveredBeforeTheNextIsMade() async throws {
        let heard = [Flag(), Flag(), Flag()]
        let worker = PlayedWorker(streamed: { _ in
            let (stream, source) = AsyncThrowingStream<JSONObject, any Error>.makeStream()
            Task {
                for (index, flag) in heard.enumerated() {
                    source.yield(PlayedWorker.chunk("word \(index)"))
                    // Without the client's word that it has this one, there is no next one.
                    await flag.raised()
                }
                source.finish()
            }
            return stream
        })
        try await serving(worker) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post(streaming().text))
            let head = try await client.head()
            #expect(head.status == 200 && head.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            #expect(head.headers["x-baton-worker"] == "inner-1" && head.headers["x-baton-cost"] == nil)
            for (index, flag) in heard.enumerated() {
                var expected = PlayedWorker.chunk("word \(index)")
                expected["model"] = "baton"
                #expect(try await client.chunk() == "data: \(JSON.object(expected).text)\n\n")
                flag.raise()
            }
            #expect(try await client.chunk() == ": x-baton-cost 0.00\n\ndata: [DONE]\n\n")
            #expect(try await client.chunk() == nil)
        }
    }

    @Test func theUsageChunkComesWhereItWasAskedFor() async throws {
        try await serving(.saying("a b")) { port in
            for (asked, count) in [(nil, 0), (false, 0), (true, 1)] as [(Bool?, Int)] {
                let reply = try await WireClient.chat(port, streaming(usage: asked))
                #expect(reply.text.split(separator: "\n").filter { $0.contains("prompt_tokens") }.count == count)
                #expect(reply.text.hasSuffix("data: [DONE]\n\n"))
            }
        }
    }

    @Test func aWorkerThatDoesNotCountIsEstimated() async throws {
        let price = Price(input: Money(nanos: 1_000_000_000), output: Money(nanos: 1_000_000_000), date: "2026-11-01")
        try await serving(OneRoute(worker: PlayedWorker.saying("12345678 1234567", usage: nil), price: price)) { port in
            let reply = try await WireClient.chat(port, streaming(usage: true))
            let usage = reply.text.split(separator: "\n").first { $0.contains("\"usage\"") }.map { $0.dropFirst(6) }
            let json = try JSON(parsing: String(usage ?? ""))
            // "hello" has 5 bytes, the words with their spaces 17.
            #expect(json["usage"]?["prompt_tokens"]?.int == 2 && json["usage"]?["completion_tokens"]?.int == 5)
            #expect(json["usage"]?["estimated"]?.bool == true && json["model"]?.string == "baton")
            #expect(reply.text.contains(": x-baton-cost 0.000007\n"))
        }
    }

    @Test func aStreamThatBreaksEndsWithAnErrorAndWithoutDone() async throws {
        let worker = PlayedWorker(streamed: { _ in
            AsyncThrowingStream { source in
                source.yield(PlayedWorker.chunk("one"))
                source.finish(throwing: CallFailure(.interrupted, "cut"))
            }
        })
        try await serving(worker) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post(streaming().text))
            let reply = try await client.reply()
            let last = reply.text.split(separator: "\n").last.map { String($0.dropFirst(6)) } ?? ""
            #expect(reply.status == 200 && !reply.text.contains("[DONE]"))
            #expect(try JSON(parsing: last)["error"]?["code"]?.string == "worker_interrupted")
            await client.end()
        }
    }

    @Test func aStreamThatNeverBeganIsAFailure() async throws {
        try await serving(PlayedWorker(streamed: { _ in AsyncThrowingStream { $0.finish() } })) { port in
            let reply = try await WireClient.chat(port, streaming())
            #expect(reply.status == 502)
        }
    }

    @Test(arguments: [false, true])
    func aClientThatLeavesBeforeTheReplyCancelsTheCall(_ isStreamed: Bool) async throws {
        let begun = Flag(), cancelled = Flag()
        try await serving(.stalling(begun: begun, cancelled: cancelled)) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post((isStreamed ? streaming() : hello).text))
            await begun.raised()
            try await client.close()
            await cancelled.raised()
        }
    }

    @Test func aClientThatLeavesAStreamCancelsTheCall() async throws {
        let cancelled = Flag()
        let worker = PlayedWorker(streamed: { _ in
            AsyncThrowingStream { source in
                source.onTermination = { if case .cancelled = $0 { cancelled.raise() } }
                source.yield(PlayedWorker.chunk("one"))
            }
        })
        try await serving(worker) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post(streaming().text))
            _ = try await client.head()
            _ = try await client.chunk()
            try await client.close()
            await cancelled.raised()
        }
    }

    @Test func fiftyStreamsGoOnWhileAThreadIsBusy() async throws {
        let busy = BusyThread()
        busy.start()
        defer { busy.stop() }
        try await serving(.saying("one two three four five six seven eight")) { port in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let reply = try await WireClient.chat(port, streaming())
                        return reply.text.split(separator: "\n").count { $0.hasPrefix("data: {") }
                    }
                }
                for try await count in group { #expect(count == 8) }
            }
        }
    }

    /// Works without end on a thread of its own, as a long embedding does.
    private final class BusyThread: Sendable {
        private let isStopped = Atomic<Bool>(false)
        func start() {
            Thread.detachNewThread {
                var sum = 0.0
                while !self.isStopped.load(ordering: .relaxed) { sum += sin(sum) + 1 }
            }
        }
        func stop() { isStopped.store(true, ordering: .relaxed) }
    }
}
