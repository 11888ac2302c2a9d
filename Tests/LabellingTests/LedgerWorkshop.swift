import Chat
import Files
import Foundation
import Ledger
import Testing

/// A folder of its own with a ledger in it; removed with the value. A class because it owns the folder.
final class LedgerWorkshop: Sendable {
    let folder: URL
    var file: URL { folder.appendingPathComponent("ledger.sqlite") }

    /// What the tests ask.
    static let requests = (0..<20).map { ChatRequest(messages: [Message(role: "user", text: "question \($0)")]) }
    static let workers = ["alpha", "beta"].map { name in
        WorkerSpec(
            name: name, provider: Provider(name: "acme", baseURL: "http://127.0.0.1:1/v1"), model: "\(name)-large",
            price: Price(input: .zero, output: .zero, date: "2026-11-01"))
    }
    private static let digests = requests.map(\.digest), fingerprints = workers.map(\.fingerprint)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The ledger of this folder, with everybody registered.
    func open(budget: Money? = nil) async throws -> RunLedger {
        let ledger = try RunLedger(opening: file, budget: budget)
        try await ledger.register(workers: Self.workers.map(LedgerWorker.init), requests: Self.requests)
        return ledger
    }

    static func key(_ index: Int, worker: Int = 0) -> CallKey {
        CallKey(
            worker: fingerprints[worker], request: digests[index % digests.count], repeatIndex: index / digests.count)
    }

    static func claim(_ index: Int, worker: Int = 0, reservation: Int64 = 0, retriesFailed: Bool = false) -> Claim {
        Claim(key(index, worker: worker), reservation: Money(nanos: reservation), retriesFailed: retriesFailed)
    }

    static func reply(cost: Int64 = 0, text: String = "{}", ending: Ending = .complete) -> CallOutcome {
        .replied(
            reply: Array(text.utf8), usage: Usage(promptTokens: 7, completionTokens: 5, cachedTokens: 3, isEstimated: true),
            cost: Money(nanos: cost), latency: .microseconds(1500), revision: "alpha-large fp1", ending: ending)
    }

    static func failure(isFinal: Bool = false, cost: Int64 = 0) -> CallOutcome {
        .failed(kind: "overloaded", message: "503", isFinal: isFinal, cost: Money(nanos: cost))
    }

    /// What another program's SQLite answers to `query` about `file`: one value a line.
    static func sqlite(_ file: URL, _ query: String) throws -> [String] {
        let script = """
            import sqlite3, sys
            for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*row)
            """
        let (status, output) = try run(["python3", "-c", script, file.path, query])
        #expect(status == 0, "\(output)")
        return output.split(separator: "\n").map(String.init)
    }

    /// Another program that keeps everybody from writing to a file until it lets go.
    struct Holder {
        private let process = Process(), input = Pipe()

        init(of file: URL) throws {
            let script = """
                import sqlite3, sys
                held = sqlite3.connect(sys.argv[1], isolation_level=None)
                held.execute("BEGIN IMMEDIATE")
                print("held", flush=True)
                sys.stdin.read()
                """
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-c", script, file.path]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            _ = output.fileHandleForReading.availableData
        }

        func letGo() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    /// Runs a program to its end; its exit status and everything that it said.
    static func run(_ command: [String]) throws -> (status: Int32, output: String) {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}

extension RunLedger {
    /// The lease of a claim that must be granted.
    func lease(_ claim: Claim, _ location: SourceLocation = #_sourceLocation) async throws -> Lease {
        let lease: Lease? = if case .leased(let lease)? = try await self.claim([claim]).first { lease } else { nil }
        return try #require(lease, sourceLocation: location)
    }

    func claim(_ claim: Claim) async throws -> ClaimResult { try #require(try await self.claim([claim]).first) }
}

extension ClaimResult {
    var record: CallRecord? { if case .done(let record) = self { record } else { nil } }
    var isLeased: Bool { if case .leased = self { true } else { false } }
    var isOverBudget: Bool { if case .overBudget = self { true } else { false } }
    var isUnderWay: Bool { if case .underWay = self { true } else { false } }
}
