public import Chat
public import Tokenizers

extension Conversation {
    /// The turns of a request as a router reads them: who said what. Tools and calls of them are the worker's affair.
    public init(_ request: ChatRequest) {
        self.init(turns: request.messages.map { Turn(role: $0.role, content: $0.text) })
    }

    /// A text by itself, as the user's only message.
    init(text: String) { self.init(system: nil, user: text) }

    /// All that a state of this request can depend on, as one text: that of the user's only message, or every turn with its
    /// length, so that no two requests look alike.
    var identity: String {
        if turns.count == 1, turns[0].role == "user" { return turns[0].content }
        return "\u{0}" + turns.map { "\($0.role.utf8.count):\($0.role)\($0.content.utf8.count):\($0.content)" }.joined()
    }
}
