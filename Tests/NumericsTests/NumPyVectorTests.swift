import Foundation
import Tensors
import Testing

/// `.npy` files, as NumPy writes them and as it never would.
@Suite struct NumPyVectorTests {
    private func bytes(_ header: String, _ data: [UInt8], version: UInt8 = 1, length: Int? = nil) -> [UInt8] {
        let length = length ?? header.utf8.count
        let field = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return [0x93] + Array("NUMPY".utf8) + [version, 0] + field + Array(header.utf8) + data
    }

    private func read(_ bytes: [UInt8]) throws -> [Double] {
        try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("vector.npy")
            try Data(bytes).write(to: file)
            return try NumPyVector.read(file)
        }
    }

    private func data(_ numbers: [Double]) -> [UInt8] {
        numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt64($0))) } }
    }

    @Test func everyVersionAndBothFloatsAreRead() throws {
        let wide = data([1.5, -0.1]), narrow: [UInt8] = [0, 0, 0xC0, 0x3F]
        for version in UInt8(1)...3 {
            let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }   \n"
            #expect(try read(bytes(header, wide, version: version)) == [1.5, -0.1])
        }
        #expect(try read(bytes("{\"shape\":(1,),'fortran_order':False,'descr':'<f4'}\n", narrow)) == [1.5])
    }

    @Test(arguments: [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", "says 3 numbers and holds 16 bytes"),
        ("{'descr': '>f8', 'fortran_order': False, 'shape': (2,), }", "<f8 and <f4 are read"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "<f8 and <f4 are read"),
        ("{'descr': '<f8', 'fortran_order': True, 'shape': (2,), }", "one row is read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }", "one row is read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "one row is read"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999999999,), }", "not the dictionary"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }", "not the dictionary"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999,), }", "says 999999999999999 numbers"),
        ("{'descr': '<f8', 'fortran_order': False}", "without descr, fortran_order or shape"),
        ("{'descr': '<f8', 'descr': '<f8'}", "unknown or repeated"), ("{'descr': '<f8", "not the dictionary"),
        ("{'shape': (2,", "not the dictionary"), ("", "not the dictionary"), ("__import__('os')", "not the dictionary"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", "not the dictionary"),
    ])
    func aHeaderThatLiesIsOneLine(_ header: String, _ expected: String) {
        let error = #expect(throws: WeightsError.self) { try read(bytes(header, data([1, 2]))) }
        #expect(
            error?.description.contains(expected) == true && error?.description.contains("\n") == false,
            "\(String(describing: error))")
    }

    @Test func whatIsNoSuchFileIsOneLine() throws {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }"
        for (wrong, expected) in [
            ([], "is no .npy file"), (Array("hello, this is text".utf8), "is no .npy file"),
            (bytes(header, data([1, 2]), version: 9), "version 9.0"),
            (bytes(header, [], version: 2, length: 1 << 31), "header of 2147483648 bytes"),
            (bytes(header, [], length: 60_000), "header of 60000 bytes"),
            (Array(bytes(header, []).prefix(10)), "more than it holds"), (bytes(header, data([1, .nan])), "nan at index 1"),
        ] as [([UInt8], String)] {
            let error = #expect(throws: WeightsError.self) { try read(wrong) }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        }
        let absent = #expect(throws: WeightsError.self) { try NumPyVector.read(URL(fileURLWithPath: "/no/such.npy")) }
        #expect(absent?.description.contains("/no/such.npy: no such file") == true)
        #expect(throws: WeightsError.self) { try NumPyVector.read(FileManager.default.temporaryDirectory) }
    }
}
