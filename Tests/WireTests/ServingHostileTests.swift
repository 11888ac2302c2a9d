import Chat
import Foundation
import Serving
import Testing

/// Clients that are broken, slow or greedy get their 4xx, and hurt nobody else.
struct ServingHostileTests {
    private var short: ChatServer.Options {
        var options = ChatServer.Options()
        options.headerTime = .milliseconds(50)
        options.bodyTime = .milliseconds(50)
        options.maximumBody = 10_000
        options.maximumHeader = 4096
        return options
    }

    @Test(arguments: [
        ("what is this\r\n\r\n", 400), ("GET / HTTP/9\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 10_000) + "\r\n\r\n", 431),
        ("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 20000\r\n\r\n", 413),
        (
            "POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n"
                + String(repeating: "a", count: 20_000), 413
        ),
        ("POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("GET /health HT", 408), ("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n{\"mess", 408),
    ])
    func whatIsNoRequestIsRefusedWhileOthersAreServed(_ bytes: String, _ status: Int) async throws {
        try await serving(.saying("hi"), short) { port in
            let hostile = try await WireClient(port: port)
            try await hostile.send(bytes)
            #expect(try await WireClient.chat(port, hello).status == 200)
            let reply = try await hostile.reply()
            #expect(reply.status == status && reply.error["type"]?.string == "invalid_request_error", "\(reply)")
            await hostile.end()
            #expect(try await WireClient.chat(port, hello).status == 200)
        }
    }

    @Test(arguments: ["/health", "/nowhere", "/v1/models"])
    func aBrokenBodyThatNobodyReadsGetsTheReplyOfItsRequestAndNoOther(_ path: String) async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            let broken = "POST \(path) HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            try await client.send(WireClient.post(hello.text) + broken + "GET /health HTTP/1.1\r\n\r\n")
            #expect(try await client.reply().status == 200)
            #expect(try await client.reply().status == (path == "/nowhere" ? 404 : 405))
            await client.end()
            #expect(client.rest.isEmpty)
        }
    }

