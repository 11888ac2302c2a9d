public import Chat

/// One task: what is asked, and what decides whether an answer is right.
public struct Problem: Sendable, Hashable, Identifiable {
    public var id: String
    public var domain: String
    public var messages: [Message]
    /// What the grader compares with.
    public var target: String
    /// The grader's name, and its options as they stand in the task's row.
    public var grader: String, graderOptions: JSONObject
    /// Anything else that the row carries along.
    public var meta: JSONObject

    public init(
        id: String, domain: String, messages: [Message], target: String, grader: String, graderOptions: JSONObject = [:],
        meta: JSONObject = [:]
    ) {
        self.id = id
        self.domain = domain
        self.messages = messages
        self.target = target
        self.grader = grader
        self.graderOptions = graderOptions
        self.meta = meta
    }

    /// What a worker is sent.
    public var request: ChatRequest { ChatRequest(messages: messages) }

    /// What grades depend on, as canonical JSON: a task that was edited under its old id inherits none.
    public var gradingIdentity: [UInt8] {
        JSON.object([
            "target": .string(target), "grader": .string(grader), "options": .object(graderOptions),
        ]).canonicalBytes
    }
}
