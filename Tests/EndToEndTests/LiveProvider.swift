import Foundation
import Testing

/// `Fixtures/mock_provider.py` as a process of its own: an OpenAI-compatible provider that knows what it was asked. A class
/// because it ends the process with its own life.
final class LiveProvider: Sendable {
    /// One request that arrived.
    struct Asked: Decodable, Hashable {
        var model: String, request: String
        var seed: Int?
        var fault: String?
    }

    let port: Int
    private let process: Process
    private let folder: TemporaryFolder

    /// Starts one, with flags of the script, and waits until it listens.
    init(_ flags: String...) throws {
        let folder = try TemporaryFolder()
        process = try Process(
            Fixture.python("mock_provider.py", ["--log", folder.path("log"), "--ready", folder.path("port")] + flags),
            in: folder.url)
        let ready = folder.path("port")
        guard process.wait(until: { FileManager.default.fileExists(atPath: ready) }) else {
            throw Fixture.Failed(script: "mock_provider.py", messages: try process.end().messages)
        }
        port = try #require(Int(String(contentsOfFile: ready, encoding: .utf8)))
        self.folder = folder
    }

    deinit { stop() }

    /// Ends it; whoever asks from now on finds nobody.
    func stop() {
        process.send(SIGKILL)
        _ = try? process.end()
    }

    /// All requests so far, in the order in which they came.
    var asked: [Asked] {
        let log = (try? String(contentsOfFile: folder.path("log"), encoding: .utf8)) ?? ""
        // The last line may still be on its way.
        return log.split(separator: "\n").compactMap { try? JSONDecoder().decode(Asked.self, from: Data($0.utf8)) }
    }

    /// How many requests there were so far.
    var count: Int {
        ((try? Data(contentsOf: folder.url.appendingPathComponent("log"))) ?? Data()).count { $0 == UInt8(ascii: "\n") }
    }

    /// How often a worker was asked what it had been asked already, the first `start` requests aside.
    func repeated(since start: Int = 0) -> Int {
        let asked = asked.dropFirst(start).map { [$0.model, $0.request, "\($0.seed ?? -1)"] }
        return asked.count - Set(asked).count
    }

    var repeated: Int { repeated() }
}

/// Scripts beside these tests, which share no code with Baton.
enum Fixture {
    struct Failed: Error {
        var script: String, messages: String
    }

    static func python(_ script: String, _ arguments: [String]) throws -> [String] {
        let root = try #require(Command.above("Package.swift"))
        return ["python3", root.appendingPathComponent("Tests/EndToEndTests/Fixtures/\(script)").path] + arguments
    }

    /// Runs `script` to its end, and reads what it prints as JSON.
    static func run<Value: Decodable>(_ script: String, _ arguments: [String], input: String = "") throws -> Value {
        let ending = try Process(python(script, arguments), in: FileManager.default.temporaryDirectory, input: input).end()
        guard ending.status == 0 else { throw Failed(script: script, messages: ending.messages) }
        return try JSONDecoder().decode(Value.self, from: Data(ending.output.utf8))
    }
}
