public import Chat

/// What stands behind a chat server: a trained router over its pool, or the workers of the offline pool by name.
public protocol Endpoint: Sendable {
    /// Public names of what can be asked for, first the one that is used by default.
    var models: [String] { get }

    /// Decides who answers `request`, and makes the call that the route stands for ready. Nothing is sent yet.
    ///
    /// Throws ``ServingError`` where the request cannot be served.
    func route(_ request: ChatRequest) async throws -> Route
}

/// Who is to answer a request, and the receipt for it.
public struct Route: Sendable {
    /// The worker's name in the pool.
    public var worker: String
    /// What makes the call.
    public var caller: any Worker
    /// The request as the worker is to get it.
    public var request: ChatRequest
    /// The policy's probability of that worker; `nil` where the client named it.
    public var probability: Double?
    /// What the decision took; `nil` where there was none.
    public var decisionTime: Duration?
    /// Tokens that were read for the decision, and the part of the request that was too long to be: `head`, `tail`,
    /// `middle`, `nil` for none.
    public var tokens: Int?, cut: String?
    /// `nil`: the worker is free.
    public var price: Price?

    public init(
        worker: String, caller: any Worker, request: ChatRequest, probability: Double? = nil, decisionTime: Duration? = nil,
        tokens: Int? = nil, cut: String? = nil, price: Price? = nil
    ) {
        self.worker = worker
        self.caller = caller
        self.request = request
        self.probability = probability
        self.decisionTime = decisionTime
        self.tokens = tokens
        self.cut = cut
        self.price = price
    }
}

/// A request that is not served, as the client is told.
public struct ServingError: Error, Sendable, Hashable {
    /// HTTP status.
    public var status: Int
    /// As in OpenAI's error object.
    public var type: String, code: String?, parameter: String?
    public var message: String
    /// When asking again makes sense; becomes a `Retry-After` header.
    public var retryAfter: Duration?

    public init(
        status: Int, type: String = "invalid_request_error", code: String? = nil, parameter: String? = nil, message: String,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.type = type
        self.code = code
        self.parameter = parameter
        self.message = message
    }
}
