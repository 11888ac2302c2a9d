import Foundation
import HDF5
import Testing

/// A path for one test's file; the folder goes when the value does.
struct Scratch: ~Copyable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "storage-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String = "a.h5") -> String { folder.appending(path: name).path }

    deinit { try? FileManager.default.removeItem(at: folder) }
}

/// A file of the fixtures folder.
func fixture(_ name: String) throws -> String {
    try #require(Bundle.module.resourceURL).appending(path: "Fixtures").appending(path: name).path
}

/// Something of everything, always the same.
private func writeSample(to path: String) throws {
    let file = try HDF5File(creating: path)
    try file.write([1.5, -0.0, .infinity, 4, 5, 6] as [Double], shape: [2, 3], to: "search/mean")
    try file.write([Float](repeating: 0.25, count: 100_000), shape: [1000, 100], to: "states")
    try file.write([Int64.min, 0, .max], to: "search/deep/counts")
    try file.write(["a", "naïve", "", "答案"], to: "ids")
    try file.createRows(of: Float.self, columns: 3, at: "grown")
    for block in 0..<50 { try file.appendRows([Float](repeating: Float(block), count: 60), to: "grown") }
    try file.createStringRows(at: "names")
    try file.appendRows(["x", "yy"], to: "names")
    try file.setAttribute("format", to: .int64(1))
    try file.setAttribute("seed", to: .uint64(.max), on: "search")
    try file.setAttribute("step", to: .double(0.1), on: "search/mean")
    try file.setAttribute("model", to: .string("é"), on: "states")
    try file.setAttribute("done", to: .bool(true))
    try file.close()
}

