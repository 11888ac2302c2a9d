import Chat
import Dispatch

/// Reads a chat request from the bytes of a body. Only what every worker needs is checked: roles, texts and the shape of
/// the stream; all other fields are the worker's affair.
enum RequestCheck {
    /// Larger bodies are parsed one at a time and off the cooperative pool, which has as many threads as the machine
    /// has cores: so a huge request costs neither the other requests their turn nor the machine its memory.
    private static let largeBody = 256 << 10
    private static let largeBodies = DispatchQueue(label: "serving.large-bodies")

    /// Throws ``ServingError`` with status 400, and the name of the field that is wrong.
    static func request(of bytes: [UInt8]) async throws -> ChatRequest {
        let parsed: Result<JSON, JSONError>
        if bytes.count < largeBody {
            parsed = parse(bytes)
        } else {
            parsed = await withCheckedContinuation { continuation in
                largeBodies.async { continuation.resume(returning: parse(bytes)) }
            }
        }
        switch parsed {
        case .failure(let error):
            throw ServingError(status: 400, code: "invalid_json", message: "the body is not JSON: \(error)")
        case .success(.object(let json)):
            try check(json)
            return ChatRequest(json: json)
        case .success:
            throw ServingError(status: 400, code: "invalid_type", message: "the body is not a JSON object")
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Result<JSON, JSONError> {
        do throws(JSONError) { return .success(try JSON(parsing: bytes)) } catch { return .failure(error) }
    }

    private static func check(_ json: JSONObject) throws(ServingError) {
        try expect(json["model"], at: "model", "a string") { $0.string != nil }
        try expect(json["stream"], at: "stream", "true or false") { $0.bool != nil }
        try expect(json["stream_options"], at: "stream_options", "an object") { $0.object != nil }
        try expect(json["stream_options"]?["include_usage"], at: "stream_options.include_usage", "true or false") {
            $0.bool != nil
        }
        try expect(json["tools"], at: "tools", "an array") { $0.array != nil }
        guard let messages = json["messages"], !messages.isNull else {
            throw ServingError(
                status: 400, code: "missing_required_parameter", parameter: "messages", message: "`messages` is missing")
        }
        guard let list = messages.array else { throw wrong("messages", "an array") }
        guard !list.isEmpty else {
            throw ServingError(
                status: 400, code: "empty_array", parameter: "messages", message: "`messages` has no message in it")
        }
        for (index, message) in list.enumerated() { try check(message, at: "messages[\(index)]") }
    }

    private static func check(_ message: JSON, at place: String) throws(ServingError) {
        guard message.object != nil else { throw wrong(place, "an object") }
        guard message["role"]?.string != nil else { throw wrong("\(place).role", "a string") }
        // A message that only calls tools has no content.
        switch message["content"] {
        case nil, .null?, .string?: return
        case .array(let parts)?:
            for (index, part) in parts.enumerated() where part.object == nil {
                throw wrong("\(place).content[\(index)]", "an object")
            }
        default: throw wrong("\(place).content", "a string or an array of parts")
        }
    }

    /// `null` counts as absent, as it does at OpenAI.
    private static func expect(_ value: JSON?, at place: String, _ kind: String, _ holds: (JSON) -> Bool) throws(ServingError) {
        guard let value, !value.isNull, !holds(value) else { return }
        throw wrong(place, kind)
    }

    private static func wrong(_ place: String, _ kind: String) -> ServingError {
        ServingError(status: 400, code: "invalid_type", parameter: place, message: "`\(place)` is not \(kind)")
    }
}
