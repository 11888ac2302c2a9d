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
        // A generic loop would cost a call a byte in other modules; arrays and buffers have their bytes side by side.
        if let isTaken = bytes.withContiguousStorageIfAvailable({ take($0, &events) }) {
            guard isTaken else { throw CallFailure(.malformed, "a line of the stream has no end") }
        } else {
            let taken = Array(bytes).withUnsafeBufferPointer { take($0, &events) }
            guard taken else { throw CallFailure(.malformed, "a line of the stream has no end") }
        }
        return events
    }

    /// Whether no line was too long.
    private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, _ events: inout [[UInt8]]) -> Bool {
        var first = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0D || byte == 0x0A {
            line.append(contentsOf: bytes[first..<index])
            guard line.count <= Self.longestLine else { return false }
            // A line feed behind a return ends the same line.
            let isSecondHalf = byte == 0x0A && (index > 0 ? bytes[index - 1] == 0x0D : endedWithReturn)
            if !isSecondHalf { endLine(&events) }
            first = index + 1
        }
        line.append(contentsOf: bytes[first...])
        if let last = bytes.last { endedWithReturn = last == 0x0D }
        return line.count <= Self.longestLine
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
