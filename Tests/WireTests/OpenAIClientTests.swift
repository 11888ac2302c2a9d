import Chat
import Foundation
import Serving
import Testing

/// The `openai` package for Python, which knows nothing of us, against the server.
struct OpenAIClientTests {
    private static let root = sequence(first: URL(fileURLWithPath: #filePath)) { $0.deletingLastPathComponent() }
        .prefix { $0.path != "/" }.first {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent("Package.swift").path)
        }
    private static let python = root?.appendingPathComponent(".venv/bin/python")
    private static var hasPython: Bool { python.map { FileManager.default.isExecutableFile(atPath: $0.path) } ?? false }

    @Test(.enabled(if: hasPython, ".venv is absent; \"make setup\" brings it"))
    func theOpenAIClientIsServed() async throws {
        let python = try #require(Self.python)
        let script = try #require(
            Bundle.module.url(forResource: "openai_client", withExtension: "py", subdirectory: "Fixtures"))
        try await serving(Self.worker) { port in
            let process = Process(), output = Pipe()
            process.executableURL = python
            process.arguments = [script.path, "http://127.0.0.1:\(port)/v1"]
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let text = await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    let data = try? output.fileHandleForReading.readToEnd()
                    process.waitUntilExit()
                    continuation.resume(returning: String(decoding: data ?? Data(), as: UTF8.self))
                }
            }
            #expect(process.terminationStatus == 0 && text == "ok\n", "\(text)")
        }
    }

    /// Echoes, calls the tool where there is one, and breaks where it is told to.
    private static var worker: PlayedWorker {
        let call: JSON = [
            "id": "call_1", "type": "function", "function": ["name": "add", "arguments": #"{"a": 17, "b": 25}"#],
        ]
        return PlayedWorker(
            whole: { request in
                if request.lastUserText == "fail" { throw CallFailure(.rejected, "maximum context length is 9", status: 400) }
                guard request.json["tools"] != nil else {
                    return Reply(text: request.lastUserText, model: "m", usage: Usage(promptTokens: 5, completionTokens: 2))
                }
                return try Reply(json: [
                    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
                    "choices": [
                        [
                            "index": 0, "finish_reason": "tool_calls",
                            "message": ["role": "assistant", "content": .null, "tool_calls": [call]],
                        ]
                    ],
                    "usage": Usage(promptTokens: 5, completionTokens: 2).json,
                ])
            },
            streamed: { request in
                AsyncThrowingStream { source in
                    if request.json["tools"] != nil {
                        for piece in [#"{"a": 17, "#, #""b": 25}"#] {
                            var delta = call.object ?? [:]
                            delta["index"] = 0
                            delta["function"] = ["name": piece.first == "{" ? "add" : .null, "arguments": .string(piece)]
                            source.yield([
                                "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                "choices": [["index": 0, "delta": ["tool_calls": [.object(delta)]], "finish_reason": .null]],
                            ])
                        }
                    } else {
                        for word in request.lastUserText.split(separator: " ") { source.yield(PlayedWorker.chunk("\(word) ")) }
                    }
                    if request.lastUserText == "break here" { return source.finish(throwing: CallFailure(.interrupted, "cut")) }
                    source.yield([
                        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [],
                        "usage": Usage(promptTokens: 5, completionTokens: 2).json,
                    ])
                    source.finish()
                }
            })
    }
}