@Suite struct HDF5Tests {
    @Test func whatIsWrittenIsRead() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path())
        let file = try HDF5File(reading: scratch.path())
        let mean = try file.read("search/mean", as: Double.self, rank: 2)
        #expect(mean.values == [1.5, 0, .infinity, 4, 5, 6] && mean.values[1].sign == .minus)
        #expect(mean.shape == [2, 3])
        #expect(try file.read("states", as: Float.self).values == [Float](repeating: 0.25, count: 100_000))
        #expect(try file.read("search/deep/counts", as: Int64.self).values == [.min, 0, .max])
        #expect(try file.readStrings("ids") == ["a", "naïve", "", "答案"])
        #expect(try file.readStrings("names") == ["x", "yy"])
        let grown = try file.read("grown", as: Float.self)
        #expect(grown.shape == [1000, 3])
        #expect(grown.values == (0..<50).flatMap { [Float](repeating: Float($0), count: 60) })
    }

    @Test func rowsAreReadInBlocks() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path())
        let file = try HDF5File(reading: scratch.path())
        #expect(try file.readRows(19..<21, of: "grown", as: Float.self) == [0, 0, 0, 1, 1, 1])
        #expect(try file.readRows(5..<5, of: "grown", as: Float.self).isEmpty)
        #expect(try file.readStringRows(1..<2, of: "names") == ["yy"])
        #expect(throws: HDF5Error.self) { try file.readRows(999..<1001, of: "grown", as: Float.self) }
    }

    @Test func emptyDatasetsKeepTheirShape() throws {
        let scratch = try Scratch()
        let file = try HDF5File(creating: scratch.path())
        try file.write([] as [Float], shape: [0, 384], to: "states")
        try file.write([] as [String], to: "ids")
        try file.createRows(of: Double.self, columns: 2, at: "grown")
        try file.write([2.5], shape: [], to: "one")
        try file.close()
        let read = try HDF5File(reading: scratch.path())
        #expect(try read.read("states", as: Float.self).shape == [0, 384])
        #expect(try read.readStrings("ids").isEmpty)
        #expect(try read.read("grown", as: Double.self).shape == [0, 2])
        let one = try read.read("one", as: Double.self)
        #expect(one.values == [2.5] && one.shape.isEmpty)
    }

    @Test func attributesKeepTheirTypes() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path())
        let file = try HDF5File(reading: scratch.path())
        #expect(try file.attribute("format") == .int64(1))
        #expect(try file.int64Attribute("format") == 1)
        #expect(try file.uint64Attribute("seed", on: "search") == .max)
        #expect(try file.doubleAttribute("step", on: "search/mean") == 0.1)
        #expect(try file.stringAttribute("model", on: "states") == "é")
        #expect(try file.boolAttribute("done"))
        #expect(try file.hasAttribute("done") && !file.hasAttribute("undone"))
        #expect(throws: HDF5Error.self) { try file.int64Attribute("seed", on: "search") }
        #expect(throws: HDF5Error.self) { try file.stringAttribute("format") }
        #expect(throws: HDF5Error.self) { try file.doubleAttribute("format") }
        #expect(try file.attributes().map(\.name) == ["done", "format"])
    }

    @Test func entriesNameEverything() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path())
        let entries = try HDF5File(reading: scratch.path()).entries()
        #expect(
            entries.map(\.name) == [
                "/grown", "/ids", "/names", "/search", "/search/deep", "/search/deep/counts", "/search/mean", "/states",
            ])
        #expect(entries[3].kind == .group)
        #expect(entries[6].kind == .dataset(type: .float(bits: 64), shape: [2, 3]))
        #expect(entries[1].kind == .dataset(type: .string, shape: [4]))
    }

    @Test func containsFollowsThePath() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path())
        let file = try HDF5File(reading: scratch.path())
        #expect(try file.contains("search/mean"))
        #expect(try file.contains("search"))
        #expect(try !file.contains("nowhere/mean"))
    }

    /// An object's time of change counts seconds, so the two files are written in different seconds.
    @Test func theSameWritesAreTheSameBytes() throws {
        let scratch = try Scratch()
        try writeSample(to: scratch.path("a.h5"))
        let second = time(nil)
        while time(nil) == second { usleep(10_000) }
        try writeSample(to: scratch.path("b.h5"))
        let first = try Data(contentsOf: URL(filePath: scratch.path("a.h5")))
        #expect(try first == Data(contentsOf: URL(filePath: scratch.path("b.h5"))))
    }

    @Test func manyThreadsWriteTheirOwnFiles() async throws {
        let scratch = try Scratch()
        let paths = (0..<8).map { scratch.path("\($0).h5") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for path in paths { group.addTask { try writeSample(to: path) } }
            try await group.waitForAll()
        }
        let contents = try paths.map { try Data(contentsOf: URL(filePath: $0)) }
        #expect(Set(contents).count == 1)
    }

    @Test func oneLongTextDoesNotPadTheOthers() throws {
        let scratch = try Scratch()
        let texts = [String(repeating: "x", count: 100_000)] + (0..<1000).map { "t\($0)" }
        let file = try HDF5File(creating: scratch.path())
        try file.write(texts, to: "ids")
        try file.close()
        #expect(try HDF5File(reading: scratch.path()).readStrings("ids") == texts)
        #expect(try Data(contentsOf: URL(filePath: scratch.path())).count < 1_000_000)
    }

    @Test func filesOfH5pyAreRead() throws {
        let file = try HDF5File(reading: try fixture("h5py.h5"))
        let states = try file.read("states", as: Float.self)
        #expect(states.values == [0, 1, 2, 3, 4, 5] && states.shape == [2, 3])
        #expect(try file.read("half", as: Float.self).values == [0.5, -2])
        #expect(try file.read("states", as: Double.self).values == [0, 1, 2, 3, 4, 5])
        #expect(try file.read("big_endian", as: Int64.self).values == [1, -2])
        #expect(try file.read("scalar", as: Double.self).values == [2.5])
        #expect(try file.readStrings("ids") == ["naïve", "", "答案"])
        #expect(try file.readStrings("padded") == ["naïve", "b"])
        #expect(try file.int64Attribute("count") == 7)
        #expect(try file.stringAttribute("text") == "Ärger")
        #expect(try file.boolAttribute("kept"))
    }

    @Test func theLibrarySaysItsVersion() {
        #expect(HDF5Library.version.split(separator: ".").compactMap { Int($0) }.count == 3)
    }
}
