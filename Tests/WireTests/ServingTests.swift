import Chat
import Serving
import Testing

struct ServingTests {
    private let price = Price(input: Money(nanos: 3_000_000_000), output: Money(nanos: 15_000_000_000), date: "2026-11-01")

    @Test func aWholeReplyPassesUnchangedButForItsModel() async throws {
        let inner: JSONObject = [
            "id": "x", "model": "inner", "x_unknown": ["kept": .number("1.50")],
            "choices": [
                ["message": ["role": "assistant", "content": .null, "tool_calls": [["id": "t"]]], "logprobs": ["a": 1]]
            ],
            "usage": ["prompt_tokens": 7, "completion_tokens": 3, "x_more": 1],
        ]
        let worker = PlayedWorker(whole: { request in
            #expect(request.json["tools"] == [["type": "function"]] && request.json["x_option"]?.bool == true)
            return try Reply(json: inner)
        })
        try await serving(OneRoute(worker: worker, price: price)) { port in
            var request = hello.object ?? [:]
            request["tools"] = [["type": "function"]]
            request["x_option"] = true
            let reply = try await WireClient.chat(port, .object(request), headers: "X-Request-ID: mine-1\r\n")
            #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
            var expected = inner
            expected["model"] = "baton"
            #expect(reply.text == JSON.object(expected).text)
            #expect(reply.headers["x-request-id"] == "mine-1")
            #expect(reply.headers["x-baton-worker"] == "inner-1")
            #expect(reply.headers["x-baton-probability"] == "0.1235")
            #expect(reply.headers["x-baton-route-ms"] == "1.500")
            #expect(reply.headers["x-baton-route-tokens"] == "17" && reply.headers["x-baton-route-cut"] == "tail")
            #expect(reply.headers["x-baton-cost"] == "0.000066")
        }
    }

