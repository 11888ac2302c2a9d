/// A request for a chat completion, as on the wire: fields that have no name here pass through unchanged.
public struct ChatRequest: Sendable, Hashable {
    public var json: JSONObject

    public init(json: JSONObject) { self.json = json }

    /// A request of `messages` alone; the worker that takes it fills in the model and its sampling.
    public init(messages: [Message]) {
        json = ["messages": .array(messages.map { .object($0.json) })]
    }

    /// The messages that are objects; none where the field is missing.
    public var messages: [Message] {
        get { json["messages"]?.array?.compactMap { $0.object.map(Message.init(json:)) } ?? [] }
        set { json["messages"] = .array(newValue.map { .object($0.json) }) }
    }

    /// The public name of what is to answer.
    public var model: String? {
        get { json["model"]?.string }
        set { json["model"] = newValue.map { .string($0) } }
    }

    public var seed: Int? {
        get { json["seed"]?.int }
        set { json["seed"] = newValue.map { JSON($0) } }
    }

    /// Whether the reply is wanted in pieces, as it comes.
    public var isStreamed: Bool { json["stream"]?.bool ?? false }

    /// Whether a stream is to end with a chunk that says what was used.
    public var wantsStreamedUsage: Bool { json["stream_options"]?["include_usage"]?.bool ?? false }

    /// The text of the last message whose role is `user`: what a router reads.
    public var lastUserText: String { messages.last { $0.role == "user" }?.text ?? "" }

    /// Compact JSON with sorted keys; equal requests have equal bytes.
    public var canonicalBytes: [UInt8] { JSON.object(json).canonicalBytes }
}
