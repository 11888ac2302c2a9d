public import Foundation

/// Files of one JSON object a line, read in pieces: they may be larger than memory.
public enum JSONLines {
    /// Bytes read at once, and bytes that one line may have.
    private static let pieceSize = 1 << 20, longestLine = 256 << 20

    /// Calls `body` with each line that is not blank, and its number from 1.
    ///
    /// Throws ``InputError`` where the file can't be read or a line is longer than 256 MiB, and what `body` throws.
    public static func forEach(in file: URL, _ body: (Data, Int) throws -> Void) throws {
        let handle = try openFile(file)
        defer { try? handle.close() }
        try forEach(in: handle, named: file.path, body)
    }

    /// The same of what `handle` gives, which errors call `name`.
    public static func forEach(in handle: FileHandle, named name: String, _ body: (Data, Int) throws -> Void) throws {
        var rest = Data()
        var number = 0
        func take(_ line: Data) throws {
            number += 1
            if line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) { try body(line, number) }
        }
        while true {
            guard let piece = try? handle.read(upToCount: pieceSize) ?? Data() else {
                throw InputError(name, "cannot be read; is it a file?")
            }
            guard !piece.isEmpty else { break }
            var start = piece.startIndex
            while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try take(rest + piece[start..<end])
                rest = Data()
                start = end + 1
            }
            rest.append(piece[start...])
            guard rest.count <= longestLine else {
                throw InputError("\(name):\(number + 1)", "the line is longer than \(longestLine >> 20) MiB")
            }
        }
        if !rest.isEmpty { try take(rest) }
    }
}

/// All bytes of `file`. Throws ``InputError`` where there is none or it can't be read.
public func readFile(_ file: URL) throws -> Data {
    let handle = try openFile(file)
    defer { try? handle.close() }
    guard let data = try? handle.readToEnd() ?? Data() else { throw InputError(file.path, "cannot be read; is it a file?") }
    return data
}

private func openFile(_ file: URL) throws -> FileHandle {
    guard FileManager.default.fileExists(atPath: file.path) else { throw InputError(file.path, "no such file") }
    guard let handle = try? FileHandle(forReadingFrom: file) else {
        throw InputError(file.path, "cannot be opened; is it readable?")
    }
    return handle
}

extension DecodingError {
    /// What is wrong, with the path of keys that leads there.
    public var oneLine: String {
        func at(_ context: Context, _ problem: String) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
            return path.isEmpty ? problem : "\(path): \(problem)"
        }
        switch self {
        case .typeMismatch(let type, let context): return at(context, "is not of type \(Self.word(for: type))")
        case .valueNotFound(let type, let context): return at(context, "is null, not \(Self.word(for: type))")
        case .keyNotFound(let key, let context): return at(context, "key \"\(key.stringValue)\" is missing")
        case .dataCorrupted(let context): return at(context, "is not valid JSON")
        @unknown default: return "is not as expected"
        }
    }

    private static func word(for type: Any.Type) -> String {
        switch type {
        case is String.Type: "string"
        case is Double.Type, is Int.Type, is Float.Type: "number"
        case is Bool.Type: "true or false"
        default: "\(type)".hasPrefix("Dictionary") ? "object" : "\(type)".hasPrefix("Array") ? "array" : "\(type)"
        }
    }
}
