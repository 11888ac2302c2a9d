import Foundation
import Testing

/// What the README shows of the library, built and run as somebody would who has only read it.
struct LibraryProductTests {
    private static let heading = "\n## The engine alone\n"

    /// The fenced Swift blocks of the README's section, in order.
    private func blocks(_ root: URL) throws -> [String] {
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let section = try #require(
            readme.components(separatedBy: Self.heading).dropFirst().first, "the README has no such section")
        let body = section.components(separatedBy: "\n## ")[0]
        return body.components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    }

    @Test func thePackageThatTheReadmeShowsBuildsAndFindsTheMinimum() throws {
        let root = try #require(Command.above("Package.swift"))
        let blocks = try blocks(root)
        try #require(blocks.count == 2, "a manifest and a program")
        #expect(blocks.joined().split(separator: "\n").count <= 25, "it is about 20 lines")
        try #require(blocks[0].contains("\"../baton\""))

        let folder = try TemporaryFolder()
        let sources = folder.url.appendingPathComponent("package/Sources/sphere")
        try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
        let manifest = blocks[0].replacingOccurrences(of: "../baton", with: root.path)
        try manifest.write(to: folder.url.appendingPathComponent("package/Package.swift"), atomically: true, encoding: .utf8)
        try blocks[1].write(to: sources.appendingPathComponent("main.swift"), atomically: true, encoding: .utf8)

        try copyResolution(of: root, to: folder)
        let ending = try Process(
            ["swift", "run", "-c", "release", "--quiet", "--package-path", "package", "--scratch-path", "scratch"],
            in: folder.url
        ).end()
        #expect(ending.status == 0, "\(ending.messages.suffix(2000))")
        let value = try #require(Double(ending.output.trimmingCharacters(in: .whitespacesAndNewlines)), "\(ending.output)")
        #expect(value >= 0 && value < 1e-12)
    }

    /// The versions that the outer build resolved, with their sources: without them SwiftPM would look for each again, in its
    /// caches and then in the network. Where the outer build keeps them elsewhere it does just that.
    private func copyResolution(of root: URL, to folder: TemporaryFolder) throws {
        let build = root.appendingPathComponent(".build"), scratch = folder.url.appendingPathComponent("scratch")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        let parts = ["checkouts", "repositories", "workspace-state.json"]
        guard parts.allSatisfy({ FileManager.default.fileExists(atPath: build.appendingPathComponent($0).path) }) else {
            return
        }
        let copy = try Process(
            ["cp", "-r"] + parts.map { build.appendingPathComponent($0).path } + [scratch.path], in: folder.url)
        #expect(try copy.end().status == 0)
    }
}
