/// Turns of a chat, and the tools that it offers, as a chat template reads them.
public struct Conversation: Sendable, Equatable {
    public struct Turn: Sendable, Equatable {
        /// `system`, `user`, `assistant` or `tool`.
        public var role: String
        public var content: String
        /// What an assistant thought first, where that is known apart from its content.
        public var reasoning: String?
        public var calls: [ToolCall]

        public init(role: String, content: String, reasoning: String? = nil, calls: [ToolCall] = []) {
            (self.role, self.content, self.reasoning, self.calls) = (role, content, reasoning, calls)
        }
    }

    public struct ToolCall: Sendable, Equatable {
        public var name: String
        /// JSON, as it is to be shown.
        public var arguments: String

        public init(name: String, arguments: String) { (self.name, self.arguments) = (name, arguments) }
    }

    public var turns: [Turn]
    /// The JSON of each tool, as it is to be shown.
    public var tools: [String]

    public init(turns: [Turn], tools: [String] = []) { (self.turns, self.tools) = (turns, tools) }

    /// One question, with an instruction before it or none.
    public init(system: String?, user: String) {
        self.init(turns: (system.map { [Turn(role: "system", content: $0)] } ?? []) + [Turn(role: "user", content: user)])
    }

    /// Reads `{"messages": […], "tools": […]}` as chat APIs have it. JSON inside is shown as Python writes it, which is
    /// how the models' templates were used. Throws `TokenizerError` with the first message that can't be read.
    public init(parsing json: [UInt8]) throws(TokenizerError) {
        let root = try JSONBytes(parsing: json)
        guard let messages = root["messages"]?.items else { throw TokenizerError("no list \"messages\"") }
        turns = []
        for (index, message) in messages.enumerated() {
            turns.append(try Self.turn(message, "message \(index) (from 0)"))
        }
        tools = (root["tools"]?.items ?? []).map(\.pythonText)
    }

    private static func turn(_ message: JSONBytes, _ place: String) throws(TokenizerError) -> Turn {
        guard let role = message["role"]?.text else { throw TokenizerError("\(place): no \"role\"") }
        guard let content = message["content"].map(\.text) ?? "" else {
            throw TokenizerError("\(place): \"content\" is no text; other content is not supported")
        }
        var calls: [ToolCall] = []
        for call in message["tool_calls"]?.items ?? [] {
            let function = call["function"] ?? call
            guard let name = function["name"]?.text else { throw TokenizerError("\(place): a tool call without \"name\"") }
            let arguments = function["arguments"]
            calls.append(ToolCall(name: name, arguments: arguments?.text ?? arguments?.pythonText ?? "null"))
        }
        return Turn(role: role, content: content, reasoning: message["reasoning_content"]?.text, calls: calls)
    }

    /// The user's last text; empty where there is none.
    public var lastUserText: String { turns.last { $0.role == "user" }?.content ?? "" }

    /// The turns as they are, `role: content` each, one below the other: what some routers read instead of a template.
    public var transcript: String { turns.map { "\($0.role): \($0.content)" }.joined(separator: "\n") }
}
