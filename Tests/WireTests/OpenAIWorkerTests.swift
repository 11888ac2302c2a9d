import Chat
import Files
import Foundation
import HTTPWorkers
import Testing

@Suite struct OpenAIWorkerTests {
    @Test func aReplyIsWhatTheProviderSent() async throws {
        try await FaultyProvider.withWorker { worker in
            for deed in ["ok", "gzip"] {
                let reply = try await worker.reply(to: FaultyProvider.request("plain-\(deed)", deed), in: CallContext())
                #expect(reply.text == "answer plain-\(deed)")
                #expect(reply.usage == Usage(promptTokens: 7, completionTokens: 3))
                #expect(reply.revision == "faulty-1 fp")
            }
        }
    }

    @Test func theRequestIsCompletedAndNothingElseIsTouched() async throws {
        try await FaultyProvider.withWorker(key: "sk-0123456789abcdef", sampling: ["temperature": .number("0.70"), "top_p": 1])
        { worker in
            var request = FaultyProvider.request("echo", "echo")
            request.json["tools"] = [["type": "function", "function": ["name": "f", "x": .number("1.0")]]]
            request.json["top_p"] = .number("0.5")
            request.json["stream"] = true
            request.json["stream_options"] = ["include_usage": true]
            let reply = try await worker.reply(to: request, in: CallContext())
            let sent = try #require(try JSON(parsing: reply.text).object)
            #expect(sent["model"] == "faulty-large")
            #expect(sent["temperature"] == .number("0.70"))
            #expect(sent["top_p"] == .number("0.5"))
            #expect(sent["tools"] == request.json["tools"])
            #expect(sent["messages"] == request.json["messages"])
            #expect(sent["stream"] == nil && sent["stream_options"] == nil)
            // The key went out as it is, and doesn't come back.
            #expect(
                reply.json["authorization_sha256"] == "4722698b6b0ab0a16e5b30ec303e042f18e0dd0e554f3866bfc0ae2825d0adcc")
            #expect(reply.json["headers"]?["authorization"] == "Bearer [redacted]")
            #expect(reply.json["headers"]?["content-type"] == "application/json")
        }
    }

    /// Each deed of the provider, and the kind of failure that it is.
    @Test(arguments: [
        ("status:429", CallFailure.Kind.rateLimited, 429), ("status:401", .unauthorized, 401),
        ("status:403", .unauthorized, 403),
        ("status:408", .overloaded, 408), ("status:409", .overloaded, 409), ("status:425", .overloaded, 425),
        ("status:500", .overloaded, 500), ("page:502", .overloaded, 502), ("status:503", .overloaded, 503),
        ("status:400", .rejected, 400), ("status:404", .rejected, 404), ("status:302", .rejected, 302),
        ("page:200", .malformed, 200),
        ("reset", .interrupted, 0), ("close", .interrupted, 0), ("reset_mid", .interrupted, 0),
        ("close_mid", .interrupted, 0), ("chunks_cut", .interrupted, 0), ("gzip_cut", .malformed, 0),
        ("bomb", .malformed, 0), ("malformed", .malformed, 200), ("nested", .malformed, 200), ("empty", .malformed, 200),
        ("no_choice", .malformed, 200), ("error_200", .overloaded, 200),
    ])
    func eachMisdeedHasItsKind(deed: String, kind: CallFailure.Kind, status: Int) async throws {
        try await FaultyProvider.withWorker { worker in
            let failure = try await worker.failure(deed)
            let kinds = deed == "gzip_cut" ? [.malformed, .interrupted] : [kind]
            #expect(kinds.contains(failure.kind), "\(deed): \(failure)")
            if status > 0 { #expect(failure.status == status) }
            #expect(failure.message.hasPrefix("worker alpha: "))
            #expect(!failure.message.contains { $0.isNewline } && failure.message.count < 350, "\(failure)")
            if deed.hasPrefix("status:") { #expect(failure.message.contains("said with \(status)")) }
        }
    }

    @Test func aReplyBeyondTheLimitIsNoAnswer() async throws {
        try await FaultyProvider.withWorker(largestReply: 1 << 20) { worker in
            let failure = try await worker.failure("large:3000000")
            #expect(failure.kind == .malformed && failure.message.contains("1 MiB"), "\(failure)")
        }
    }

    @Test(arguments: [
        ("status:429", nil), ("status:429;retry-after=7", Duration.seconds(7)),
        ("status:503;retry-after=0.5", .milliseconds(500)),
        ("status:429;retry-after-ms=250;retry-after=9", .milliseconds(250)), ("dated:90", .seconds(90)), ("dated:-90", .zero),
        ("status:429;retry-after=soon", nil), ("status:429;retry-after=-4", nil),
        ("status:429;x-ratelimit-remaining-tokens=0;x-ratelimit-reset-tokens=1m0.5s", .milliseconds(60500)),
        ("status:429;x-ratelimit-remaining-tokens=9;x-ratelimit-reset-tokens=1m", nil),
    ])
    func theWaitThatAProviderAsksForIsRead(deed: String, wait: Duration?) async throws {
        let failure = try await FaultyProvider.withWorker { try await $0.failure(deed) }
        #expect(failure.retryAfter == wait)
    }

    @Test func aConnectionThatWasClosedBetweenRequestsGoesUnnoticed() async throws {
        try await FaultyProvider.withWorker(connectionsPerHost: 1) { worker in
            let id = FaultyProvider.id()
            for _ in 0..<3 {
                let text = try await worker.text(id, "fresh")
                #expect(text == "answer \(id)")
            }
            // The second and third call each met a connection that was closed instead of answered, but where the machine was so
            // busy that an idle one had been given up before.
            let seen = try #require(await FaultyProvider.withWorker { try await $0.seen(id) })
            #expect((4...5).contains(seen))
        }
    }

    @Test func aPortWithNobodyBehindItIsUnreachable() async throws {
        let connections = HTTPConnections()
        let worker = try OpenAIWorker(spec: FaultyProvider.spec(baseURL: "http://127.0.0.1:1/v1"), connections: connections)
        let failure = try await worker.failure("ok")
        await connections.shutdown()
        #expect(failure.kind == .unreachable && failure.message.contains("connecting"), "\(failure)")
        #expect(try await worker.failure("ok").kind == .unreachable)
    }

    // MARK: Time

    @Test func aSilentProviderTimesOutBeforeTheFirstByte() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(firstByte: .milliseconds(30))) { worker in
            let failure = try await worker.failure("stall")
            #expect(failure.kind == .timedOut && failure.message.contains("waiting for the reply"), "\(failure)")
        }
    }

    @Test func aProviderThatFallsSilentTimesOutBetweenBytes() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(stall: .milliseconds(30))) { worker in
            let failure = try await worker.failure("stall_mid")
            #expect(failure.kind == .timedOut && failure.message.contains("in the middle"), "\(failure)")
        }
    }

    @Test func aTrickleEndsWithTheWholeTimeAndWithTheDeadline() async throws {
        try await FaultyProvider.withWorker(timeouts: Timeouts(whole: .milliseconds(60))) { worker in
            let failure = try await worker.failure("drip")
            #expect(failure.kind == .timedOut)
        }
        try await FaultyProvider.withWorker { worker in
            let failure = try await worker.failure("drip", context: CallContext(deadline: .now + .milliseconds(60)))
            #expect(failure.kind == .timedOut && failure.message.contains("deadline"), "\(failure)")
            let id = FaultyProvider.id()
            await #expect(throws: CallFailure.self) {
                try await worker.reply(to: FaultyProvider.request(id, "ok"), in: CallContext(deadline: .now - .seconds(1)))
            }
            #expect(try await worker.seen(id) == 0)
        }
    }

    @Test func waitingForAConnectionIsThePhaseOfConnecting() async throws {
        let connections = HTTPConnections(connectionsPerHost: 1), id = FaultyProvider.id()
        let spec = FaultyProvider.spec(baseURL: "http://127.0.0.1:\(try FaultyProvider.shared.get().port)/v1")
        // Who waits for the only connection is in a hurry; who has it must not be, or a busy machine leaves it without.
        let patient = try OpenAIWorker(spec: spec, connections: connections)
        var inHurry = spec
        inHurry.provider.timeouts.connect = .milliseconds(40)
        let hurried = try OpenAIWorker(spec: inHurry, connections: connections)
        let first = Task { try await patient.reply(to: FaultyProvider.request(id, "stall"), in: CallContext()) }
        try await FaultyProvider.withWorker { try await $0.wait(untilSeen: id) }
        let failure = try await hurried.failure("ok")
        #expect(failure.kind == .timedOut && failure.message.contains("connecting"), "\(failure)")
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        await connections.shutdown()
    }

    @Test func aCancelledCallClosesItsConnectionAtOnce() async throws {
        try await FaultyProvider.withWorker { worker in
            let id = FaultyProvider.id()
            for deed in ["stall", "stall_mid"] {
                let call = Task { try await worker.reply(to: FaultyProvider.request(id + deed, deed), in: CallContext()) }
                try await worker.wait(untilSeen: id + deed)
                call.cancel()
                await #expect(throws: CancellationError.self) { try await call.value }
                try await worker.wait(untilClosed: id + deed)
            }
        }
    }

    @Test func shuttingDownEndsWhatIsUnderWay() async throws {
        let id = FaultyProvider.id()
        let call = try await FaultyProvider.withWorker { worker in
            let call = Task { try await worker.reply(to: FaultyProvider.request(id, "stall"), in: CallContext()) }
            try await worker.wait(untilSeen: id)
            return call
        }
        await #expect(throws: CallFailure.self) { try await call.value }
    }

    // MARK: Keys

    @Test func noKeyIsInAnyFailure() async throws {
        let key = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"
        try await FaultyProvider.withWorker(key: key) { worker in
            for deed in ["tell_key", "tell_key_200"] {
                let failure = try await worker.failure(deed)
                var shown = "\(failure) \(String(reflecting: failure)) \(worker) \(String(reflecting: worker))"
                dump(["nested": worker], to: &shown)
                for first in key.indices.dropLast(7) {
                    let part = key[first...].prefix(8)
                    #expect(!shown.contains(part))
                }
                let coded = Data("user:\(key)@host".utf8).base64EncodedString()
                for first in coded.indices.dropFirst(8).dropLast(20) { #expect(!shown.contains(coded[first...].prefix(12))) }
                #expect(failure.message.contains("[redacted]"))
            }
            await #expect(throws: CallFailure.self) { try await worker.chunks("tell_key") }
        }
        let secret = Secret(key)
        var dumped = ""
        dump(["nested": secret], to: &dumped)
        #expect(!(dumped + "\(secret)" + String(reflecting: secret) + String(describing: [secret])).contains("sk-"))
    }

    @Test func aMissingKeyIsBadInputThatNamesItsPlaceAndNotItsValue() async throws {
        let connections = HTTPConnections()
        let spec = FaultyProvider.spec(baseURL: "http://127.0.0.1:1/v1", keyVariable: "ACME_API_KEY")
        func make(_ environment: [String: String]) throws(InputError) {
            _ = try OpenAIWorker.make(spec, file: "pool.yaml", connections: connections, environment: environment)
        }
        let missing = #expect(throws: InputError.self) { try make([:]) }
        #expect(missing?.description == "pool.yaml: provider acme: the environment variable ACME_API_KEY is not set; export it")
        #expect(throws: InputError.self) { try make(["ACME_API_KEY": ""]) }
        let wrong = #expect(throws: InputError.self) { try make(["ACME_API_KEY": "abc\ndef"]) }
        #expect(wrong?.description.contains("abc") == false)
        #expect(throws: Never.self) { try make(["ACME_API_KEY": "abc"]) }
        for url in ["", "api.example.com/v1", "ftp://x/v1", "http://", "http://a b/v1"] {
            #expect(throws: InputError.self, "\(url)") {
                _ = try OpenAIWorker(spec: FaultyProvider.spec(baseURL: url), connections: connections)
            }
        }
        await connections.shutdown()
    }

    // MARK: Many

    @Test func thousandsOfCallsToAProviderThatOftenFailsAllEndRight() async throws {
        try await FaultyProvider.withWorker { worker in
            let patient = RetryingWorker(
                worker, policy: RetryPolicy(attempts: 30),
                time: Timekeeper(now: { .now }, sleep: { _ in try Task.checkCancellation() }))
            let limiter = Limiter(ConcurrencyLimit(start: 64, maximum: 64))
            let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                var right = 0
                for index in 0..<2000 {
                    if index >= 64, try await group.next() == true { right += 1 }
                    group.addTask {
                        let request = FaultyProvider.request("many-\(index)", "sometimes:30")
                        let reply = try await limiter.limiting { try await patient.reply(to: request, in: CallContext()) }
                        return reply.text == "answer many-\(index)"
                    }
                }
                for try await isRight in group where isRight { right += 1 }
                return right
            }
            #expect(right == 2000)
            #expect(limiter.inFlight == 0)
        }
    }
}
