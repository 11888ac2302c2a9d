/// The alphabet in which byte-level vocabularies are written (GPT-2): a visible character for each byte, its own for
/// those of Latin-1 that are visible, the next ones from U+0100 on for the rest. A blank is "Ġ".
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { (byte: UInt32) in
            let isVisible = (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte)
            defer { if !isVisible { next += 1 } }
            return Unicode.Scalar(isVisible ? byte : next) ?? "\u{fffd}"
        }
    }()

    /// The characters in UTF-8; one or two bytes each.
    static let characters: [[UInt8]] = scalars.map { Array($0.utf8) }

    /// The byte of each character up to U+0143; 256 where there is none.
    private static let bytes: [UInt16] = {
        var bytes = [UInt16](repeating: 256, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = UInt16(byte) }
        return bytes
    }()

    /// Appends the bytes that `token` (UTF-8) stands for; where one of its characters is not of the alphabet, those of
    /// its text.
    static func appendBytes(of token: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        let before = output.count
        var at = 0
        while at < token.count {
            let (scalar, end) = token.scalar(at: at)
            guard scalar.value < 0x144, bytes[Int(scalar.value)] < 256 else {
                output.removeSubrange(before...)
                return output.append(contentsOf: token)
            }
            output.append(UInt8(truncatingIfNeeded: bytes[Int(scalar.value)]))
            at = end
        }
    }
}
