import Chat
import Foundation
import HTTPWorkers
import Testing

@Suite struct OpenAIStreamTests {
    private func texts(_ chunks: [JSONObject]) -> String {
        chunks.compactMap { $0["choices"]?.array?.first?["delta"]?["content"]?.string }.joined()
    }

    @Test(arguments: ["stream", "stream:1", "stream:3", "stream:7", "stream_crlf", "stream_no_done"])
    func aStreamIsItsChunksHoweverItIsCut(deed: String) async throws {
        try await FaultyProvider.withWorker { worker in
            let chunks = try await worker.chunks(deed)
            #expect(texts(chunks) == "Grüße, 世界 🙂")
            #expect(chunks.count == 5)
            #expect(chunks.last?["usage"].flatMap(Usage.init) == Usage(promptTokens: 7, completionTokens: 3))
            // Untouched: order of members, and digits.
            #expect(
                chunks.first.map { JSON.object($0).text }?.hasPrefix(#"{"id":"c","object":"chat.completion.chunk","x":1.50,"#)
                    == true)
        }
    }

    @Test func aFinishedStreamLeavesItsConnectionForTheNext() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(connect: .seconds(60)), connectionsPerHost: 1) { worker in
            for _ in 0..<3 {
                let chunks = try await worker.chunks("stream:20")
                #expect(chunks.count == 5)
            }
        }
    }

    @Test func aStreamIsAskedForWithItsUsage() async throws {
        try await FaultyProvider.withWorker { worker in
            // The echo comes whole, which is no stream; but it was asked for as one.
            let failure = await #expect(throws: CallFailure.self) { try await worker.chunks("echo") }
            #expect(failure?.kind == .malformed && failure?.message.contains("application/json") == true)
        }
    }

    @Test(arguments: [
        ("status:429;retry-after=3", CallFailure.Kind.rateLimited), ("status:500", .overloaded), ("error_200", .overloaded),
        ("page:200", .malformed),
        ("reset", .interrupted), ("stream_no_end", .interrupted), ("stream_then:error", .overloaded),
        ("stream_then:rubbish", .malformed), ("stream_then:reset", .interrupted), ("stream_then:close", .interrupted),
    ])
    func aBrokenStreamThrowsAndNeverJustEnds(deed: String, kind: CallFailure.Kind) async throws {
        try await FaultyProvider.withWorker(key: "sk-0123456789abcdef") { worker in
            var chunks: [JSONObject] = []
            let failure = await #expect(throws: CallFailure.self) {
                for try await chunk in try await worker.events(
                    for: FaultyProvider.request(FaultyProvider.id(), deed), in: CallContext())
                {
                    chunks.append(chunk)
                }
            }
            #expect(failure?.kind == kind, "\(deed): \(failure?.message ?? "no failure")")
            #expect(failure?.message.contains("0123456789") == false)
            // What came before the break is delivered.
            #expect(texts(chunks) == (deed.hasPrefix("stream") ? "half an " : ""))
        }
    }

    @Test func aStreamThatFallsSilentTimesOut() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(stall: .milliseconds(30))) { worker in
            let failure = await #expect(throws: CallFailure.self) { try await worker.chunks("stream_then:stall") }
            #expect(failure?.kind == .timedOut)
        }
    }

    @Test func aReaderThatTakesItsTimeIsNoStall() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(stall: .seconds(4))) { worker in
            let id = FaultyProvider.id()
            var count = 0
            for try await _ in try await worker.events(for: FaultyProvider.request(id, "stream_endless"), in: CallContext()) {
                count += 1
                // The provider has to wait for us by then: unread pieces are bounded.
                if count == 1 { try await Task.sleep(for: .seconds(5)) }
                if count == 500 { break }
            }
            #expect(count == 500)
            try await worker.wait(untilClosed: id)
        }
    }

    @Test func endingTheIterationClosesTheConnection() async throws {
        try await FaultyProvider.withWorker { worker in
            let id = FaultyProvider.id()
            for try await _ in try await worker.events(for: FaultyProvider.request(id, "stream_endless"), in: CallContext()) {
                break
            }
            try await worker.wait(untilClosed: id)
        }
    }

    @Test func cancellingTheReaderClosesTheConnection() async throws {
        try await FaultyProvider.withWorker { worker in
            let id = FaultyProvider.id()
            let reader = Task {
                for try await _ in try await worker.events(
                    for: FaultyProvider.request(id, "stream_then:stall"), in: CallContext())
                {}
            }
            try await worker.wait(untilSeen: id)
            reader.cancel()
            _ = await reader.result
            try await worker.wait(untilClosed: id)
        }
    }

    @Test func aStreamIsRetriedOnlyBeforeItsFirstChunk() async throws {
        try await FaultyProvider.withWorker { worker in
            let patient = RetryingWorker(worker, time: Timekeeper(now: { .now }, sleep: { _ in }))
            let (early, late) = (FaultyProvider.id("early"), FaultyProvider.id("late"))
            var count = 0
            let request = FaultyProvider.request(early, "status:500", "error_200", "stream")
            for try await _ in try await patient.events(for: request, in: CallContext()) { count += 1 }
            #expect(count == 5)
            await #expect(throws: CallFailure.self) {
                for try await _ in try await patient.events(
                    for: FaultyProvider.request(late, "stream_then:close", "stream"), in: CallContext())
                {}
            }
            #expect(try await worker.seen(late) == 1)
        }
    }
}
