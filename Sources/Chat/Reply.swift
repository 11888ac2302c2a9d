/// A worker's whole reply: a `chat.completion` object as on the wire, with names for what we read.
public struct Reply: Sendable, Hashable {
    public var json: JSONObject

    /// Throws ``CallFailure`` of kind `malformed` where there is no choice with a message in it, or the object carries an
    /// error (some providers send those with status 200).
    public init(json: JSONObject) throws(CallFailure) {
        if let error = json["error"], !error.isNull {
            throw CallFailure(.overloaded, "the reply carries an error: \(error["message"]?.string ?? error.text)")
        }
        guard let choice = json["choices"]?.array?.first, choice["message"]?.object != nil else {
            throw CallFailure(.malformed, "the reply has no choice with a message")
        }
        self.json = json
    }

    /// A reply of one text.
    public init(text: String, model: String, usage: Usage, finishReason: String = "stop", id: String = "chatcmpl-0") {
        let message = Message(role: "assistant", text: text)
        let choice: JSONObject = [
            "index": 0, "message": .object(message.json), "logprobs": .null, "finish_reason": .string(finishReason),
        ]
        json = [
            "id": .string(id), "object": "chat.completion", "created": 0, "model": .string(model),
            "choices": .array([.object(choice)]), "usage": usage.json,
        ]
    }

    private var choice: JSON? { json["choices"]?.array?.first }

    public var message: Message { Message(json: choice?["message"]?.object ?? [:]) }
    /// The text of the first choice.
    public var text: String { message.text }
    /// `stop`, `length`, `tool_calls`, `content_filter` or what a provider invents.
    public var finishReason: String { choice?["finish_reason"]?.string ?? "" }
    /// What the provider says that it used; estimated where it says nothing.
    public var usage: Usage { Usage(json["usage"]) ?? Usage(estimating: nil, reply: text) }
    /// The model, with its fingerprint, that the provider says has answered. A change of it is drift.
    public var revision: String? {
        let parts = [json["model"]?.string, json["system_fingerprint"]?.string].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
    /// Whether the worker declined: a refusal field, or a content filter.
    public var isRefusal: Bool { message.json["refusal"]?.string != nil || finishReason == "content_filter" }
    /// Whether the reply was cut at its token limit.
    public var isTruncated: Bool { finishReason == "length" }
}

/// Tokens that a call used.
public struct Usage: Sendable, Hashable {
    public var promptTokens: Int
    /// Of the prompt, read from the provider's cache.
    public var cachedTokens: Int
    public var completionTokens: Int
    /// Nobody counted: UTF-8 bytes / 4.
    public var isEstimated: Bool

    public init(promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0, isEstimated: Bool = false) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
        self.isEstimated = isEstimated
    }

    /// More tokens than any call has used; what a provider counts beyond is no count.
    private static let most = 1 << 40

    /// Reads a wire's `usage` object; `nil` where there is none, or its counts are missing, negative or beyond belief.
    public init?(_ json: JSON?) {
        guard let prompt = json?["prompt_tokens"]?.int, let completion = json?["completion_tokens"]?.int,
            (0...Self.most).contains(prompt), (0...Self.most).contains(completion)
        else { return nil }
        let cached = json?["prompt_tokens_details"]?["cached_tokens"]?.int ?? 0
        self.init(
            promptTokens: prompt, completionTokens: completion, cachedTokens: min(max(cached, 0), prompt),
            isEstimated: json?["estimated"]?.bool ?? false)
    }

    /// UTF-8 bytes / 4, rounded up, of the messages of a request and the text of its reply.
    public init(estimating request: ChatRequest?, reply: String) {
        func tokens(_ bytes: Int) -> Int { (bytes + 3) / 4 }
        let prompt = request?.messages.reduce(0) { $0 + $1.text.utf8.count } ?? 0
        self.init(promptTokens: tokens(prompt), completionTokens: tokens(reply.utf8.count), isEstimated: true)
    }

    /// As on the wire; `estimated` stands there only where it is true.
    public var json: JSON {
        var object: JSONObject = [
            "prompt_tokens": JSON(promptTokens), "completion_tokens": JSON(completionTokens),
            "total_tokens": JSON(promptTokens + completionTokens),
        ]
        if cachedTokens > 0 { object["prompt_tokens_details"] = ["cached_tokens": JSON(cachedTokens)] }
        if isEstimated { object["estimated"] = true }
        return .object(object)
    }
}
