import Chat
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1

/// Answers the requests of all connections.
struct ChatResponder: Sendable {
    private static let completions = "/v1/chat/completions", models = "/v1/models", health = "/health"

    private let endpoint: any Endpoint
    private let options: ChatServer.Options
    private let admission: Admission
    private let ids = RequestIDs()
    private let started = Int(Date().timeIntervalSince1970)

    init(endpoint: any Endpoint, options: ChatServer.Options) {
        self.endpoint = endpoint
        self.options = options
        // Some requests may be of the largest size at the same time, not all of them.
        admission = Admission(maximumRequests: options.maximumRequests, maximumBodies: max(8 * options.maximumBody, 64 << 20))
    }

    /// Throws where the connection cannot go on.
    func respond(to request: Request, with writer: consuming ResponseWriter, on connection: Presence) async throws {
        // A request behind one after which the connection ends: no call is made whose reply nobody could get.
        guard connection.beginReply() else { throw ChannelError.outputClosed }
        let id = ids.id(for: request)
        guard request.uri.path == Self.completions else {
            let response = lookUp(request, id)
            return try await writer.write(response: response.head, body: response.body)
        }
        guard request.method == .post else {
            let refusal = ServingError.wrongMethod(request.method.rawValue, allowed: "POST")
            let response = Responses.failure(refusal, [.allow: "POST"], id)
            return try await writer.write(response: response.head, body: response.body)
        }
        if request.headers[.expect]?.lowercased() == "100-continue" {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        var held = 0
        defer { admission.release(held) }
        let chat: ChatRequest
        do {
            chat = try await RequestCheck.request(of: try await body(of: request, &held))
            try admission.enter()
        } catch let error as ServingError {
            // Sending on would be for nothing.
            let isLast = [ServingError.bodyTooLarge(limit: options.maximumBody), .requestTooSlow, .notHTTP].contains(error)
            if isLast { connection.closeAfterReply() }
            let response = Responses.failure(error, isLast ? [.connection: "close"] : [:], id)
            return try await writer.write(response: response.head, body: response.body)
        }
        defer { admission.leave() }
        connection.beginCall()
        defer { connection.endCall() }
        let exchange = Exchange(endpoint: endpoint, options: options, id: id, connection: connection, request: chat)
        try await exchange.answer(with: writer)
    }

    /// All but chat.
    private func lookUp(_ request: Request, _ id: String) -> Response {
        let path = request.uri.path
        let json: JSON
        switch path {
        case Self.health: json = ["status": "ok"]
        case Self.models: json = ["object": "list", "data": .array(endpoint.models.map(model))]
        case _ where path.hasPrefix(Self.models + "/"):
            let name = String(path.dropFirst(Self.models.count + 1)), decoded = name.removingPercentEncoding ?? name
            guard endpoint.models.contains(decoded) else { return Responses.failure(.unknownModel(decoded), [:], id) }
            json = model(decoded)
        default: return Responses.failure(.unknownPath(path), [:], id)
        }
        switch request.method {
        case .get: return Responses.success(json, [:], id)
        case .head: return Responses.success(json, [:], id).createHeadResponse()
        default:
            return Responses.failure(.wrongMethod(request.method.rawValue, allowed: "GET"), [.allow: "GET, HEAD"], id)
        }
    }

    private func model(_ name: String) -> JSON {
        ["id": .string(name), "object": "model", "created": JSON(started), "owned_by": "baton"]
    }

    /// The bytes of a body; `held` counts what of them admission has noted.
    private func body(of request: Request, _ held: inout Int) async throws -> [UInt8] {
        let tooLarge = ServingError.bodyTooLarge(limit: options.maximumBody)
        if let announced = request.headers[.contentLength].flatMap({ Int($0) }), announced > options.maximumBody {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        do {
            for try await buffer in request.body {
                guard bytes.count + buffer.readableBytes <= options.maximumBody else { throw tooLarge }
                try admission.hold(buffer.readableBytes)
                held += buffer.readableBytes
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch is RequestTooSlow {
            throw ServingError.requestTooSlow
        } catch is HTTPParserError {
            throw ServingError.notHTTP
        }
        return bytes
    }
}
