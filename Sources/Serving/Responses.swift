import Chat
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// Replies as HTTP.
enum Responses {
    private static let requestID = HTTPField.Name("x-request-id")

    static func success(_ json: JSON, _ headers: HTTPFields, _ id: String) -> Response {
        response(status: 200, json, headers, id)
    }

    static func failure(_ error: ServingError, _ headers: HTTPFields, _ id: String) -> Response {
        var headers = headers
        if let wait = error.retryAfter {
            // Whole seconds, and never earlier than asked for.
            headers[.retryAfter] = String(max(1, Int((wait / .seconds(1)).rounded(.up))))
        }
        return response(status: error.status, error.json, headers, id)
    }

    static func streamHead(_ headers: HTTPFields, _ id: String) -> HTTPResponse {
        var head = HTTPResponse(status: .ok, headerFields: headers)
        head.headerFields[.contentType] = "text/event-stream; charset=utf-8"
        head.headerFields[.cacheControl] = "no-cache"
        head.headerFields[.date] = HTTPDate.text()
        if let requestID { head.headerFields[requestID] = id }
        return head
    }

    private static func response(status: Int, _ json: JSON, _ headers: HTTPFields, _ id: String) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.date] = HTTPDate.text()
        if let requestID { headers[requestID] = id }
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
    }

    /// The client's own id of its request, where that is short and plain.
    static func givenID(_ headers: HTTPFields) -> String? {
        guard let requestID, let id = headers[requestID], (1...128).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return id
    }
}

/// Makes ids for requests that have none: a part for this server, and a count.
final class RequestIDs: Sendable {
    private let server = String(UInt32.random(in: .min ... .max), radix: 16)
    private let count = Atomic<Int>(0)

    func id(for request: Request) -> String {
        Responses.givenID(request.headers) ?? "req-\(server)-\(count.add(1, ordering: .relaxed).newValue)"
    }
}
