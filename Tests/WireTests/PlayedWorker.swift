import Chat
import Serving

/// A worker that does what a test says.
struct PlayedWorker: Worker {
    var whole: @Sendable (ChatRequest) async throws -> Reply = { _ in throw CallFailure(.rejected, "no whole replies here") }
    var streamed: @Sendable (ChatRequest) async throws -> AsyncThrowingStream<JSONObject, any Error> = { _ in
        throw CallFailure(.rejected, "no streams here")
    }

    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply { try await whole(request) }

    func events(for request: ChatRequest, in context: CallContext) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        try await streamed(request)
    }

    /// Says `text` whole, and word by word.
    static func saying(_ text: String, usage: Usage? = Usage(promptTokens: 7, completionTokens: 3)) -> PlayedWorker {
        PlayedWorker(
            whole: { _ in Reply(text: text, model: "inner", usage: usage ?? Usage(promptTokens: 1, completionTokens: 1)) },
            streamed: { _ in
                AsyncThrowingStream { source in
                    for word in text.split(separator: " ") { source.yield(chunk("\(word) ")) }
                    if let usage { source.yield(["id": "c", "choices": [], "usage": usage.json]) }
                    source.finish()
                }
            })
    }

    /// Fails before it says anything.
    static func failing(_ error: any Error) -> PlayedWorker {
        PlayedWorker(whole: { _ in throw error }, streamed: { _ in throw error })
    }

    /// Says nothing, and raises `cancelled` when it is told to stop.
    static func stalling(begun: Flag, cancelled: Flag) -> PlayedWorker {
        @Sendable func stall() async throws {
            begun.raise()
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                cancelled.raise()
                throw error
            }
        }
        return PlayedWorker(
            whole: { _ in
                try await stall()
                throw CallFailure(.timedOut, "slept well")
            },
            streamed: { _ in
                try await stall()
                throw CallFailure(.timedOut, "slept well")
            })
    }

    static func chunk(_ text: String) -> JSONObject {
        [
            "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "inner",
            "x_unknown": ["kept": .number("1.50")],
            "choices": [["index": 0, "delta": ["content": .string(text)], "finish_reason": .null]],
        ]
    }
}

/// Something that happens once.
final class Flag: Sendable {
    private let stream: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    init() { (stream, source) = AsyncStream.makeStream() }

    func raise() { source.finish() }
    func raised() async { for await _ in stream {} }
}

/// An endpoint of one worker, behind the name `baton`, with a receipt.
struct OneRoute: Endpoint {
    var worker: any Worker
    var price: Price?

    var models: [String] { ["baton", "meta/llama"] }

    func route(_ request: ChatRequest) async throws -> Route {
        guard request.model == "baton" else { throw ServingError.unknownModel(request.model ?? "") }
        return Route(
            worker: "inner-1", caller: worker, request: request, probability: 0.123456, decisionTime: .microseconds(1500),
            tokens: 17, cut: "tail", price: price)
    }
}

/// Runs `body` against a server over `endpoint`, then ends the server.
func serving(
    _ endpoint: any Endpoint, _ options: ChatServer.Options = .init(), _ body: (_ port: Int) async throws -> Void
) async throws {
    let (ports, source) = AsyncStream<Int>.makeStream()
    let server = ChatServer(endpoint: endpoint, port: 0, options: options)
    let running = Task {
        defer { source.finish() }
        try await server.run { source.yield($0) }
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else { return try await running.value }
    do {
        try await body(port)
    } catch {
        running.cancel()
        throw error
    }
    running.cancel()
    try await running.value
}

func serving(
    _ worker: PlayedWorker, _ options: ChatServer.Options = .init(), _ body: (_ port: Int) async throws -> Void
) async throws {
    try await serving(OneRoute(worker: worker), options, body)
}

let hello: JSON = ["model": "baton", "messages": [["role": "user", "content": "hello"]]]
