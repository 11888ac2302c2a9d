public import Foundation

/// Writing of safetensors files; `MappedWeights` reads them.
public enum Safetensors {
    /// Writes 32-bit floats. The same tensors and metadata give the same bytes, whatever their order: both are sorted
    /// by name, and the header is padded with blanks to a multiple of 8 bytes. Written beside the target, then renamed.
    /// Throws what the file system says; two tensors of one name are a programmer's mistake.
    public static func write(tensors: [(String, Tensor)], metadata: [String: String] = [:], to url: URL) throws {
        try data(tensors: tensors, metadata: metadata).write(to: url, options: .atomic)
    }

    /// The bytes that `write` puts into the file.
    public static func data(tensors: [(String, Tensor)], metadata: [String: String] = [:]) -> Data {
        precondition(Set(tensors.map { Array($0.0.utf8) }).count == tensors.count, "two tensors of one name")
        let sorted = tensors.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        var fields: [String] = [], end = 0
        if !metadata.isEmpty { fields.append(member(metadata)) }
        for (name, tensor) in sorted {
            let begin = end
            end += tensor.scalars.count * 4
            fields.append(entry(name, "F32", tensor.shape.map(String.init).joined(separator: ","), begin..<end))
        }
        var header = Array("{\(fields.joined(separator: ","))}".utf8)
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        var data = Data(capacity: 8 + header.count + end)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header)
        for (_, tensor) in sorted { tensor.scalars.withUnsafeBytes { data.append(contentsOf: $0) } }
        return data
    }

    /// The beginning of a file whose tensors are plain bytes, one after the other: `count` bytes each, which follow at a
    /// multiple of `alignment`, itself a multiple of 8. The file's writer appends the bytes in this order.
    public static func header(
        bytes parts: [(name: String, count: Int)], metadata: [String: String], alignment: Int
    ) -> Data {
        precondition(Set(parts.map(\.name)).count == parts.count && alignment % 8 == 0, "two tensors of one name")
        var end = 0
        let fields =
            [member(metadata)]
            + parts.map { part in
                end += part.count
                return entry(part.name, "U8", "\(part.count)", end - part.count..<end)
            }
        var header = Array("{\(fields.joined(separator: ","))}".utf8)
        while (8 + header.count) % alignment != 0 { header.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + Data(header)
    }

    private static func member(_ metadata: [String: String]) -> String {
        let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return "\"__metadata__\":{\(pairs.map { "\(quoted($0.key)):\(quoted($0.value))" }.joined(separator: ","))}"
    }

    private static func entry(_ name: String, _ type: String, _ shape: String, _ range: Range<Int>) -> String {
        "\(quoted(name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
