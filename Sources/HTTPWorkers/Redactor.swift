import Foundation

/// Blacks out a key in texts that others wrote: the whole of it, any eight bytes in a row of it, and the same of its base64,
/// wherever in a longer text that was encoded.
struct Redactor: Sendable {
    private static let window = 8
    private let key: [UInt8]
    private let windows: Set<[UInt8]>
    /// Bytes of each window; below ``window`` where the key is that short.
    private let length: Int

    /// `nil`: there is nothing to hide.
    init(hiding secret: Secret?) {
        key = Array((secret?.value ?? "").utf8)
        length = min(Self.window, key.count)
        var windows: Set<[UInt8]> = []
        if length > 0 {
            Self.cut(key[...], length, into: &windows)
            // What stands before the key shifts its base64 by 0, 1 or 2 bytes; four characters at each end hold foreign bits.
            for shift in 0..<3 {
                let encoded = Array(Data(Array(repeating: 0, count: shift) + key).base64EncodedString().utf8)
                Self.cut(encoded.dropFirst(shift == 0 ? 0 : 4).dropLast(4), Self.window, into: &windows)
            }
        }
        self.windows = windows
    }

    private static func cut(_ bytes: ArraySlice<UInt8>, _ length: Int, into windows: inout Set<[UInt8]>) {
        guard bytes.count >= length else { return }
        for first in bytes.startIndex...(bytes.endIndex - length) { windows.insert(Array(bytes[first..<first + length])) }
    }

    func redact(_ text: String) -> String {
        guard length > 0 else { return text }
        let bytes = Array(text.utf8)
        var hidden = Array(repeating: false, count: bytes.count)
        for length in Set([length, Self.window]) where bytes.count >= length {
            for first in 0...(bytes.count - length) where windows.contains(Array(bytes[first..<first + length])) {
                for index in first..<first + length { hidden[index] = true }
            }
        }
        var clear: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if !hidden[index] {
                clear.append(byte)
            } else if index == 0 || !hidden[index - 1] {
                clear.append(contentsOf: "[redacted]".utf8)
            }
        }
        return String(decoding: clear, as: UTF8.self)
    }

    /// The bytes of an answer without the key, should a provider say it there: answers are kept, and passed on. Only the
    /// whole key is looked for, because every answer goes through here; words below eight bytes are no secrets.
    func redact(_ answer: [UInt8]) -> [UInt8] {
        guard key.count >= Self.window else { return answer }
        var clear: [UInt8] = [], kept = 0, next = 0
        while let found = answer[next...].firstIndex(of: key[0]) {
            next = found + 1
            guard answer[found...].starts(with: key) else { continue }
            clear += answer[kept..<found]
            clear += "[redacted]".utf8
            kept = found + key.count
            next = kept
        }
        return kept == 0 ? answer : clear + answer[kept...]
    }

    /// `text` as a part of a one-line message: redacted, blanks and control characters as single spaces, at most `limit`
    /// characters.
    func excerpt(_ text: String, limit: Int = 200) -> String {
        // A provider may send megabytes; no more than this is looked at.
        let head = redact(String(decoding: text.utf8.prefix(8192), as: UTF8.self))
        let words = head.split {
            $0.isWhitespace || $0.isNewline || $0.unicodeScalars.allSatisfy { $0.value < 0x20 || $0.value == 0x7F }
        }
        let line = words.joined(separator: " ")
        return line.count <= limit ? line : line.prefix(limit - 1) + "…"
    }
}
