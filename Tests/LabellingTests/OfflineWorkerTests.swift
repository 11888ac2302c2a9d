import Chat
import Files
import Foundation
import OfflineWorkers
import Testing

/// The embedded pool as workers: replies, streams, prices, and programs that die.
@Suite struct OfflineWorkerTests {
    private let pool: OfflinePool
    init() throws { pool = try OfflinePool() }

    private let request = ChatRequest(messages: [Message(role: "user", text: "Find the smallest prime factor of 100160063.")])

    @Test func everyNameHasAWorkerAndAPrice() {
        let specs = OfflinePool.pool(baseURL: "http://127.0.0.1:1/v1").workers
        #expect(specs.map(\.name) == pool.names)
        #expect(pool.names.starts(with: ["cas", "nt", "smt"]))
        for spec in specs {
            #expect(pool.worker(named: spec.name) != nil)
            #expect(spec.model == spec.name && spec.provider.name == "offline" && spec.provider.baseURL.hasSuffix("/v1"))
            #expect(spec.price.output > .zero && spec.price.date == "2026-11-21")
        }
        #expect(pool.worker(named: "gpt") == nil)
    }

    @Test func aStreamIsTheReplyInPieces() async throws {
        let worker = try #require(pool.worker(named: "nt"))
        let reply = try await worker.reply(to: request, in: CallContext())
        var asked = request, text = "", last: JSONObject?, finish: String?
        asked.json["stream_options"] = ["include_usage": true]
        for try await chunk in try await worker.events(for: asked, in: CallContext()) {
            let choice = chunk["choices"]?.array?.first
            text += choice?["delta"]?["content"]?.string ?? ""
            finish = choice?["finish_reason"]?.string ?? finish
            last = chunk
        }
        #expect(text == reply.text && text.hasSuffix("\n\nAnswer: 10007"))
        #expect(finish == "stop")
        #expect(Usage(last?["usage"]) == reply.usage)
        #expect(reply.usage.isEstimated && reply.usage.promptTokens == 11)
    }

    @Test func aReplyIsCutAtItsLimit() async throws {
        var short = request
        short.json["max_tokens"] = 2
        let reply = try await #require(pool.worker(named: "nt")).reply(to: short, in: CallContext())
        #expect(reply.text == "The smal" && reply.isTruncated)
    }

    @Test func equalRequestsHaveEqualReplies() async throws {
        let worker = try #require(pool.worker(named: "nt"))
        let first = try await worker.reply(to: request, in: CallContext()),
            second = try await worker.reply(to: request, in: CallContext())
        #expect(first == second)
    }

    @Test func sixteenQuestionsAtOnceGetTheirOwnAnswers() async throws {
        let worker = try #require(pool.worker(named: "nt"))
        try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for prime in [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179] {
                let question = Message(role: "user", text: "Find the smallest prime factor of \(prime * 10007).")
                group.addTask {
                    (prime, try await worker.reply(to: ChatRequest(messages: [question]), in: CallContext()).text)
                }
            }
            for try await (prime, text) in group { #expect(text.hasSuffix("\nAnswer: \(prime)")) }
        }
    }

    @Test func aKilledProgramIsStartedAgain() async throws {
        let worker = try #require(pool.worker(named: "nt"))
        let before = Set(Self.children(named: "gp"))
        let first = try await worker.reply(to: request, in: CallContext())
        // Other suites have a GP of their own; all of them may die.
        let killed = Self.children(named: "gp").filter { !before.contains($0) }
        for child in killed { kill(child, SIGKILL) }
        let second = try await worker.reply(to: request, in: CallContext())
        #expect(first == second)
        // Ours was buried; one of another suite is, once it is asked again.
        let left = Set(Self.children(named: "gp", state: "Z"))
        #expect(killed.contains { !left.contains($0) })
    }

    @Test func aCallThatCameTooLateIsNotMade() async throws {
        let worker = try #require(pool.worker(named: "nt"))
        let late = CallContext(deadline: .now - .seconds(1))
        await #expect { try await worker.reply(to: request, in: late) } throws: { ($0 as? CallFailure)?.kind == .timedOut }
    }

    /// Our own child processes, by the name of their program and, if given, their state.
    private static func children(named name: String, state: String? = nil) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { child in
            guard let stat = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8) else { return false }
            let fields = stat.split(separator: " ")
            return fields.count > 4 && fields[1] == "(\(name))" && fields[3] == "\(getpid())"
                && (state ?? String(fields[2])) == fields[2]
        }
    }
}
