import Foundation
import Testing

/// `baton serve` as a client sees it that knows nothing of us.
struct LiveServeTests {
    private static let key = "sk-serve-77aB31cD9e"

    /// One request, and what came back.
    struct Request: Encodable {
        var method = "POST", path = "/v1/chat/completions"
        var body: Body?
    }
    struct Body: Encodable {
        struct Wish: Encodable { var without: [String] }
        struct Message: Encodable {
            var role = "user"
            var content: String
        }
        struct Tool: Encodable {
            struct Function: Encodable { var name: String }
            var type = "function"
            var function: Function
        }
        struct StreamOptions: Encodable { var include_usage: Bool }
        var model: String?
        var messages: [Message]
        var stream: Bool?, stream_options: StreamOptions?
        var tools: [Tool]?
        var baton: Wish?
    }
    struct Answer: Decodable {
        var status: Int
        var headers: [String: String]
        var text: String

        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]) ?? [:] }
        var choice: [String: Any] { (json["choices"] as? [[String: Any]])?.first ?? [:] }
        var message: [String: Any] { choice["message"] as? [String: Any] ?? [:] }
        var error: [String: Any] { json["error"] as? [String: Any] ?? [:] }
        var worker: String? { headers["x-baton-worker"] }

        /// The data of a stream's events.
        var events: [String] { text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) } }
    }

    /// A server that runs.
    final class Server: Sendable {
        let address: String
        private let process: Process

        init(_ workshop: Workshop, _ flags: [String], environment: [String: String] = [:]) throws {
            let command = ["serve", "\(Workshop.run)/router", "--pool", "pool.yaml", "--port", "0", "--threads", "1"]
            let process = try Command.start(command + flags, in: workshop.url, environment: environment)
            self.process = process
            guard process.wait(until: { process.output.contains("\n") }) else {
                throw Fixture.Failed(script: "serve", messages: try process.end().messages)
            }
            let line = process.output.prefix { $0 != "\n" }
            try #require(line.hasPrefix("listening on http://127.0.0.1:"))
            address = String(line.dropFirst("listening on http://".count))
        }

        deinit { process.send(SIGKILL) }

        func ask(_ requests: Request...) throws -> [Answer] {
            let input = String(decoding: try JSONEncoder().encode(requests), as: UTF8.self)
            return try Fixture.run("ask.py", [address], input: input)
        }

        func chat(_ bodies: Body...) throws -> [Answer] {
            let input = String(decoding: try JSONEncoder().encode(bodies.map { Request(body: $0) }), as: UTF8.self)
            return try Fixture.run("ask.py", [address], input: input)
        }

        func end() throws -> Command.Ending {
            process.send(SIGTERM)
            return try process.end()
        }
    }

    private static let question = [Body.Message(content: "map river 7: 17 + 25?")]

    @Test func theRouterAnswersWithAReceipt() throws {
        let workshop = try Workshop.finished(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let server = try Server(workshop, [])
        let routed = try server.chat(
            Body(model: "words", messages: Self.question), Body(model: "baton", messages: Self.question),
            Body(messages: Self.question))
        let first = try #require(routed.first), worker = try #require(first.worker)
        for answer in routed {
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.worker == worker)
            #expect((answer.message["content"] as? String)?.isEmpty == false)
            let probability = try #require(answer.headers["x-baton-probability"].flatMap(Double.init))
            #expect(probability > 0 && probability <= 1)
            #expect(try #require(answer.headers["x-baton-route-ms"].flatMap(Double.init)) > 0)
            // The price is the pool's, the usage the provider's.
            let usage = try #require(answer.json["usage"] as? [String: Any])
            let spec = try #require(LiveWorker.three.first { $0.name == worker })
            let input = Double(try #require(usage["prompt_tokens"] as? Int)) * spec.input
            let output = Double(try #require(usage["completion_tokens"] as? Int)) * spec.output
            let cost = try #require(answer.headers["x-baton-cost"].flatMap(Double.init))
            #expect(abs(cost * 1e6 - input - output) < 1e-2)
        }
        #expect(routed.map { $0.json["model"] as? String } == ["words", "baton", "words"])
        #expect(provider.asked.map(\.model) == Array(repeating: "\(worker)-1", count: 3))

        // What `route` says is what `serve` does.
        let decision = try workshop.baton("route", "\(Workshop.run)/router", "map river 7: 17 + 25?")
        #expect(decision.output.hasPrefix(worker))
        let others = LiveWorker.three.map(\.name).filter { $0 != worker }
        let wishes = try server.chat(
            Body(model: "baton", messages: Self.question, baton: .init(without: [worker])),
            Body(model: "baton", messages: Self.question, baton: .init(without: [worker, others[0]])),
            Body(model: "baton", messages: Self.question, baton: .init(without: [worker] + others)),
            Body(model: "baton", messages: Self.question, baton: .init(without: ["omega"])))
        #expect(wishes.map(\.status) == [200, 200, 400, 400])
        #expect(others.contains(wishes[0].worker ?? "") && wishes[1].worker == others[1])
        #expect(wishes[3].text.contains("omega"))
        #expect(try server.end().status == 0)
    }

    @Test func aWorkerIsCalledByItsNameAndNobodyElse() throws {
        let workshop = try Workshop.finished(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let server = try Server(workshop, ["--without", "gamma"])
        let answers = try server.chat(
            Body(model: "beta", messages: Self.question), Body(model: "gamma", messages: Self.question),
            Body(model: "gpt-9", messages: Self.question), Body(model: "baton", messages: Self.question))
        #expect(answers.map(\.status) == [200, 404, 404, 200])
        #expect(answers[0].worker == "beta" && answers[0].headers["x-baton-probability"] == nil)
        #expect(answers[1].error["code"] as? String == "model_not_found")
        #expect(answers[2].error["code"] as? String == "model_not_found")
        #expect(answers[3].worker != "gamma")
        let listed = try server.ask(
            Request(method: "GET", path: "/v1/models"), Request(method: "GET", path: "/health"),
            Request(method: "GET", path: "/v2/models"))
        #expect(listed.map(\.status) == [200, 200, 404])
        let models = (listed[0].json["data"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        #expect(models == ["words", "baton", "alpha", "beta"])
        #expect(try server.end().status == 0)
    }

    @Test func aStreamIsTheWholeReplyInPiecesAndToolsPassThrough() throws {
        let workshop = try Workshop.finished(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let server = try Server(workshop, ["--no-receipt"]), tools = [Body.Tool(function: .init(name: "look_up"))]
        let answers = try server.chat(
            Body(model: "alpha", messages: Self.question), Body(model: "alpha", messages: Self.question, stream: true),
            Body(model: "alpha", messages: Self.question, stream: true, stream_options: .init(include_usage: true)),
            Body(model: "alpha", messages: Self.question, tools: tools),
            Body(model: "alpha", messages: Self.question, stream: true, tools: tools))
        #expect(answers.map(\.status) == Array(repeating: 200, count: 5))
        for answer in answers {
            #expect(!answer.headers.keys.contains { $0.hasPrefix("x-baton") } && !answer.text.contains("x-baton"))
        }
        func chunks(_ answer: Answer) throws -> [[String: Any]] {
            #expect(answer.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            #expect(answer.events.last == "[DONE]")
            return try answer.events.dropLast().map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
        func deltas(_ chunks: [[String: Any]]) -> [[String: Any]] {
            chunks.compactMap { (($0["choices"] as? [[String: Any]])?.first)?["delta"] as? [String: Any] }
        }
        let plain = try chunks(answers[1]), counted = try chunks(answers[2])
        let text = deltas(plain).compactMap { $0["content"] as? String }.joined()
        #expect(text == answers[0].message["content"] as? String && deltas(plain).count > 3)
        #expect(!answers[1].text.contains("usage") && counted.last?["usage"] != nil)
        let usages = [answers[0].json["usage"], counted.last?["usage"]].map { ($0 as? [String: Int])?["total_tokens"] }
        #expect(usages[0] == usages[1] && usages[0] != nil)
        let calls = [answers[3].message["tool_calls"], deltas(try chunks(answers[4])).compactMap { $0["tool_calls"] }.first]
        for call in calls {
            let function = (call as? [[String: Any]])?.first?["function"] as? [String: Any]
            #expect(function?["name"] as? String == "look_up")
        }
        #expect(answers[3].choice["finish_reason"] as? String == "tool_calls")
        #expect(try server.end().status == 0)
    }

    @Test func aPoolThatLostAWorkerWarnsAndMasksIt() throws {
        let workshop = try Workshop.finished(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port, workers: [.gamma, .delta, .beta])
        let server = try Server(workshop, [])
        let texts = ["sum plus digit", "word verb noun", "map river city", "digit digit"]
        let answers = try texts.flatMap {
            try server.chat(Body(model: "baton", messages: [.init(content: "\($0) 1: 2 + 3?")]))
        }
        #expect(answers.allSatisfy { $0.status == 200 && ["beta", "gamma"].contains($0.worker) })
        #expect(try server.chat(Body(model: "alpha", messages: Self.question)).first?.status == 404)
        // A worker that the router was not trained for is none of its models.
        #expect(try server.chat(Body(model: "delta", messages: Self.question)).first?.status == 404)
        let ending = try server.end()
        #expect(ending.status == 0)
        #expect(ending.lines == ["warning: the pool has no worker \"alpha\"; it is left out"])
    }

    @Test func transcriptsHoldWhatWasSaidAndNoKey() throws {
        struct Transcript: Decodable {
            var worker: String?
            var status: Int
        }
        let workshop = try Workshop.finished()
        let provider = try LiveProvider("--key", Self.key, "--echo-key", "--down", "gamma-1=500")
        try workshop.writePool(port: provider.port, key: "TEST_KEY")
        let server = try Server(workshop, ["--record", "transcripts"], environment: ["TEST_KEY": Self.key])
        let answers = try server.chat(
            Body(model: "alpha", messages: Self.question), Body(model: "alpha", messages: Self.question, stream: true),
            Body(model: "gamma", messages: Self.question), Body(model: "gamma", messages: Self.question, stream: true),
            Body(model: "omega", messages: Self.question))
        #expect(answers.map(\.status) == [200, 200, 503, 503, 404])
        #expect(answers[2].error["message"] is String && answers[3].error["message"] is String)
        for answer in answers { #expect(!answer.text.contains(Self.key)) }
        let ending = try server.end()
        #expect(ending.status == 0)
        #expect(!(ending.output + ending.messages).contains(Self.key))
        let files = try workshop.snapshot("transcripts")
        #expect(files.count == 1)
        let lines = try #require(files.values.first).split(separator: UInt8(ascii: "\n"))
        let transcripts = try lines.map { try JSONDecoder().decode(Transcript.self, from: $0) }
        #expect(transcripts.map(\.status).sorted() == [200, 200, 404, 503, 503])
        #expect(transcripts.map { $0.worker ?? "" }.sorted() == ["", "alpha", "alpha", "gamma", "gamma"])
        for (name, data) in try workshop.snapshot() { #expect(data.range(of: Data(Self.key.utf8)) == nil, "\(name)") }
    }

    @Test func anotherProcesssPortIsBadInput() throws {
        let workshop = try Workshop.finished(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        let port = "\(provider.port)"
        let ending = try workshop.baton("serve", "\(Workshop.run)/router", "--pool", "pool.yaml", "--port", port)
        #expect(ending.status == 2 && ending.output.isEmpty)
        #expect(ending.lines.count == 1 && ending.messages.contains("127.0.0.1:\(port)"), "\(ending.messages)")
    }
}
