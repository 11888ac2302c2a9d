import Foundation
import Testing

/// One thing that a user can get wrong.
struct BadInput: Sendable, CustomTestStringConvertible {
    /// What the command finds before it is spoiled.
    enum Start: Sendable { case fresh, finishedRun }

    var name: String
    /// What the one line on stderr must say.
    var words: [String]
    var command: [String]
    var start: Start
    var spoil: @Sendable (Workshop) throws -> Void

    init(
        _ name: String, says words: String..., by command: [String], from start: Start = .fresh,
        _ spoil: @escaping @Sendable (Workshop) throws -> Void = { _ in }
    ) {
        self.name = name
        self.words = words
        self.command = command
        self.start = start
        self.spoil = spoil
    }

    var testDescription: String { name }
}

struct BadInputTests {
    static let table =
        BadInput.models + BadInput.outcomes + BadInput.recipes + BadInput.runs + BadInput.searches + BadInput.bundles
        + BadInput.texts
        + BadInput.pools + BadInput.tasks + BadInput.liveRecipes + BadInput.ledgers + BadInput.endpoints

    /// Catches traps, several lines, a file named wrongly or not at all, and anything left half-written.
    @Test("bad input is one line that says where, status 2, and nothing is written", arguments: table)
    func badInput(_ bad: BadInput) throws {
        let workshop = try bad.start == .fresh ? Workshop() : Workshop.finished()
        try bad.spoil(workshop)
        let before = try workshop.snapshot()
        let ending = try Command.baton(bad.command, in: workshop.url)
        #expect(ending.status == 2)
        #expect(ending.output.isEmpty)
        #expect(ending.lines.count == 1, "\(ending.messages)")
        #expect(ending.messages.hasPrefix("baton: "))
        for word in bad.words { #expect(ending.messages.contains(word)) }
        #expect(differences(try workshop.snapshot(), before) == [])
    }

    @Test func aFolderWithoutWritePermissionIsBadInput() throws {
        guard geteuid() != 0 else {
            print("aFolderWithoutWritePermissionIsBadInput: skipped, root may write everywhere")
            return
        }
        let workshop = try Workshop()
        try FileManager.default.createDirectory(at: workshop.file("locked"), withIntermediateDirectories: false)
        chmod(workshop.file("locked").path, 0o555)
        let ending = try workshop.baton("run", "recipe.yaml", "--run", "locked/run")
        #expect(ending.status == 2)
        #expect(ending.lines.count == 1)
        #expect(ending.messages.contains("Permission denied"))
        #expect(try workshop.snapshot("locked").isEmpty)
    }

    @Test func aLineOfStdinThatIsNoStringIsNamedByItsNumber() throws {
        let ending = try Workshop().baton("tokenize", "--model", "model", input: "\"a\"\n17\n")
        #expect(ending.status == 2)
        #expect(ending.lines.count == 1)
        #expect(ending.messages.contains("stdin:2"))
    }
}