    @Test func withoutAReceiptNothingTellsWhoAnswered() async throws {
        var options = ChatServer.Options()
        options.givesReceipt = false
        try await serving(.saying("one two"), options) { port in
            let whole = try await WireClient.chat(port, hello)
            #expect(whole.status == 200 && !whole.headers.keys.contains { $0.hasPrefix("x-baton") })
            let streamed = try await WireClient.chat(port, streaming())
            #expect(streamed.status == 200 && !streamed.headers.keys.contains { $0.hasPrefix("x-baton") })
            #expect(!streamed.text.contains("x-baton") && streamed.text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func modelsAndHealthAreServed() async throws {
        try await serving(.saying("hi")) { port in
            let list = try await WireClient.ask(port, "GET /v1/models HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(list.json["data"]?.array?.compactMap { $0["id"]?.string } == ["baton", "meta/llama"])
            for path in ["/v1/models/baton", "/v1/models/meta/llama", "/v1/models/meta%2Fllama?x=1"] {
                let one = try await WireClient.ask(port, "GET \(path) HTTP/1.1\r\nHost: t\r\n\r\n")
                #expect(one.status == 200 && one.json["object"]?.string == "model", "\(path)")
            }
            let health = try await WireClient.ask(port, "GET /health HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(health.status == 200 && health.headers["x-request-id"] != nil)
        }
    }

    @Test func whatIsServedNowhereIs404AndTheWrongVerbIs405() async throws {
        try await serving(.saying("hi")) { port in
            for (line, status, code) in [
                ("GET /", 404, "not_found"), ("POST /chat/completions", 404, "not_found"),
                ("GET /v1/models/nobody", 404, "model_not_found"), ("GET /v1/chat/completions", 405, "method_not_allowed"),
                ("DELETE /v1/models", 405, "method_not_allowed"),
            ] {
                let reply = try await WireClient.ask(port, "\(line) HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
                #expect(reply.status == status && reply.error["code"]?.string == code, "\(line): \(reply.text)")
                #expect(reply.error.object?.members.map(\.key) == ["message", "type", "param", "code"])
                #expect((reply.headers["allow"] != nil) == (status == 405))
            }
        }
    }

    @Test(arguments: [
        ("", nil), ("{", nil), ("[1]", nil), ("\"text\"", nil), (String(repeating: "[", count: 100_000), nil),
        (#"{"messages":[{"role":"user","content":"a"}]} x"#, nil),
        ("{}", "messages"), (#"{"messages":null}"#, "messages"), (#"{"messages":[]}"#, "messages"),
        (#"{"messages":"hi"}"#, "messages"), (#"{"messages":["hi"]}"#, "messages[0]"),
        (#"{"messages":[{"content":"hi"}]}"#, "messages[0].role"),
        (#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":7}]}"#, "messages[1].content"),
        (#"{"messages":[{"role":"user","content":["a"]}]}"#, "messages[0].content[0]"),
        (#"{"messages":[{"role":"user","content":"a"}],"stream":"yes"}"#, "stream"),
        (#"{"messages":[{"role":"user","content":"a"}],"stream_options":true}"#, "stream_options"),
        (#"{"messages":[{"role":"user","content":"a"}],"model":7}"#, "model"),
        (#"{"messages":[{"role":"user","content":"a"}],"tools":{}}"#, "tools"),
    ])
    func aRequestThatIsNoneIsRefusedWithTheFieldThatIsWrong(_ body: String, _ field: String?) async throws {
        try await serving(.failing(CallFailure(.infrastructure, "nobody should have asked"))) { port in
            let reply = try await WireClient.ask(port, WireClient.post(body))
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply.error["param"] == field.map { .string($0) } ?? .null)
            #expect(reply.error["type"]?.string == "invalid_request_error")
        }
    }

    @Test func anUnknownModelIsNotFoundAndNoModelIsTheFirst() async throws {
        try await serving(.saying("hi")) { port in
            let unknown = try await WireClient.chat(port, ["model": "nobody", "messages": [["role": "user", "content": "a"]]])
            #expect(unknown.status == 404 && unknown.error["code"]?.string == "model_not_found")
            #expect(unknown.error["param"]?.string == "model")
            let silent = try await WireClient.chat(port, ["messages": [["role": "user", "content": "a"]]])
            #expect(silent.status == 200 && silent.json["model"]?.string == "baton")
        }
    }

    @Test(arguments: [
        (CallFailure(.unreachable, "m"), 502), (CallFailure(.timedOut, "m"), 504), (CallFailure(.interrupted, "m"), 502),
        (CallFailure(.rateLimited, "m", status: 429, retryAfter: .milliseconds(1500)), 429),
        (CallFailure(.overloaded, "m", status: 500), 503), (CallFailure(.malformed, "m"), 502),
        (CallFailure(.rejected, "m", status: 400), 400), (CallFailure(.rejected, "m", status: 404), 502),
        (CallFailure(.rejected, "m"), 400), (CallFailure(.unauthorized, "m", status: 401), 502),
        (CallFailure(.infrastructure, "m"), 502),
    ])
    func aFailedCallIsToldByItsKind(_ failure: CallFailure, _ status: Int) async throws {
        try await serving(.failing(failure)) { port in
            for request in [hello, streaming()] {
                let reply = try await WireClient.chat(port, request)
                #expect(reply.status == status && reply.error["message"]?.string == "m", "\(reply)")
                #expect(reply.headers["retry-after"] == (failure.retryAfter == nil ? nil : "2"))
                #expect(reply.headers["x-baton-worker"] == "inner-1" && reply.headers["x-baton-cost"] == nil)
            }
        }
    }

    @Test func anUnknownErrorTellsNothing() async throws {
        struct Secret: Error { let key = "sk-123" }
        try await serving(.failing(Secret())) { port in
            let reply = try await WireClient.chat(port, hello)
            #expect(reply.status == 500 && !reply.text.contains("sk-123"))
        }
    }

    @Test func workersAreAskedByName() async throws {
        let endpoint = WorkersEndpoint([("a", PlayedWorker.saying("I am a")), ("b", PlayedWorker.saying("I am b"))])
        try await serving(endpoint) { port in
            for name in ["a", "b"] {
                let request: JSON = ["model": .string(name), "messages": [["role": "user", "content": "who?"]]]
                let reply = try await WireClient.chat(port, request)
                #expect(reply.json["choices"]?.array?.first?["message"]?["content"]?.string == "I am \(name)")
                #expect(reply.headers["x-baton-worker"] == name && reply.headers["x-baton-probability"] == nil)
            }
            let other = try await WireClient.chat(port, ["model": "c", "messages": [["role": "user", "content": "who?"]]])
            #expect(other.status == 404 && other.error["code"]?.string == "model_not_found")
        }
    }
}

/// `hello`, streamed.
func streaming(usage: Bool? = nil) -> JSON {
    var request = hello.object ?? [:]
    request["stream"] = true
    if let usage { request["stream_options"] = ["include_usage": .bool(usage)] }
    return .object(request)
}
