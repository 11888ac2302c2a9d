import Foundation
import Testing

/// The offline pool's processes: there once it says so, gone with whoever started them.
struct LiveWorkersTests {
    private static let programs = ["maxima", "gp", "z3", "units", "wn", "setpriv", "prlimit"]
    static var isInstalled: Bool {
        programs.allSatisfy { name in
            ["/usr/bin", "/bin", "/usr/local/bin"].contains {
                FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
            }
        }
    }
    static let withoutPrograms: Comment = "a program of the offline pool is absent; \"make setup\" brings it"

    /// Names of the processes that live, by id: those below `root`, or those in `among`.
    private func processes(below root: pid_t) -> [pid_t: String] {
        var parents: [pid_t: pid_t] = [:], names: [pid_t: String] = [:]
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = pid_t(entry), let status = status(of: id) else { continue }
            (parents[id], names[id]) = (status.parent, status.name)
        }
        return names.filter { id, _ in
            var ancestor = parents[id] ?? 0
            while ancestor > 1, ancestor != root { ancestor = parents[ancestor] ?? 0 }
            return ancestor == root
        }
    }

    /// `nil` where it has ended, be it reaped or not.
    private func status(of id: pid_t) -> (name: String, parent: pid_t)? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
        else { return nil }
        let rest = text[text.index(after: close)...].split(separator: " ")
        guard rest.count > 1, rest[0] != "Z", let parent = pid_t(rest[1]) else { return nil }
        return (String(text[text.index(after: open)..<close]), parent)
    }

    /// Waits, ten seconds at most, until all of them are gone.
    private func expectGone(_ processes: [pid_t: String]) {
        let clock = ContinuousClock(), start = clock.now
        var left = processes
        while !left.isEmpty, clock.now - start < .seconds(10) {
            usleep(2000)
            left = left.filter { status(of: $0.key)?.name == $0.value }
        }
        #expect(left.isEmpty, "\(left)")
    }

    @Test(.enabled(if: isInstalled, withoutPrograms))
    func thePoolSaysWhereItIsAndEndsWithItsPrograms() throws {
        let folder = try TemporaryFolder()
        let process = try Command.start(["workers", "--port", "0"], in: folder.url)
        try #require(process.wait { process.output.split(separator: "\n").count == 2 && process.output.hasSuffix("\n") })
        let lines = process.output.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("listening on http://127.0.0.1:"))
        let pool = try String(contentsOfFile: lines[1], encoding: .utf8), address = lines[0].dropFirst("listening on ".count)
        #expect(pool.contains("\(address)/v1"))
        let models: [LiveServeTests.Answer] = try Fixture.run(
            "ask.py", [String(address.dropFirst("http://".count))], input: #"[{"method": "GET", "path": "/v1/models"}]"#)
        let names = (models[0].json["data"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        #expect(names.count > 5 && names.allSatisfy { pool.contains("\"\($0)\"") })
        let children = processes(below: process.identifier)
        process.send(SIGTERM)
        let ending = try process.end()
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(!FileManager.default.fileExists(atPath: lines[1]))
        expectGone(children)
    }

    @Test(.enabled(if: isInstalled, withoutPrograms))
    func programsAndServerGoWithALabellerThatIsKilled() throws {
        let workshop = try Workshop.live(), root = try #require(Command.above("Package.swift"))
        let tasks = root.appendingPathComponent("Datasets/offline/train.jsonl").path
        let command = ["label", "recipe.yaml", "--quiet", "--pool", "offline", "--tasks.train", tasks]
        let process = try Command.start(command, in: workshop.url)
        var children: [pid_t: String] = [:]
        // The server, and a program below it.
        try #require(
            process.wait {
                children = processes(below: process.identifier)
                let server = children.first { $0.value == "baton" }
                return server.map { !processes(below: $0.key).isEmpty } ?? false
            })
        process.send(SIGKILL)
        #expect(try process.end().status == 128 + SIGKILL)
        expectGone(children)
    }
}
