/// Anything that answers a chat request: an endpoint, a program of the offline pool, a script in a test.
public protocol Worker: Sendable {
    /// The whole reply.
    ///
    /// Throws ``CallFailure``, and `CancellationError` where the task was cancelled.
    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply

    /// The reply as it comes: `chat.completion.chunk` objects, unchanged, the first one already waited for. Ending the
    /// iteration early, or cancelling its task, ends the call upstream.
    ///
    /// Throws as ``reply(to:in:)``, while connecting and in the stream.
    func events(for request: ChatRequest, in context: CallContext) async throws -> AsyncThrowingStream<JSONObject, any Error>
}

/// What goes with a call and is no part of the request.
public struct CallContext: Sendable {
    /// Which of several equal calls this is.
    public var repeatIndex: Int
    /// When an answer is of no use any more.
    public var deadline: ContinuousClock.Instant?

    public init(repeatIndex: Int = 0, deadline: ContinuousClock.Instant? = nil) {
        self.repeatIndex = repeatIndex
        self.deadline = deadline
    }
}

/// Why a call gave no answer. That is never a wrong answer: the worker wasn't heard.
public struct CallFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// No connection.
        case unreachable
        /// A phase (connect, first byte, next byte, whole) took too long.
        case timedOut = "timed_out"
        /// The connection ended in the middle of a reply.
        case interrupted
        /// 429.
        case rateLimited = "rate_limited"
        /// 408, 409, 425, 5xx, and a 200 that carries an error.
        case overloaded
        /// The reply isn't what the protocol says.
        case malformed
        /// Any other 4xx: the request itself is not to the provider's liking.
        case rejected
        /// 401 or 403.
        case unauthorized
        /// A program of the offline pool hit its outer guard, or died.
        case infrastructure
    }

    public var kind: Kind
    /// One line, without secrets.
    public var message: String
    /// HTTP status, where there was one.
    public var status: Int?
    /// How long the provider asks to wait.
    public var retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, status: Int? = nil, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.status = status
        self.retryAfter = retryAfter
    }

    /// Whether the same call may go well in a while.
    public var isTransient: Bool { kind != .rejected && kind != .unauthorized }

    public var description: String { message }
}
