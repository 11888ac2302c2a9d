import Files
import Foundation
import Pipeline
import Testing

struct DurableTests {
    private struct Failure: Error {}

    private func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func aFileIsReplacedAsAWhole() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("a/b/file")
            try Durable.replace(file, by: Data("a longer text".utf8))
            try Durable.replace(file, by: Data("short".utf8))
            #expect(try Data(contentsOf: file) == Data("short".utf8))
            #expect(try names(in: file.deletingLastPathComponent()) == ["file"])
        }
    }

    @Test func aFailureLeavesTheOldFileAndNothingElse() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("file")
            try Durable.replace(file, by: Data("old".utf8))
            #expect(throws: Failure.self) {
                try Durable.replace(file) { beside in
                    try Data("half".utf8).write(to: beside)
                    throw Failure()
                }
            }
            #expect(try Data(contentsOf: file) == Data("old".utf8))
            #expect(throws: InputError("here", "is wrong")) {
                try Durable.replace(file) { _ in throw InputError("here", "is wrong") }
            }
            #expect(try names(in: folder) == ["file"])
        }
    }

    @Test func whatAKilledProcessLeftIsRemovedWithTheNextReplacement() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("file")
            for name in ["file.tmp-\(getppid())", "file.tmp-2000000000", "file.tmp", "other.tmp-1"] {
                try Data("left".utf8).write(to: folder.appendingPathComponent(name))
            }
            try Durable.replace(file, by: Data("new".utf8))
            // The first process lives; no process has the other number.
            #expect(try names(in: folder) == ["file", "file.tmp", "file.tmp-\(getppid())", "other.tmp-1"])
            #expect(try Data(contentsOf: file) == Data("new".utf8))
        }
    }

    @Test func appendedLinesAreWhole() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("lines")
            for line in ["one", "", "drei ä"] { try Durable.append(line, to: file) }
            #expect(try Data(contentsOf: file) == Data("one\n\ndrei ä\n".utf8))
        }
    }

    @Test func removingWhatIsNotThereIsNoError() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("file")
            try Durable.remove(file)
            try Durable.replace(file, by: Data())
            try Durable.remove(file)
            #expect(try names(in: folder).isEmpty)
        }
    }

    @Test func aFileThatStandsWhereAFolderShouldIsTheUsersToMend() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("file")
            try Durable.replace(file, by: Data("kept".utf8))
            #expect(throws: InputError.self) { try Durable.replace(file.appendingPathComponent("below"), by: Data()) }
            #expect(throws: InputError.self) { try Durable.makeFolder(file) }
            #expect(throws: InputError.self) { try Durable.append("line", to: folder) }
            #expect(try Data(contentsOf: file) == Data("kept".utf8))
        }
    }
}
