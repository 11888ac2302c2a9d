import Chat
import Files

/// A solver as a chat worker: the last user message in, one assistant message out.
struct OfflineWorker: Worker {
    let solver: any Solver
    private var name: String { type(of: solver).name }

    init(_ solver: any Solver) { self.solver = solver }

    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
        if let deadline = context.deadline, deadline < .now {
            throw CallFailure(.timedOut, "the call's deadline passed before \(name) began")
        }
        // Equal requests without a seed are told apart by their repeat, so that repeats of a stochastic worker differ.
        let seed = UInt64(bitPattern: Int64(request.seed ?? context.repeatIndex))
        let whole = try await solver.answer(to: request.lastUserText, seed: seed)
        let limit = (request.json["max_completion_tokens"] ?? request.json["max_tokens"])?.int
        let text = limit.map { Self.cut(whole, tokens: $0) } ?? whole
        return Reply(
            text: text, model: name, usage: Usage(estimating: request, reply: text),
            finishReason: text == whole ? "stop" : "length", id: Self.id(of: request, seed: seed))
    }

    func events(
        for request: ChatRequest, in context: CallContext
    ) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        let reply = try await reply(to: request, in: context)
        return AsyncThrowingStream { continuation in
            for chunk in Self.chunks(of: reply, withUsage: request.wantsStreamedUsage) { continuation.yield(chunk) }
            continuation.finish()
        }
    }

    /// The whole characters within `tokens` of four bytes.
    private static func cut(_ text: String, tokens: Int) -> String {
        let limit = max(tokens, 0).multipliedReportingOverflow(by: 4)
        guard !limit.overflow, text.utf8.count > limit.partialValue else { return text }
        var length = 0
        return String(
            text.prefix { character in
                length += String(character).utf8.count
                return length <= limit.partialValue
            })
    }

    private static func id(of request: ChatRequest, seed: UInt64) -> String {
        "chatcmpl-" + SHA256.hex(of: request.canonicalBytes + Array("#\(seed)".utf8)).prefix(24)
    }

    /// The role, the words one by one, the reason of the end, and the usage where it is asked for.
    private static func chunks(of reply: Reply, withUsage: Bool) -> [JSONObject] {
        func chunk(_ choices: [JSON]) -> JSONObject {
            [
                "id": reply.json["id"] ?? "", "object": "chat.completion.chunk", "created": 0,
                "model": reply.json["model"] ?? "", "choices": .array(choices),
            ]
        }
        func piece(_ delta: JSONObject, _ finish: JSON = .null) -> JSONObject {
            chunk([.object(["index": 0, "delta": .object(delta), "finish_reason": finish])])
        }
        var chunks = [piece(["role": "assistant", "content": ""])]
        chunks += words(of: reply.text).map { piece(["content": .string($0)]) }
        chunks.append(piece([:], .string(reply.finishReason)))
        if withUsage {
            var last = chunk([])
            last["usage"] = reply.usage.json
            chunks.append(last)
        }
        return chunks
    }

    /// The text in pieces that each begin with a word and end before the next.
    private static func words(of text: String) -> [String] {
        var pieces: [String] = []
        var wasSpace = true
        for character in text {
            if pieces.isEmpty || (wasSpace && !character.isWhitespace) {
                pieces.append(String(character))
            } else {
                pieces[pieces.count - 1].append(character)
            }
            wasSpace = character.isWhitespace
        }
        return pieces
    }
}
