import Chat

extension ServingError {
    /// OpenAI's error object.
    var json: JSON {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": parameter.map { .string($0) } ?? .null,
                "code": code.map { .string($0) } ?? .null,
            ]
        ]
    }

    /// What a client is told where a worker's call gave no answer. A key that the provider refuses, or a model that it
    /// doesn't have, is our affair, so those are 502; only what the request itself is at fault for is passed on as such.
    init(_ failure: CallFailure) {
        let ours = "server_error"
        switch failure.kind {
        case .rejected where [nil, 400, 413, 422].contains(failure.status):
            let isTooLong = ["context_length_exceeded", "maximum context length"].contains { failure.message.contains($0) }
            self.init(
                status: failure.status ?? 400, code: isTooLong ? "context_length_exceeded" : "worker_rejected",
                message: failure.message)
        case .rateLimited:
            self.init(status: 429, type: "rate_limit_error", code: "rate_limit_exceeded", message: failure.message)
        case .timedOut:
            self.init(status: 504, type: ours, code: "worker_timed_out", message: failure.message)
        case .overloaded:
            self.init(status: 503, type: ours, code: "worker_overloaded", message: failure.message)
        case .unreachable, .interrupted, .malformed, .rejected, .unauthorized, .infrastructure:
            self.init(status: 502, type: ours, code: "worker_\(failure.kind.rawValue)", message: failure.message)
        }
        retryAfter = failure.retryAfter
    }

    /// The same for anything that a route or a call may throw.
    init(reporting error: any Error, clientLeft: Bool) {
        switch error {
        case let error as ServingError: self = error
        case let failure as CallFailure: self.init(failure)
        case is CancellationError where clientLeft:
            // Nobody reads this, apart from a client that closed only its sending half.
            self.init(status: 499, code: "client_left", message: "the client closed the connection before the reply")
        case is CancellationError:
            self.init(
                status: 503, type: "server_error", code: "server_stopping", message: "the server is stopping",
                retryAfter: .seconds(1))
        default:
            // The text of an unknown error may hold what is none of the client's business.
            self.init(
                status: 500, type: "server_error", code: "internal_error", message: "the server failed to serve this request")
        }
    }

    static let requestTooSlow = ServingError(
        status: 408, code: "request_timeout", message: "the request came too slowly; send it again")
    static let notHTTP = ServingError(status: 400, code: "bad_http", message: "this is not a well-formed HTTP/1.1 request")
    static let headerTooLarge = ServingError(
        status: 431, code: "header_too_large", message: "the headers of the request are too large")

    static func bodyTooLarge(limit: Int) -> ServingError {
        ServingError(
            status: 413, code: "request_too_large", message: "the body of the request is larger than \(limit) bytes; send less")
    }

    static func tooManyRequests(limit: Int) -> ServingError {
        ServingError(
            status: 503, type: "server_error", code: "server_overloaded",
            message: "\(limit) requests are being served already; try again later", retryAfter: .seconds(1))
    }

    static func unknownPath(_ path: String) -> ServingError {
        ServingError(status: 404, code: "not_found", message: "nothing is served at \(path.prefix(200))")
    }

    static func wrongMethod(_ method: String, allowed: String) -> ServingError {
        ServingError(status: 405, code: "method_not_allowed", message: "\(method) is not served here; use \(allowed)")
    }

    /// A `model` that is not served.
    public static func unknownModel(_ model: String) -> ServingError {
        ServingError(
            status: 404, code: "model_not_found", parameter: "model",
            message: "the model `\(model.prefix(200))` does not exist; GET /v1/models names those that do")
    }
}
