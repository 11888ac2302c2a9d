import Foundation

/// BERT's text clean-up: control characters go, blanks become one kind, Chinese characters stand alone, accents and
/// capitals go. One scalar at a time: ASCII by table, the rest by its Unicode properties.
struct BertNormalizer: Sendable {
    let cleansText: Bool
    let separatesChinese: Bool
    let stripsAccents: Bool
    let lowercases: Bool

    /// Appends the normalised form of `text` (UTF-8) to `output`.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        _ = normalize(text, from: 0, atLeast: text.count, into: &output)
    }

    /// Appends the normalised form of `text` from `start` on, and stops behind `size` bytes where the next begins with a
    /// blank: no word stands on both sides, and the forms of all pieces together are that of the text.
    /// Returns where it stopped.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, from start: Int, atLeast size: Int, into output: inout [UInt8]) -> Int {
        var at = start, marks: [Unicode.Scalar] = []
        while at < text.count {
            let isBehind = at - start >= size, byte = text[at]
            if byte < 0x80 {
                if isBehind, [0x09, 0x0a, 0x0d, 0x20].contains(byte) { break }
                ascii(byte, marks: &marks, into: &output)
                at += 1
            } else {
                let (scalar, end) = text.scalar(at: at)
                if isBehind, separatesChinese, Self.isChinese(scalar) { break }
                append(scalar, marks: &marks, into: &output)
                at = end
            }
        }
        flush(&marks, into: &output)
        return at
    }

    private func ascii(_ byte: UInt8, marks: inout [Unicode.Scalar], into output: inout [UInt8]) {
        let clean: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): clean = lowercases ? byte + 32 : byte
        case 0x20...0x7e: clean = byte
        case 0x09, 0x0a, 0x0d: clean = cleansText ? 0x20 : byte
        default:
            if cleansText { return }
            clean = byte
        }
        flush(&marks, into: &output)
        output.append(clean)
    }

    /// A scalar outside ASCII.
    private func append(_ scalar: Unicode.Scalar, marks: inout [Unicode.Scalar], into output: inout [UInt8]) {
        if cleansText {
            if Self.isControl(scalar) { return }
            if scalar.properties.isWhitespace {
                flush(&marks, into: &output)
                return output.append(0x20)
            }
        }
        if separatesChinese, Self.isChinese(scalar) {
            flush(&marks, into: &output)
            output.append(0x20)
            decompose(scalar, marks: &marks, into: &output)
            flush(&marks, into: &output)
            output.append(0x20)
        } else {
            decompose(scalar, marks: &marks, into: &output)
        }
    }

    private func decompose(_ scalar: Unicode.Scalar, marks: inout [Unicode.Scalar], into output: inout [UInt8]) {
        guard stripsAccents else { return write(scalar, into: &output) }
        // A nonspacing mark decomposes into such marks alone, all of which go.
        if scalar.properties.generalCategory == .nonspacingMark { return }
        guard Self.mayDecompose(scalar) else {
            flush(&marks, into: &output)
            return write(scalar, into: &output)
        }
        for part in String(Character(scalar)).decomposedStringWithCanonicalMapping.unicodeScalars {
            let properties = part.properties
            if properties.generalCategory == .nonspacingMark { continue }
            if properties.canonicalCombiningClass == .notReordered {
                flush(&marks, into: &output)
                write(part, into: &output)
            } else {
                marks.append(part)
            }
        }
    }

    /// Writes the few marks that are not nonspacing in canonical order: by class, and as they came within a class. To
    /// sort only what is left over gives the order that the whole had, without sorting a text of accents.
    private func flush(_ marks: inout [Unicode.Scalar], into output: inout [UInt8]) {
        if marks.isEmpty { return }
        let order = marks.indices.sorted { left, right in
            let (a, b) = (marks[left].properties.canonicalCombiningClass, marks[right].properties.canonicalCombiningClass)
            return (a.rawValue, left) < (b.rawValue, right)
        }
        for index in order { write(marks[index], into: &output) }
        marks.removeAll(keepingCapacity: true)
    }

    private func write(_ scalar: Unicode.Scalar, into output: inout [UInt8]) {
        if lowercases, scalar.properties.changesWhenLowercased {
            output.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
        } else {
            output.append(contentsOf: scalar.utf8)
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value == 0xfffd { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse: return true
        default: return false
        }
    }

    /// False only where no canonical decomposition exists; the Chinese blocks, so that the common case is fast.
    private static func mayDecompose(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0xc0 && !(0x3400...0x9fff).contains(scalar.value)
    }

    /// The blocks that BERT's first tokenizer calls Chinese. 2B920 is how the reference library has it.
    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f,
            0x2b920...0x2ceaf, 0xf900...0xfaff, 0x2f800...0x2fa1f:
            true
        default: false
        }
    }
}
