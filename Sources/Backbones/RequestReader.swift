public import Tensors
public import Tokenizers

/// The token ids of a request, as a backbone reads them.
public struct RequestTokens: Sendable, Equatable {
    public let ids: [Int32]
    /// Whether the request has more of them, which are left out.
    public let isCut: Bool

    public init(ids: [Int32], isCut: Bool) { (self.ids, self.isCut) = (ids, isCut) }
}

/// Requests to token ids: the one place that knows what of a request a backbone reads.
public struct RequestReader: Sendable {
    public let tokenizer: any Tokenizer
    public let prompt: Prompt
    /// An instruction of the router's own before the turns; nil for none.
    public let system: String?
    /// The part of a too long request that is left out.
    public let truncation: Truncation
    /// Longer requests are cut to this many tokens, those of the tokenizer and the template counted.
    public let maxTokens: Int
    private let template: ChatTemplate?
    /// Tokens behind the last turn of a chat, which stay whatever is cut; 0 where there is none.
    private let closing: Int

    /// `template` is needed where `prompt` is `chat`. Throws `ModelError` where there is an instruction that wouldn't be
    /// read, or no room for a request beside it; `TokenizerError` where the template has no form for an instruction.
    init(
        tokenizer: any Tokenizer, template: ChatTemplate?, prompt: Prompt, system: String?, truncation: Truncation,
        maxTokens: Int
    ) throws {
        precondition(prompt != .chat || template != nil, "a chat needs its template")
        guard system == nil || prompt != .lastUser else {
            throw ModelError(
                "an instruction (embed.system) is not read where the user's last text alone is; take prompt chat or transcript")
        }
        self.tokenizer = tokenizer
        self.prompt = prompt
        self.system = system
        self.truncation = truncation
        self.maxTokens = maxTokens
        self.template = prompt == .chat ? template : nil
        guard prompt == .chat, let template else {
            closing = 0
            return
        }
        let bare = try ["a", "b"].map { try template.encode(Conversation(system: system, user: $0), with: tokenizer).ids }
        closing = zip(bare[0].reversed(), bare[1].reversed()).prefix { $0 == $1 }.count
        guard bare[0].count <= maxTokens else {
            throw ModelError(
                "max tokens is \(maxTokens), and the chat template with its instruction alone takes \(bare[0].count); allow more"
            )
        }
    }

    /// The same with another instruction before the turns. Throws as the initialiser does.
    func reading(system: String?) throws -> RequestReader {
        try RequestReader(
            tokenizer: tokenizer, template: template, prompt: prompt, system: system, truncation: truncation,
            maxTokens: maxTokens)
    }

    private static let requestsPerPiece = 32

    /// The tokens of each request, in their order. Throws `TokenizerError` where a template has no form for one.
    public func tokens(of requests: [Conversation], threads: Threads = .one) throws -> [RequestTokens] {
        let size = Self.requestsPerPiece, pieces = (requests.count + size - 1) / size
        return try threads.map(pieces) { piece in
            Result { try requests[piece * size..<min(requests.count, (piece + 1) * size)].map(tokens) }
        }.flatMap { try $0.get() }
    }

    /// The tokens of one request. Throws `TokenizerError` where the template has no form for it.
    public func tokens(of request: Conversation) throws -> RequestTokens {
        switch prompt {
        case .lastUser: tokens(of: request.lastUserText)
        case .transcript: tokens(of: instructed(request).transcript)
        case .chat: try chat(instructed(request))
        }
    }

    private func instructed(_ request: Conversation) -> Conversation {
        guard let system else { return request }
        return Conversation(turns: [Conversation.Turn(role: "system", content: system)] + request.turns)
    }

    private func tokens(of text: String) -> RequestTokens {
        guard truncation == .tail else {
            let encoding = tokenizer.encode(text, maxTokens: maxTokens, cutting: truncation)
            return RequestTokens(ids: encoding.ids, isCut: encoding.isCut)
        }
        // One token more than there is room for says whether it is cut: of a long text only the beginning is read.
        let room = max(0, maxTokens - tokenizer.prefix.count - tokenizer.suffix.count)
        let ids = tokenizer.ids(of: text, atMost: room + 1)
        return RequestTokens(
            ids: tokenizer.prefix + ids.prefix(room) + tokenizer.suffix, isCut: ids.count > room)
    }

    /// A request's own instruction is part of what may be cut, once all else is.
    private func chat(_ request: Conversation) throws -> RequestTokens {
        guard let template else { return RequestTokens(ids: [], isCut: false) }
        let plain = Conversation(turns: request.turns.map { Self.plain($0, roles: template.roles) })
        let encoding = try template.encode(plain, with: tokenizer, maxTokens: maxTokens, cutting: truncation)
        let ids = truncation.cut(encoding.ids, in: 0..<max(0, encoding.ids.count - closing), to: maxTokens)
        return RequestTokens(ids: ids, isCut: ids.count < encoding.total)
    }

    /// A turn in a form that each template has: what clients and providers invent must not leave a request unread.
    /// Tools and calls of them are left out; what was said is what is read.
    private static func plain(_ turn: Conversation.Turn, roles: Set<String>) -> Conversation.Turn {
        let role = turn.role == "developer" ? "system" : turn.role
        return Conversation.Turn(role: roles.contains(role) ? role : "user", content: turn.content)
    }
}
