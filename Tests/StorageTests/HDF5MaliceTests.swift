import Foundation
import HDF5
import Testing

/// The line of the error that `body` throws.
private func line(_ body: () throws -> Void) throws -> String {
    let error = try #require(throws: HDF5Error.self) { try body() }
    #expect(!error.description.contains("\n"))
    return error.description
}

/// Files and names that are wrong: each is one line that says where and what.
@Suite struct HDF5MaliceTests {
    @Test func aMissingFileIsNamed() throws {
        let scratch = try Scratch()
        let path = scratch.path("none.h5")
        let message = try line { _ = try HDF5File(reading: path) }
        #expect(message.hasPrefix(path + ": H5Fopen: "))
        #expect(message.contains("No such file"))
    }

    @Test func garbageIsRefused() throws {
        let scratch = try Scratch()
        try Data("not at all\n".utf8).write(to: URL(filePath: scratch.path()))
        #expect(try line { _ = try HDF5File(reading: scratch.path()) }.contains("signature"))
        try Data().write(to: URL(filePath: scratch.path()))
        _ = try line { _ = try HDF5File(reading: scratch.path()) }
    }

    @Test func everyTruncationIsAnErrorOrTheWholeFile() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write((0..<300).map(Double.init), shape: [100, 3], to: "a/b")
        try file.close()
        let whole = try Data(contentsOf: URL(filePath: scratch.path()))
        for length in stride(from: 0, to: whole.count, by: 61) {
            try whole.prefix(length).write(to: URL(filePath: scratch.path("cut.h5")))
            _ = try line { _ = try HDF5File(reading: scratch.path("cut.h5")).read("a/b", as: Double.self) }
        }
    }

    @Test func aFlippedBitOfTheDataIsNoticed() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write([Double](repeating: 1.25, count: 64), to: "a")
        try file.write(["needle"], to: "s")
        try file.close()
        let whole = try Data(contentsOf: URL(filePath: scratch.path()))
        let pattern = withUnsafeBytes(of: 1.25) { Data($0) }
        for (needle, name) in [(pattern, "a"), (Data("needle".utf8), "s")] {
            var bytes = whole
            bytes[try #require(bytes.range(of: needle)).lowerBound + 1] ^= 4
            try bytes.write(to: URL(filePath: scratch.path("bad.h5")))
            let bad = try HDF5File(reading: scratch.path("bad.h5"))
            _ = try line {
                if name == "a" { _ = try bad.read("a", as: Double.self) } else { _ = try bad.readStrings("s") }
            }
        }
    }

    @Test(arguments: ["chunked", "gzip", "overflow", "contiguous"])
    func aShapeThatLiesAllocatesNothing(name: String) throws {
        let file = try HDF5File(reading: try fixture("lies.h5"))
        _ = try line { _ = try file.read(name, as: Double.self) }
        _ = try line { _ = try file.readRows(0..<1_000_000_000, of: name, as: Double.self) }
    }

    /// The C library would read beyond the chunk: its shape stands in the header, its size in the index.
    @Test func aChunkSmallerThanItsShapeIsRefused() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write((0..<8).map(Double.init), shape: [2, 4], to: "d")
        try file.close()
        var bytes = try Data(contentsOf: URL(filePath: scratch.path()))
        // The edges of a chunk and the size of an element: 2, 4 and 8, four bytes each.
        let edges = try #require(bytes.range(of: Data([2, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0])))
        bytes[edges.lowerBound + 6] = 1
        try bytes.write(to: URL(filePath: scratch.path()))
        let bad = try HDF5File(reading: scratch.path())
        #expect(try line { _ = try bad.read("d", as: Double.self) }.contains("damaged"))
    }

    /// Sizes that are wrong for each chunk and right for all together, and what a filter makes shorter.
    @Test(arguments: [
        ("checked", "damaged"), ("unchecked", "damaged"), ("compressed", "compressed"), ("inflates_short", "compressed"),
        ("view", "view"),
    ])
    func chunksThatTheLibraryWouldReadBeyondAreRefused(name: String, reason: String) throws {
        let file = try HDF5File(reading: try fixture("chunks.h5"))
        #expect(try file.read("sound", as: Float.self).values == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(try line { _ = try file.read(name, as: Float.self) }.contains(reason))
        #expect(try line { _ = try file.readRows(0..<1, of: name, as: Float.self) }.contains(reason))
        #expect(try line { _ = try file.readRows(3..<4, of: name, as: Float.self) }.contains(reason))
    }

    @Test func rowsAreReadFromTheChunksThatHoldThem() throws {
        let file = try HDF5File(reading: try fixture("chunks.h5"))
        for first in 0..<4 {
            for end in first...4 {
                let rows = try file.readRows(first..<end, of: "sound", as: Float.self)
                #expect(rows == (2 * first..<2 * end).map(Float.init))
            }
        }
    }

    @Test func aGroupThatHoldsItselfIsRefused() throws {
        let file = try HDF5File(reading: try fixture("lies.h5"))
        #expect(try line { _ = try file.entries() }.contains("deep"))
    }

    @Test func whatIsNotThereIsNamed() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write([1.0], to: "group/here")
        #expect(try line { _ = try file.read("group/there", as: Double.self) }.contains(": group/there: "))
        #expect(try line { _ = try file.attribute("seed", on: "group") }.contains("attribute seed of group"))
        _ = try line { _ = try file.read("group", as: Double.self) }
        _ = try line { try file.setAttribute("x", to: .bool(true), on: "nowhere") }
    }

    @Test func theWrongKindIsRefused() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write([1, 2, 3, 4] as [Double], shape: [2, 2], to: "d")
        try file.write(["x"], to: "s")
        #expect(try line { _ = try file.read("d", as: Float.self) }.contains("float64, need float32"))
        #expect(try line { _ = try file.read("d", as: Int64.self) }.contains("need int64"))
        #expect(try line { _ = try file.read("s", as: Double.self) }.contains("holds str"))
        #expect(try line { _ = try file.readStrings("d") }.contains("axes"))
        #expect(try line { _ = try file.read("d", as: Double.self, rank: 1) }.contains("[2, 2]"))
        _ = try line { try file.appendRows([1.0, 2, 3], to: "d") }
        _ = try line { try file.appendRows([1.0, 2], to: "d") }
        _ = try line { try file.appendRows(["y"], to: "s") }
        #expect(try file.read("d", as: Double.self).shape == [2, 2])
    }

    @Test func namesAndTextsWithZeroBytesAreRefused() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        _ = try line { try file.write([1.0], to: "a\0b") }
        _ = try line { try file.write(["a\0b"], to: "s") }
        _ = try line { try file.setAttribute("t", to: .string("a\0b")) }
        _ = try line { try file.write([1.0], to: "") }
        try file.write([1.0], to: "taken")
        _ = try line { try file.write([1.0], to: "taken") }
        #expect(try file.entries().map(\.name) == ["/taken"])
    }

    @Test func noFolderNoFile() throws {
        let scratch = try Scratch()
        #expect(try line { _ = try HDF5File(creating: scratch.path("no/a.h5")) }.contains("No such file"))
    }
}
