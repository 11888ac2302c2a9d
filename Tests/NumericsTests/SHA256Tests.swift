import Files
import Foundation
import Tensors
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4 and NIST's examples; the last is 1,000 × "a" as coreutils has it.
    static let vectors = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    ]

    @Test(arguments: vectors)
    func knownVectorsHoldOnBothPaths(_ text: String, _ expected: String) {
        for hardware in [true, false] {
            var hash = SHA256(hardware: hardware)
            Array(text.utf8).withUnsafeBytes { hash.update($0) }
            #expect(hash.hex() == expected)
        }
    }

    @Test func theHashDoesNotDependOnThePieces() {
        let bytes = (0..<517).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = SHA256.hex(of: bytes)
        for size in [1, 7, 63, 64, 65, 200] {
            var hash = SHA256()
            for first in stride(from: 0, to: bytes.count, by: size) {
                Array(bytes[first..<min(bytes.count, first + size)]).withUnsafeBytes { hash.update($0) }
            }
            #expect(hash.hex() == whole)
        }
    }

    @Test func aFileHasTheHashOfItsBytes() throws {
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("bytes")
            try Data(bytes).write(to: file)
            #expect(try SHA256.hex(ofFile: file) == SHA256.hex(of: bytes))
        }
        #expect(throws: (any Error).self) { try SHA256.hex(ofFile: URL(fileURLWithPath: "/nonexistent/file")) }
    }
}
