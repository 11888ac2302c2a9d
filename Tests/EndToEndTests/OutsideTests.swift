import Foundation
import Testing

/// What Baton writes, read by libraries that know nothing of it.
struct OutsideTests {
    private static let python = Command.above("Package.swift")?.appendingPathComponent(".venv/bin/python")
    private static var hasPython: Bool { python.map { FileManager.default.isExecutableFile(atPath: $0.path) } ?? false }
    private static let withoutPython: Comment = ".venv is absent; \"make setup\" brings it"

    private func oracle(_ script: String, _ arguments: [String], in workshop: Workshop) throws -> Command.Ending {
        let python = try #require(Self.python), root = try #require(Command.above("Package.swift"))
        return try Process(
            [python.path, root.appendingPathComponent("Tests/Oracles/\(script)").path] + arguments, in: workshop.url
        ).end()
    }

    @Test(.enabled(if: hasPython, withoutPython))
    func h5pyReadsEveryHDF5File() throws {
        let workshop = try Workshop.finished()
        try workshop.baton("embed", "--model", "model", "--input", "texts.jsonl", "--output", "\(Workshop.run)/texts.h5")
        let files = try workshop.snapshot(Workshop.run).keys.filter { $0.hasSuffix(".h5") }.map { "\(Workshop.run)/\($0)" }
        #expect(files.count >= 6)
        let ending = try oracle("check_hdf5.py", files, in: workshop)
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(ending.output.contains("/policy/head  (3, 192)  float32"))
        #expect(ending.output.contains("/states  (60, 192)  float32") && ending.output.contains("/states  (5, 64)  float32"))
    }

    @Test(.enabled(if: hasPython, withoutPython))
    func aReaderOfFortyLinesRecomputesEveryProbe() throws {
        let workshop = try Workshop.finished()
        try workshop.baton("export", Workshop.run, "-o", "router")
        for bundle in ["\(Workshop.run)/router", "router"] {
            let ending = try oracle("check_bundle.py", [Workshop.run, bundle], in: workshop)
            #expect(ending.status == 0, "\(ending.messages)")
            #expect(ending.output.contains("4 probes"))
        }
        // The check itself can fail: with other weights no score holds.
        try workshop.setFirstWeight("router/router.safetensors", 9)
        #expect(try oracle("check_bundle.py", [Workshop.run, "router"], in: workshop).status != 0)
    }
}
