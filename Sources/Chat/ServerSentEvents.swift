/// Splits a stream of bytes into the data of its events (WHATWG HTML, 9.2); pieces may cut lines, and characters, anywhere.
public struct ServerSentEvents: Sendable {
    /// No event of a chat is longer.
    public static let longestLine = 16 << 20

    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var endedWithReturn = false

    public init() {}

    /// The data of the events that end within `bytes`. Comments and fields other than `data` are left out.
    ///
    /// Throws ``CallFailure`` of kind `malformed` where a line is longer than ``longestLine``.
    public mutating func take(_ bytes: some Sequence<UInt8>) throws(CallFailure) -> [[UInt8]] {
        var events: [[UInt8]] = []
        for byte in bytes {
            let isReturn = byte == 0x0D
            if isReturn || byte == 0x0A {
                // A line feed behind a return ends the same line.
                if !(byte == 0x0A && endedWithReturn) { endLine(&events) }
            } else {
                line.append(byte)
                guard line.count <= Self.longestLine else { throw CallFailure(.malformed, "a line of the stream has no end") }
            }
            endedWithReturn = isReturn
        }
        return events
    }

    private mutating func endLine(_ events: inout [[UInt8]]) {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            if let data { events.append(data) }
            data = nil
        } else if line.starts(with: "data:".utf8) {
            var value = line.dropFirst(5)
            if value.first == 0x20 { value = value.dropFirst() }
            data = data.map { $0 + [0x0A] + value } ?? Array(value)
        } else if line.elementsEqual("data".utf8) {
            data = data.map { $0 + [0x0A] } ?? []
        }
    }

    /// One event with `json` as its data.
    public static func event(_ json: JSON) -> [UInt8] {
        var bytes = Array("data: ".utf8)
        json.write(to: &bytes)
        bytes.append(contentsOf: [0x0A, 0x0A])
        return bytes
    }

    /// What ends a stream of OpenAI's.
    public static let done = Array("data: [DONE]\n\n".utf8)
}
