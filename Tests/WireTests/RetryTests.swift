import Chat
import Synchronization
import Testing

/// Answers and failures one after the other; what is asked beyond them fails.
private final class ScriptedCalls: Worker {
    private let script: Mutex<[Result<Reply, any Error>]>
    init(_ script: [Result<Reply, any Error>]) { self.script = Mutex(script) }

    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply {
        try script.withLock { $0.isEmpty ? .failure(CallFailure(.rejected, "the script is over")) : $0.removeFirst() }.get()
    }

    func events(for request: ChatRequest, in context: CallContext) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        throw CallFailure(.rejected, "no stream")
    }
}

/// What happened, in order. A class because several tasks write it.
private final class Record<Value: Sendable>: Sendable {
    private let kept = Mutex<[Value]>([])
    var values: [Value] { kept.withLock { $0 } }
    func record(_ value: Value) { kept.withLock { $0.append(value) } }
}

/// A clock that jumps as far as one sleeps.
private final class JumpingClock: Sendable {
    private let state = Mutex((now: ContinuousClock.now, slept: [Duration]()))
    var slept: [Duration] { state.withLock { $0.slept } }
    var time: Timekeeper {
        Timekeeper(
            now: { self.state.withLock { $0.now } },
            sleep: { duration in
                self.state.withLock {
                    $0.now += duration
                    $0.slept.append(duration)
                }
            })
    }
}

@Suite struct RetryTests {
    private let request = ChatRequest(messages: [Message(role: "user", text: "?")])
    private let answer = Reply(text: "!", model: "m", usage: Usage(promptTokens: 1, completionTokens: 1))
    private func failing(_ kind: CallFailure.Kind, after: Duration? = nil) -> Result<Reply, any Error> {
        .failure(CallFailure(kind, "no", retryAfter: after))
    }

    @Test func everyTransientKindIsTriedAgainAndNoOther() async throws {
        for kind in CallFailure.Kind.allCases {
            let told = Record<RetryingWorker.Attempt>()
            let worker = RetryingWorker(ScriptedCalls([failing(kind), .success(answer)]), time: JumpingClock().time) {
                told.record($0)
            }
            if kind == .rejected || kind == .unauthorized {
                await #expect(throws: CallFailure.self) { try await worker.reply(to: request, in: CallContext()) }
                #expect(told.values.map(\.number) == [1])
            } else {
                let reply = try await worker.reply(to: request, in: CallContext())
                #expect(reply == answer)
                #expect(told.values.map(\.number) == [1, 2])
                #expect(told.values.map(\.failure?.kind) == [kind, nil])
            }
        }
    }

    @Test func attemptsAndTimeAreBounded() async throws {
        let clock = JumpingClock()
        let bounded = RetryingWorker(
            ScriptedCalls(Array(repeating: failing(.overloaded), count: 9)), policy: RetryPolicy(attempts: 4), time: clock.time)
        await #expect(throws: CallFailure.self) { try await bounded.reply(to: request, in: CallContext()) }
        #expect(clock.slept.count == 3)

        let late = JumpingClock()
        let hurried = RetryingWorker(
            ScriptedCalls(Array(repeating: failing(.rateLimited, after: .seconds(50)), count: 9)),
            policy: RetryPolicy(attempts: 9, total: .seconds(180)), time: late.time)
        await #expect(throws: CallFailure.self) { try await hurried.reply(to: request, in: CallContext()) }
        #expect(late.slept.count == 3)

        let pressed = JumpingClock()
        let due = RetryingWorker(
            ScriptedCalls(Array(repeating: failing(.rateLimited, after: .seconds(50)), count: 9)), time: pressed.time)
        let deadline = pressed.time.now() + .seconds(60)
        await #expect(throws: CallFailure.self) { try await due.reply(to: request, in: CallContext(deadline: deadline)) }
        #expect(pressed.slept.count == 1)
    }

