extension UnsafeBufferPointer<UInt8> {
    /// The scalar that begins at `start`, and where the next begins; of valid UTF-8, without a string made for it.
    func scalar(at start: Int) -> (Unicode.Scalar, end: Int) {
        let lead = self[start], size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
        let end = Swift.min(start + size, count)
        var value = size == 1 ? UInt32(lead) : UInt32(lead) & (0x7f >> UInt32(size))
        for index in start + 1..<Swift.max(start + 1, end) { value = value << 6 | UInt32(self[index] & 0x3f) }
        return (Unicode.Scalar(value) ?? "\u{fffd}", end)
    }
}
