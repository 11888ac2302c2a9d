import Foundation

/// BERT's text clean-up: control characters go, blanks become one kind, Chinese characters stand alone, accents and
/// capitals go. Works on bytes: ASCII by table, the rest by Unicode scalar.
struct BertNormalizer: Sendable {
    let cleansText: Bool
    let separatesChinese: Bool
    let stripsAccents: Bool
    let lowercases: Bool

    /// Appends the normalised form of `text` (UTF-8) to `output`.
    func normalize(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte < 0x80 {
                ascii(byte, into: &output)
                at += 1
            } else {
                var end = at + 1
                while end < text.count, text[end] >= 0x80 { end += 1 }
                run(String(decoding: text[at..<end], as: UTF8.self).unicodeScalars, into: &output)
                at = end
            }
        }
    }

    private func ascii(_ byte: UInt8, into output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): output.append(lowercases ? byte + 32 : byte)
        case 0x20...0x7e: output.append(byte)
        case 0x09, 0x0a, 0x0d: output.append(cleansText ? 0x20 : byte)
        default: if !cleansText { output.append(byte) }
        }
    }

    /// A run of scalars outside ASCII. Accents can only be told apart when the run is decomposed as a whole.
    private func run(_ scalars: String.UnicodeScalarView, into output: inout [UInt8]) {
        var prepared = String.UnicodeScalarView()
        var decomposes = false
        for scalar in scalars {
            if cleansText {
                if Self.isControl(scalar) { continue }
                if scalar.properties.isWhitespace {
                    prepared.append(" ")
                    continue
                }
            }
            if separatesChinese, Self.isChinese(scalar) {
                prepared.append(contentsOf: [" ", scalar, " "])
            } else {
                prepared.append(scalar)
            }
            decomposes = decomposes || Self.mayDecompose(scalar)
        }
        if stripsAccents, decomposes {
            prepared = String(prepared).decomposedStringWithCanonicalMapping.unicodeScalars
        }
        for scalar in prepared {
            if stripsAccents, scalar.properties.generalCategory == .nonspacingMark { continue }
            if lowercases {
                output.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            } else {
                output.append(contentsOf: String(Character(scalar)).utf8)
            }
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
