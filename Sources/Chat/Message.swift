/// One message of a conversation, as on the wire. What has no name here (tool calls, names, parts that are no text) is
/// kept and passed on unchanged.
public struct Message: Sendable, Hashable {
    public var json: JSONObject

    public init(json: JSONObject) { self.json = json }

    public init(role: String, text: String) {
        json = ["role": .string(role), "content": .string(text)]
    }

    /// `system`, `user`, `assistant`, `tool` or what a provider invents.
    public var role: String { json["role"]?.string ?? "" }

    /// The text of the content: the string, or its text parts, one below the other.
    public var text: String {
        switch json["content"] {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }

    /// Whether the message asks for tools to be called.
    public var hasToolCalls: Bool { json["tool_calls"]?.array?.isEmpty == false }
}
