import Chat
import Foundation
import HTTPWorkers
import Testing

/// The misbehaving provider of `Fixtures/faulty_provider.py`, one process for all tests; it ends with ours.
final class FaultyProvider: Sendable {
    static let shared = Result { try FaultyProvider() }

    let port: Int
    private let input: Pipe

    private init() throws {
        let script = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/faulty_provider.py")
        let process = Process(), output = Pipe()
        input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the provider printed \(line)")
    }

    /// A worker of the provider, with connections of its own that are shut down behind `body`.
    static func withWorker<Result>(
        key: String? = nil, timeouts: Timeouts = Timeouts(), connectionsPerHost: Int = 256, largestReply: Int = 64 << 20,
        sampling: JSONObject = [:], _ body: (OpenAIWorker) async throws -> Result
    ) async throws -> Result {
        let provider = try shared.get()
        let connections = HTTPConnections(connectionsPerHost: connectionsPerHost)
        let result: Swift.Result<Result, any Error>
        do {
            var spec = spec(baseURL: "http://127.0.0.1:\(provider.port)/v1", sampling: sampling)
            spec.provider.timeouts = timeouts
            let worker = try OpenAIWorker(
                spec: spec, key: key.map(Secret.init), connections: connections, largestReply: largestReply)
            result = .success(try await body(worker))
        } catch {
            result = .failure(error)
        }
        await connections.shutdown()
        return try result.get()
    }

    static func spec(baseURL: String, sampling: JSONObject = [:], keyVariable: String? = nil) -> WorkerSpec {
        WorkerSpec(
            name: "alpha", provider: Provider(name: "acme", baseURL: baseURL, keyVariable: keyVariable), model: "faulty-large",
            price: Price(input: .zero, output: .zero, date: "2026-11-01"), sampling: sampling)
    }

    /// What makes the provider do `script`, one deed a request, the last one from there on.
    static func request(_ id: String, _ script: String...) -> ChatRequest {
        let told: JSON = ["id": .string(id), "script": .array(script.map { .string($0) })]
        return ChatRequest(messages: [Message(role: "user", text: told.text)])
    }

    /// A name that no other test uses.
    static func id(_ name: String = #function) -> String { "\(name)-\(UUID().uuidString.prefix(8))" }
}

extension OpenAIWorker {
    /// The failure of one call that makes the provider do `script`.
    func failure(_ script: String, context: CallContext = CallContext()) async throws -> CallFailure {
        try #require(
            await #expect(throws: CallFailure.self) {
                try await reply(to: FaultyProvider.request(FaultyProvider.id(script), script), in: context)
            })
    }

    func text(_ id: String, _ script: String...) async throws -> String {
        var request = FaultyProvider.request(id)
        request = ChatRequest(messages: [
            Message(role: "user", text: (["id": .string(id), "script": .array(script.map { .string($0) })] as JSON).text)
        ])
        return try await reply(to: request, in: CallContext()).text
    }

    /// How many requests with `id` the provider has got.
    func seen(_ id: String) async throws -> Int? { Int(try await text("control", "seen:\(id)")) }

    /// Waits until the provider has seen a request with `id`, or its connection closed.
    func wait(untilSeen id: String) async throws { _ = try await text("control", "until:seen=\(id)") }
    func wait(untilClosed id: String) async throws { _ = try await text("control", "until:closed=\(id)") }

    /// All chunks of a stream.
    func chunks(_ script: String, context: CallContext = CallContext()) async throws -> [JSONObject] {
        var chunks: [JSONObject] = []
        for try await chunk in try await events(for: FaultyProvider.request(FaultyProvider.id(script), script), in: context) {
            chunks.append(chunk)
        }
        return chunks
    }
}
