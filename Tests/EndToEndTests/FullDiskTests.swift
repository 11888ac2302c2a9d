import Foundation
import Testing

/// A disk that fills up costs time, never results.
struct FullDiskTests {
    private static let command = ["run", "recipe.yaml", "--threads", "1", "--quiet"]

    /// The end of a process that could not go on: status 1, one line, whole files only.
    private func expectGivenUp(
        _ ending: Command.Ending, leaving files: [String: Data], of expected: [String: Data], at place: String
    ) {
        #expect(ending.status == 1, "\(place): \(ending.messages)")
        #expect(ending.lines.count == 1, "\(place): \(ending.messages)")
        #expect(
            ending.messages.hasPrefix("baton: ") && ending.messages.contains("same command again"),
            "\(place): \(ending.messages)")
        for (name, data) in files where name != "metrics.jsonl" {
            // Of the checkpoints some go when newer ones are there; until then they are whole.
            if name.contains("gen-"), expected[name] == nil {
                #expect(Self.isWholeHDF5(data), "\(place): \(name)")
            } else {
                #expect(data == expected[name], "\(place): \(name)")
            }
        }
        // Metrics grow by lines.
        if let lines = files["metrics.jsonl"] { #expect(expected["metrics.jsonl"]?.starts(with: lines) == true, "\(place)") }
    }

    /// Whether a file is as long as its superblock says (version 0, addresses of eight bytes: the end stands at byte 40).
    private static func isWholeHDF5(_ data: Data) -> Bool {
        let bytes = Array(data)
        guard bytes.count > 48, bytes.prefix(9) == [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0] else { return false }
        return bytes[40..<48].reversed().reduce(0) { $0 << 8 | Int($1) } == bytes.count
    }

    @Test func aFileThatMayNotGrowIsAFailureFromWhichTheSameCommandGoesOn() throws {
        let expected = try Workshop.finished().lasting()
        var limit = 1, failures = 0
        while true {
            let workshop = try Workshop()
            let program = try #require(Command.program)
            let shell = ["bash", "-c", "ulimit -f \(limit); exec \"$0\" \"$@\"", program.path]
            let ending = try Process(shell + Self.command, in: workshop.url).end()
            if ending.status == 0 { break }
            failures += 1
            expectGivenUp(ending, leaving: try workshop.lasting(), of: expected, at: "\(limit) KiB")
            #expect(try Command.baton(Self.command, in: workshop.url).status == 0)
            #expect(differences(try workshop.lasting(), expected) == [], "\(limit) KiB")
            limit += max(1, limit / 3)
        }
        #expect(failures > 5)
    }

    @Test(arguments: [
        ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "out/states.h5", "--quiet"],
        ["export", Workshop.run, "-o", "out", "--quiet"],
        ["study", "outcomes", "--model", "model", "--cache", "out", "--generations", "2", "--quiet"],
        [
            "study", "outcomes", "--model", "model", "--cache", "cache", "--report", "out/study.html", "--generations", "2",
            "--quiet",
        ],
    ])
    func aFileThatDoesNotFitIsNotLeftBehind(command: [String]) throws {
        let workshop = try Workshop.finished(), program = try #require(Command.program)
        let shell = ["bash", "-c", "ulimit -f 1; exec \"$0\" \"$@\"", program.path]
        // What may come before the file that is too long is made without a limit.
        if command.contains("cache") {
            try Command.baton(command.filter { !$0.hasPrefix("--report") && !$0.hasSuffix(".html") }, in: workshop.url)
        }
        let ending = try Process(shell + command, in: workshop.url).end()
        #expect(ending.status == 1, "\(ending.messages)")
        #expect(ending.lines.count == 1, "\(ending.messages)")
        #expect(ending.output.isEmpty)
        let left = try workshop.snapshot("out")
        #expect(try Command.baton(command, in: workshop.url).status == 0)
        let whole = try workshop.snapshot("out")
        #expect(left.count < whole.count)
        #expect(left.allSatisfy { whole[$0.key] == $0.value }, "\(left.keys)")
    }

    @Test(arguments: [16, 48, 128, 200])
    func aFullDiskIsAFailureFromWhichTheSameCommandGoesOn(kibibytes: Int) throws {
        let expected = try Workshop.finished().lasting(), workshop = try Workshop()
        try FileManager.default.createDirectory(at: workshop.file("runs"), withIntermediateDirectories: false)
        let disk = workshop.file("runs").path
        let mounted = try Process(["mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", disk], in: workshop.url).end()
        guard mounted.status == 0 else {
            print("aFullDiskIsAFailureFromWhichTheSameCommandGoesOn: skipped, nothing can be mounted here: \(mounted.messages)")
            return
        }
        defer { _ = try? Process(["umount", disk], in: workshop.url).end() }
        let ending = try Command.baton(Self.command, in: workshop.url)
        expectGivenUp(ending, leaving: try workshop.lasting(), of: expected, at: "\(kibibytes) KiB")
        let grown = try Process(["mount", "-o", "remount,size=64m", disk], in: workshop.url).end()
        try #require(grown.status == 0, "\(grown.messages)")
        #expect(try Command.baton(Self.command, in: workshop.url).status == 0)
        #expect(differences(try workshop.lasting(), expected) == [])
    }
}
