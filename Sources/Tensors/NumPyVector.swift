public import Foundation

/// One-dimensional arrays of NumPy's `.npy` files, versions 1 to 3 of the format.
public enum NumPyVector {
    private static let largestHeader = 1 << 16, largestFile = 1 << 30

    /// The numbers of a file, widened to 64-bit floats. Throws `WeightsError` in one line with the file when it is none, holds
    /// anything but one row of little-endian f4 or f8, is cut off or longer than it says, or holds NaN or an infinite value.
    public static func read(_ url: URL) throws -> [Double] {
        func wrong(_ what: String) -> WeightsError { WeightsError("\(url.path): \(what)") }
        let attributes: [FileAttributeKey: Any]
        do { attributes = try FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path) } catch {
            throw wrong("no such file, or it cannot be read")
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int else {
            throw wrong("is not a regular file")
        }
        guard size <= largestFile else { throw wrong("\(size) bytes are more than any vector of a router has") }
        guard let data = try? Data(contentsOf: url) else { throw wrong("cannot be read") }
        do { return try numbers([UInt8](data)) } catch { throw wrong(error.description) }
    }

    static func numbers(_ bytes: [UInt8]) throws(WeightsError) -> [Double] {
        guard bytes.count >= 10, Array(bytes[0..<6]) == [0x93] + Array("NUMPY".utf8) else {
            throw WeightsError("is no .npy file; write one with numpy.save")
        }
        let version = bytes[6], field = version == 1 ? 2 : 4, start = 8 + field
        guard (1...3).contains(version), bytes[7] == 0 else {
            throw WeightsError("has .npy version \(version).\(bytes[7]); 1.0, 2.0 and 3.0 are read")
        }
        guard bytes.count >= start else { throw WeightsError("is cut off in its header") }
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= largestHeader, length <= bytes.count - start else {
            throw WeightsError("has a header of \(length) bytes, which is more than it holds or than .npy needs")
        }
        let header = try NumPyHeader(bytes[start..<start + length])
        return try header.numbers(bytes[(start + length)...])
    }
}

/// The header: a Python dictionary of three entries.
private struct NumPyHeader {
    private var type: [UInt8]?
    private var isFortran: Bool?
    private var shape: [Int]?

    init(_ text: ArraySlice<UInt8>) throws(WeightsError) {
        var scanner = LiteralScanner(rest: text)
        try scanner.expect("{")
        while !scanner.take("}") {
            let key = try scanner.string()
            try scanner.expect(":")
            switch String(decoding: key, as: UTF8.self) {
            case "descr" where type == nil: type = try scanner.string()
            case "fortran_order" where isFortran == nil: isFortran = try scanner.bool()
            case "shape" where shape == nil: shape = try scanner.tuple()
            default: throw WeightsError("has a header with unknown or repeated keys")
            }
            guard scanner.take(",") || scanner.peeks("}") else { throw LiteralScanner.wrong }
        }
        guard scanner.isAtEnd else { throw LiteralScanner.wrong }
    }

    func numbers(_ data: ArraySlice<UInt8>) throws(WeightsError) -> [Double] {
        guard let type, let isFortran, let shape else {
            throw WeightsError("has a header without descr, fortran_order or shape")
        }
        let name = String(decoding: type.prefix(40), as: UTF8.self)
        guard name == "<f8" || name == "<f4" else {
            throw WeightsError("holds \(name.debugDescription); <f8 and <f4 are read: numpy.save(path, vector.astype('<f8'))")
        }
        guard shape.count == 1, !isFortran else {
            throw WeightsError(
                "has shape \(shape), fortran_order \(isFortran); one row is read: numpy.save(path, vector.ravel())")
        }
        let size = name == "<f8" ? 8 : 4
        guard data.count % size == 0, data.count / size == shape[0] else {
            throw WeightsError(
                "says \(shape[0]) numbers and holds \(data.count) bytes of \(size) each; it is cut off or damaged")
        }
        let numbers = data.withUnsafeBytes { raw in
            (0..<shape[0]).map { index in
                size == 8
                    ? Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)))
                    : Double(
                        Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))))
            }
        }
        if let index = numbers.firstIndex(where: { !$0.isFinite }) {
            throw WeightsError("holds \(numbers[index]) at index \(index); a vector has finite numbers only")
        }
        return numbers
    }
}

/// What of Python's literals such a header has.
private struct LiteralScanner {
    static let wrong = WeightsError("has a header that is not the dictionary that numpy.save writes")

    var rest: ArraySlice<UInt8>

    private mutating func skip() { rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 } }

    var isAtEnd: Bool { rest.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 } }

    mutating func peeks(_ mark: Unicode.Scalar) -> Bool {
        skip()
        return rest.first == UInt8(ascii: mark)
    }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard peeks(mark) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func expect(_ mark: Unicode.Scalar) throws(WeightsError) {
        guard take(mark) else { throw Self.wrong }
    }

    mutating func string() throws(WeightsError) -> [UInt8] {
        skip()
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw Self.wrong }
        rest = rest.dropFirst()
        guard let end = rest.firstIndex(of: quote) else { throw Self.wrong }
        defer { rest = rest[(end + 1)...] }
        return Array(rest[..<end])
    }

    mutating func bool() throws(WeightsError) -> Bool {
        skip()
        for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
            rest = rest.dropFirst(word.utf8.count)
            return value
        }
        throw Self.wrong
    }

    mutating func tuple() throws(WeightsError) -> [Int] {
        try expect("(")
        var numbers: [Int] = []
        while !take(")") {
            skip()
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty, digits.count <= 15, numbers.count < 32 else { throw Self.wrong }
            numbers.append(digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
            rest = rest[digits.endIndex...]
            guard take(",") || peeks(")") else { throw Self.wrong }
        }
        return numbers
    }
}