    @Test func cancellationPassesAtOnce() async {
        let cancelled = RetryingWorker(
            ScriptedCalls([.failure(CancellationError()), .success(answer)]), time: JumpingClock().time)
        await #expect(throws: CancellationError.self) { try await cancelled.reply(to: request, in: CallContext()) }
        // A wait of days ends with its task.
        let waiting = RetryingWorker(
            ScriptedCalls([failing(.rateLimited, after: .seconds(100_000))]),
            policy: RetryPolicy(longestRetryAfter: .seconds(100_000), total: .seconds(1_000_000)))
        let task = Task { [request] in try await waiting.reply(to: request, in: CallContext()) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aDelayIsAFunctionOfSeedAndAttemptWithinItsBounds() {
        let policy = RetryPolicy(attempts: 50, base: .seconds(1), longest: .seconds(30), longestRetryAfter: .seconds(100))
        let plain = CallFailure(.overloaded, "")
        for attempt in 1..<50 {
            let bound = min(Duration.seconds(30), .seconds(1) * (1 << min(attempt - 1, 10)))
            let delays = (0..<200).map { policy.delay(attempt: attempt, failure: plain, seed: $0) ?? .seconds(-1) }
            #expect(delays.allSatisfy { $0 >= .zero && $0 <= bound })
            #expect(delays == (0..<200).map { policy.delay(attempt: attempt, failure: plain, seed: $0) ?? .seconds(-1) })
            // Full jitter: spread over the whole of it.
            #expect(delays.contains { $0 < bound * 0.1 } && delays.contains { $0 > bound * 0.9 })
        }
        #expect(policy.delay(attempt: 50, failure: plain, seed: 1) == nil)
        for (asked, least, most) in [(40, 40, 41), (1000, 100, 101), (-3, 0, 1)] {
            let failure = CallFailure(.rateLimited, "", retryAfter: .seconds(asked))
            let delay = policy.delay(attempt: 1, failure: failure, seed: 7) ?? .seconds(-1)
            #expect(delay >= .seconds(least) && delay <= .seconds(most))
        }
    }
}

@Suite struct LimiterTests {
    @Test func theWidthDoublesUntilTheFirstRefusalAndThenGrowsByOneAWindow() {
        var limit = ConcurrencyLimit(start: 8, maximum: 40)
        for _ in 0..<8 { limit.succeed(epoch: 0, wasFull: true) }
        #expect(limit.current == 16)
        for _ in 0..<100 { limit.succeed(epoch: 0, wasFull: true) }
        #expect(limit.current == 40)
        #expect(limit.refuse(epoch: 0) && limit.current == 32)
        for _ in 0..<32 { limit.succeed(epoch: 1, wasFull: true) }
        #expect(limit.current == 33)
        for _ in 0..<32 { limit.succeed(epoch: 1, wasFull: true) }
        #expect(limit.current == 33)
    }

    @Test func aBurstOfRefusalsCutsOnce() {
        var limit = ConcurrencyLimit(start: 20)
        for _ in 0..<20 { limit.refuse(epoch: 0) }
        #expect(limit.current == 16)
        for epoch in 1..<60 { limit.refuse(epoch: epoch) }
        #expect(limit.current == 1)
    }

    @Test(arguments: [1, 3, 20, 1000])
    func whatAPoolSaysOfAProviderIsNeverPassed(cap: Int) {
        let provider = Provider(name: "acme", baseURL: "http://127.0.0.1:1/v1", maximumConcurrency: cap)
        var limit = ConcurrencyLimit(of: provider)
        #expect(limit.current == min(cap, ConcurrencyLimit().current))
        for _ in 0..<2000 { limit.succeed(epoch: 0, wasFull: true) }
        #expect(limit.current == min(cap, ConcurrencyLimit().maximum))
    }

    @Test func successesOfAnIdleOrAnOlderTimeTeachNothing() {
        var limit = ConcurrencyLimit(start: 8)
        for _ in 0..<50 { limit.succeed(epoch: 0, wasFull: false) }
        limit.refuse(epoch: 0)
        for _ in 0..<50 { limit.succeed(epoch: 0, wasFull: true) }
        #expect(limit.current == 6)
    }

    @Test func onlyARateRefusalShrinks() async throws {
        let limiter = Limiter(ConcurrencyLimit(start: 10))
        for kind in CallFailure.Kind.allCases where kind != .rateLimited {
            limiter.release(try await limiter.acquire(), CallFailure(kind, ""))
        }
        #expect(limiter.limit == 10)
        limiter.release(try await limiter.acquire(), CallFailure(.rateLimited, ""))
        #expect(limiter.limit == 8 && limiter.inFlight == 0)
    }

    @Test func neverMoreAreUnderWayThanTheLimitAndTheFirstComesFirst() async throws {
        let limiter = Limiter(ConcurrencyLimit(start: 1, maximum: 1))
        let first = try await limiter.acquire()
        let order = Record<Int>()
        var tasks: [Task<Void, any Error>] = []
        for index in 0..<100 {
            tasks.append(Task { try await limiter.limiting { order.record(index) } })
            while limiter.waiting < index + 1 { await Task.yield() }
        }
        #expect(limiter.inFlight == 1)
        // Every third one goes away; the others keep their order.
        for index in stride(from: 0, to: 100, by: 3) { tasks[index].cancel() }
        while limiter.waiting > 66 { await Task.yield() }
        limiter.release(first)
        for (index, task) in tasks.enumerated() where index % 3 != 0 { try await task.value }
        #expect(order.values == (0..<100).filter { $0 % 3 != 0 })
        #expect(limiter.inFlight == 0 && limiter.waiting == 0)
    }

    @Test func manyCallersWithCancellationsLeaveNothingBehind() async throws {
        let limiter = Limiter(ConcurrencyLimit(start: 4, maximum: 4))
        let widths = Record<Int>()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<2000 {
                group.addTask {
                    let task = Task {
                        try await limiter.limiting {
                            widths.record(limiter.inFlight)
                            await Task.yield()
                        }
                    }
                    if index % 5 == 0 { task.cancel() }
                    _ = await task.result
                }
            }
        }
        #expect((widths.values.max() ?? 0) <= 4)
        #expect(limiter.inFlight == 0 && limiter.waiting == 0)
    }

    @Test func aProviderThatAsksToWaitIsLeftAloneMeanwhile() async throws {
        let gate = AsyncStream<Void>.makeStream(), slept = Record<Duration>()
        let time = Timekeeper(
            now: { .now },
            sleep: { duration in
                slept.record(duration)
                for await _ in gate.stream {}
            })
        let limiter = Limiter(ConcurrencyLimit(start: 4), longestPause: .seconds(10), time: time)
        limiter.release(try await limiter.acquire(), CallFailure(.rateLimited, "", retryAfter: .seconds(99)))
        let next = Task { try await limiter.acquire() }
        while limiter.waiting == 0 { await Task.yield() }
        #expect(limiter.inFlight == 0)
        gate.continuation.finish()
        limiter.release(try await next.value)
        #expect(slept.values == [.seconds(10)])
    }
}