    @Test func aBrokenBodyBehindARequestWaitsForItsReply() async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            let broken = "POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
            try await client.send(WireClient.post(hello.text) + broken)
            #expect(try await client.reply().status == 200)
            #expect(try await client.reply().error["code"]?.string == "bad_http")
            await client.end()
        }
    }

    /// As on a machine that is so busy that the time is over when the request's turn comes.
    @Test func aBodyThatIsLateBeforeAnybodyWaitsForItIsAnsweredAsWell() async throws {
        var options = ChatServer.Options()
        options.bodyTime = .zero
        try await serving(.saying("hi"), options) { port in
            for _ in 0..<20 {
                let head = "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
                let reply = try await WireClient.ask(port, head)
                #expect(reply.status == 408)
            }
        }
    }

    @Test func aRequestBehindAnotherIsAnsweredBehindIt() async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            let health = "GET /health HTTP/1.1\r\nHost: t\r\n\r\n"
            try await client.send(WireClient.post(hello.text) + health + WireClient.post(streaming().text) + health)
            #expect(try await client.reply().json["object"]?.string == "chat.completion")
            #expect(try await client.reply().json["status"]?.string == "ok")
            #expect(try await client.reply().text.hasSuffix("[DONE]\n\n"))
            #expect(try await client.reply().json["status"]?.string == "ok")
            // And again on the same connection.
            try await client.send(WireClient.post(hello.text))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test func nonsenseBehindARequestWaitsForItsReply() async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post(hello.text) + "nonsense\r\n\r\n")
            #expect(try await client.reply().status == 200)
            #expect(try await client.reply().status == 400)
            await client.end()
        }
    }

    @Test func aRefusedBodyDoesNotSpoilTheConnection() async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            try await client.send(WireClient.post("{", path: "/nowhere") + WireClient.post("{") + WireClient.post(hello.text))
            #expect(try await client.reply().status == 404)
            #expect(try await client.reply().status == 400)
            #expect(try await client.reply().status == 200)
        }
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        try await serving(.saying("hi")) { port in
            let client = try await WireClient(port: port)
            let request = WireClient.post(hello.text, headers: "Expect: 100-continue\r\n").components(separatedBy: "\r\n\r\n")
            try await client.send(request[0] + "\r\n\r\n")
            try await client.send(request[1])
            #expect(try await client.reply().status == 200)
        }
    }

    @Test func aConnectionOnWhichNothingComesIsClosed() async throws {
        var options = ChatServer.Options()
        options.idleTime = .milliseconds(30)
        try await serving(.saying("hi"), options) { port in
            let client = try await WireClient(port: port)
            await client.end()
            #expect(client.rest.isEmpty)
        }
    }

    @Test func moreRequestsThanAllowedAreToldToComeBack() async throws {
        let begun = Flag(), cancelled = Flag()
        var options = ChatServer.Options()
        options.maximumRequests = 1
        try await serving(.stalling(begun: begun, cancelled: cancelled), options) { port in
            let first = try await WireClient(port: port)
            try await first.send(WireClient.post(hello.text))
            await begun.raised()
            let second = try await WireClient.chat(port, hello)
            #expect(second.status == 503 && second.headers["retry-after"] == "1")
            #expect(second.error["code"]?.string == "server_overloaded")
            // Other things are served all the same.
            #expect(try await WireClient.ask(port, "GET /health HTTP/1.1\r\nHost: t\r\n\r\n").status == 200)
            try await first.close()
            await cancelled.raised()
        }
    }

    @Test func aLargeRequestIsServed() async throws {
        let worker = PlayedWorker(whole: { request in
            Reply(text: "\(request.lastUserText.utf8.count)", model: "m", usage: Usage(promptTokens: 1, completionTokens: 1))
        })
        try await serving(worker) { port in
            let text = JSON.string(String(repeating: "ab ", count: 1_000_000))
            let reply = try await WireClient.chat(port, ["model": "baton", "messages": [["role": "user", "content": text]]])
            #expect(reply.json["choices"]?.array?.first?["message"]?["content"]?.string == "3000000")
        }
    }

    @Test func aServerThatEndsFinishesWhatItHasBegun() async throws {
        let begun = Flag(), goOn = Flag()
        let worker = PlayedWorker(whole: { _ in
            begun.raise()
            await goOn.raised()
            return Reply(text: "done", model: "m", usage: Usage(promptTokens: 1, completionTokens: 1))
        })
        let (port, running) = try await Self.start(worker, ChatServer.Options())
        let client = try await WireClient(port: port), idle = try await WireClient(port: port)
        try await client.send(WireClient.post(hello.text))
        await begun.raised()
        running.cancel()
        // The idle connection is closed at once: the end has begun.
        await idle.end()
        goOn.raise()
        let reply = try await client.reply()
        #expect(reply.status == 200)
        try await running.value
        await #expect(throws: (any Error).self) { try await WireClient(port: port) }
    }

    @Test func aServerThatEndsDoesNotWaitForEver() async throws {
        let begun = Flag(), cancelled = Flag()
        var options = ChatServer.Options()
        options.drainTime = .milliseconds(20)
        let (port, running) = try await Self.start(.stalling(begun: begun, cancelled: cancelled), options)
        let client = try await WireClient(port: port)
        try await client.send(WireClient.post(hello.text))
        await begun.raised()
        running.cancel()
        await client.end()
        await cancelled.raised()
        try await running.value
    }

    /// A server that runs, and the task in which it does.
    private static func start(
        _ worker: PlayedWorker, _ options: ChatServer.Options
    ) async throws -> (port: Int, running: Task<Void, any Error>) {
        let (ports, source) = AsyncStream<Int>.makeStream()
        let server = ChatServer(endpoint: OneRoute(worker: worker), port: 0, options: options)
        let running = Task { try await server.run { source.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        return (try #require(await iterator.next()), running)
    }

    @Test func aPortThatIsTakenIsToldInOneLine() async throws {
        try await serving(.saying("hi")) { port in
            let second = ChatServer(endpoint: OneRoute(worker: PlayedWorker.saying("hi")), port: port)
            let error = await #expect(throws: (any Error).self) { try await second.run { _ in } }
            #expect("\(error.map { "\($0)" } ?? "")".contains("127.0.0.1:\(port): cannot listen here: Address already in use"))
        }
    }
}
