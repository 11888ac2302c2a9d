import AsyncHTTPClient
public import Chat
public import Files
import Foundation
import NIOCore
import NIOHTTP1

/// A worker behind an endpoint that speaks OpenAI's `chat/completions`.
///
/// Each failure is a `CallFailure` whose one line names the worker, the phase or status, and what the provider says, without
/// the key. One call is one request, but for this: where a connection that was kept turns out to have been closed before we
/// wrote, the request is sent once more on another.
public struct OpenAIWorker: Worker {
    public let spec: WorkerSpec
    let connections: HTTPConnections
    let largestReply: Int
    let redactor: Redactor
    private let whole: HTTPClient.Request, streamed: HTTPClient.Request

    /// `largestReply` is in bytes, decompressed; what is larger is no answer. Nothing is sent.
    ///
    /// Throws `InputError` where the provider's base URL is none.
    public init(
        spec: WorkerSpec, key: Secret? = nil, connections: HTTPConnections, largestReply: Int = 64 << 20
    ) throws(InputError) {
        self.spec = spec
        self.connections = connections
        self.largestReply = largestReply
        redactor = Redactor(hiding: key)
        do {
            var headers: HTTPHeaders = [
                "content-type": "application/json", "accept-encoding": "gzip, deflate", "user-agent": "baton",
            ]
            if let key { headers.add(name: "authorization", value: "Bearer \(key.value)") }
            let url = spec.provider.baseURL + "/chat/completions"
            var request = try HTTPClient.Request(url: url, method: .POST, headers: headers)
            guard ["http", "https"].contains(request.scheme) else { throw HTTPClientError.unsupportedScheme(request.scheme) }
            request.headers.add(name: "accept", value: "application/json")
            whole = request
            request.headers.replaceOrAdd(name: "accept", value: "text/event-stream")
            // Compression would hold back what a stream is for.
            request.headers.remove(name: "accept-encoding")
            streamed = request
        } catch {
            throw InputError(
                "provider \(spec.provider.name)",
                "base_url is not an http or https address; write one such as https://api.example.com/v1")
        }
    }

    /// The worker of `spec`, its key taken from the environment. `file` is the pool's, for errors.
    public static func make(
        _ spec: WorkerSpec, file: String, connections: HTTPConnections, environment: [String: String]? = nil
    ) throws(InputError) -> OpenAIWorker {
        let place = "\(file): provider \(spec.provider.name)"
        var key: Secret?
        if let variable = spec.provider.keyVariable {
            key = try Secret.fromEnvironment(variable, place: place, environment: environment)
        }
        return try OpenAIWorker(spec: spec, key: key, connections: connections)
    }

    public func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
        var completed = spec.completing(request)
        completed.json["stream"] = nil
        completed.json["stream_options"] = nil
        let (exchange, bytes) = try await open(completed, isStreamed: false, context)
        guard let head = exchange.head else { throw failure(.malformed, "the reply has no head") }
        let status = ProviderStatus(head)
        guard status.isSuccess else { throw refusal(status, body: bytes) }
        return try answer(bytes, status)
    }

    /// Sends the request, and returns once the whole of the response is there, or its first bytes where it `isStreamed`.
    func open(_ request: ChatRequest, isStreamed: Bool, _ context: CallContext) async throws -> (Exchange, ByteBuffer) {
        var message = isStreamed ? streamed : whole
        message.body = .byteBuffer(ByteBuffer(bytes: JSON.object(request.json).bytes))
        var mayBeStale = true
        while true {
            let exchange = Exchange(
                connections: connections, timeouts: spec.provider.timeouts, deadline: context.deadline, all: !isStreamed,
                sizeLimit: largestReply)
            exchange.start(message)
            do {
                return (exchange, try await exchange.read(all: !isStreamed) ?? ByteBuffer())
            } catch Exchange.Broken.lost(_, _, mayBeStale: true) where mayBeStale {
                mayBeStale = false
            } catch {
                throw failure(error)
            }
        }
    }

    // MARK: Answers

    private func answer(_ body: ByteBuffer, _ status: ProviderStatus) throws(CallFailure) -> Reply {
        guard body.readableBytes > 0 else { throw failure(.malformed, "status \(status.status): the reply is empty", status) }
        let json: JSON
        do {
            json = try JSON(parsing: redactor.redact(Array(body.readableBytesView)))
        } catch {
            let type = status.headers.first(name: "content-type") ?? "no content type"
            throw failure(.malformed, "status \(status.status): the reply (\(type)) is not JSON: \(error)", status)
        }
        guard let object = json.object else {
            throw failure(.malformed, "status \(status.status): the reply is no object", status)
        }
        do {
            return try Reply(json: object)
        } catch {
            throw failure(error.kind, "status \(status.status): \(error.message)", status)
        }
    }

    /// The failure that a response of another status than 2xx tells.
    func refusal(_ status: ProviderStatus, body: ByteBuffer) -> CallFailure {
        let text = String(decoding: body.readableBytesView.prefix(1 << 16), as: UTF8.self)
        let error = (try? JSON(parsing: Array(body.readableBytesView.prefix(1 << 16))))?["error"]
        let said = error?["message"]?.string ?? error?.string ?? text
        let hint =
            switch status.status {
            case 401, 403: "; check the key\(spec.provider.keyVariable.map { " in \($0)" } ?? "")"
            case 300..<400: "; redirects are not followed, so correct base_url"
            case 404: "; check base_url and the worker's model"
            default: ""
            }
        let excerpt = redactor.excerpt(said)
        return failure(status.kind, "status \(status.status)\(hint)" + (excerpt.isEmpty ? "" : ": \(excerpt)"), status)
    }

    /// A failure in one line: the worker's name, and `message` without the key.
    func failure(
        _ kind: CallFailure.Kind, _ message: String, _ status: ProviderStatus? = nil
    ) -> CallFailure {
        CallFailure(
            kind, "worker \(spec.name): \(redactor.excerpt(message, limit: 300))", status: status?.status,
            retryAfter: status?.retryAfter(now: Int(Date().timeIntervalSince1970)))
    }
}

// The requests hold the key in a header, so the worker prints as its spec, however it is printed.
extension OpenAIWorker: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "OpenAIWorker(\(spec.name))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["spec": spec]) }
}
