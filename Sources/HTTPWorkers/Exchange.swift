import AsyncHTTPClient
import Chat
import NIOCore
import NIOHTTP1
import Synchronization

/// One request and its response: from the callbacks of an event loop to one asynchronous reader.
///
/// A class because loop, timer and reader share it; what they share is behind one lock, which is never held over a call out.
final class Exchange: HTTPClientResponseDelegate {
    typealias Response = Void

    enum Phase: Sendable { case connecting, waiting, receiving }

    /// Why an exchange ended without a whole response.
    enum Broken: Error {
        /// A phase lasted longer than `limit`; `nil`: the caller's deadline came.
        case timedOut(Phase, limit: Duration?)
        case tooLarge(limit: Int)
        case lost(Phase, any Error, mayBeStale: Bool)
    }

    /// A reader that is this far behind makes the provider wait.
    private static let highWater = 1 << 18
    /// A connection that the provider had closed before we wrote shows it at once.
    private static let staleWindow = TimeAmount.seconds(1)

    private struct Reader {
        let continuation: CheckedContinuation<ByteBuffer?, any Error>
        let wantsAll: Bool
    }

    private struct State {
        var phase = Phase.connecting
        var phaseBegan: NIODeadline
        var head: HTTPResponseHead?
        var received = 0
        var unread = ByteBuffer()
        var ending: Result<Void, any Error>?
        var wantsAll: Bool
        var isAbandoned = false
        var reader: Reader?
        var pressure: EventLoopPromise<Void>?
        var task: HTTPClient.Task<Void>?
        var alarm: (scheduled: Scheduled<Void>, at: NIODeadline)?
    }

    private let timeouts: Timeouts
    private let sizeLimit: Int
    private let end: NIODeadline
    private let endIsDeadline: Bool
    private let connections: HTTPConnections
    private let wasHeardBefore: Bool
    private let state: Mutex<State>

    /// - Parameters:
    ///   - all: the reader will first ask for the whole response.
    ///   - sizeLimit: bytes of the response's body, decompressed.
    init(connections: HTTPConnections, timeouts: Timeouts, deadline: ContinuousClock.Instant?, all: Bool, sizeLimit: Int) {
        let now = NIODeadline.now()
        let left = deadline.map { $0 - .now }
        self.connections = connections
        self.timeouts = timeouts
        self.sizeLimit = sizeLimit
        endIsDeadline = left.map { $0 < timeouts.whole } ?? false
        end = now + Self.amount(min(left ?? timeouts.whole, timeouts.whole))
        wasHeardBefore = connections.hasHeard.load(ordering: .relaxed)
        state = Mutex(State(phaseBegan: now, wantsAll: all))
    }

    /// A year is for ever here, and cannot overflow.
    private static func amount(_ duration: Duration) -> TimeAmount { min(TimeAmount(duration), .hours(24 * 365)) }

    func start(_ request: HTTPClient.Request) {
        guard end > .now() else {
            return finish(.failure(Broken.timedOut(.connecting, limit: endIsDeadline ? nil : timeouts.whole)))
        }
        let task = connections.client.execute(request: request, delegate: self)
        let isOver = state.withLock { state in
            guard state.ending == nil else { return true }
            state.task = task
            setAlarm(&state)
            return false
        }
        if isOver { task.cancel() }
        task.futureResult.whenFailure { self.fail($0) }
    }

    /// The response's status line and headers, once ``read(all:)`` has returned.
    var head: HTTPResponseHead? { state.withLock { $0.head } }

    /// What has arrived and was not read yet, as soon as there is any, or all of the response; `nil` at its end. Cancelling
    /// the task ends the exchange. One reader at a time.
    func read(all: Bool) async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let act = state.withLock { state in
                    state.reader = Reader(continuation: continuation, wantsAll: all)
                    state.wantsAll = all
                    return wake(&state)
                }
                act()
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    /// Ends the exchange, and its connection, if it isn't over and nobody waits for its end.
    func cancel() {
        if !state.withLock({ $0.isAbandoned }) { finish(.failure(CancellationError())) }
    }

    /// Nothing more will be read. What still comes is dropped, so that the connection can be used again.
    func abandon() {
        let act = state.withLock { state in
            state.isAbandoned = true
            state.unread = ByteBuffer()
            return release(&state)
        }
        act()
    }

    // MARK: Callbacks of the event loop

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) { enter(.waiting) }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        connections.hasHeard.store(true, ordering: .relaxed)
        state.withLock { $0.head = head }
        enter(.receiving)
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let (pressure, isTooLarge, act) = state.withLock { state -> (EventLoopPromise<Void>?, Bool, @Sendable () -> Void) in
            state.received += part.readableBytes
            guard state.received <= sizeLimit else { return (nil, true, {}) }
            state.phaseBegan = .now()
            guard !state.isAbandoned else { return (nil, false, {}) }
            if state.unread.readableBytes == 0 {
                state.unread = part
            } else {
                state.unread.writeImmutableBuffer(part)
            }
            let act = wake(&state)
            if state.ending == nil, !state.wantsAll, state.unread.readableBytes > Self.highWater {
                state.pressure = task.eventLoop.makePromise()
            }
            return (state.pressure, false, act)
        }
        act()
        if isTooLarge { finish(.failure(Broken.tooLarge(limit: sizeLimit))) }
        return pressure?.futureResult ?? task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws { finish(.success(())) }

    private func enter(_ phase: Phase) {
        state.withLock { state in
            state.phase = phase
            state.phaseBegan = .now()
            setAlarm(&state)
        }
    }

    private func fail(_ error: any Error) {
        let broken = state.withLock { state in
            let isFresh = state.phase == .connecting || state.phaseBegan + Self.staleWindow > .now()
            return Broken.lost(state.phase, error, mayBeStale: wasHeardBefore && isFresh && state.head == nil)
        }
        finish(.failure(broken))
    }

    // MARK: Ends

    /// The first end counts. One that isn't the response's own closes the connection.
    private func finish(_ ending: Result<Void, any Error>) {
        let act = state.withLock { state -> @Sendable () -> Void in
            guard state.ending == nil else { return {} }
            state.ending = ending
            let (task, alarm, pressure) = (state.task, state.alarm?.scheduled, state.pressure)
            state.task = nil
            state.alarm = nil
            state.pressure = nil
            let act = wake(&state)
            return {
                alarm?.cancel()
                pressure?.succeed(())
                if case .failure = ending { task?.cancel() }
                act()
            }
        }
        act()
    }

    /// What to do for the reader now that something has changed; to be done without the lock.
    private func wake(_ state: inout State) -> @Sendable () -> Void {
        guard let reader = state.reader else { return {} }
        let result: Result<ByteBuffer?, any Error>
        switch state.ending {
        case .failure(let error)? where reader.wantsAll || state.unread.readableBytes == 0 || error is CancellationError:
            result = .failure(error)
        case nil where reader.wantsAll || state.unread.readableBytes == 0:
            return release(&state)
        default:
            result = .success(state.unread.readableBytes > 0 ? state.unread : nil)
            state.unread = ByteBuffer()
        }
        state.reader = nil
        let goOn = release(&state)
        return {
            goOn()
            reader.continuation.resume(with: result)
        }
    }

    /// Lets the provider go on where it waited for the reader.
    private func release(_ state: inout State) -> @Sendable () -> Void {
        guard let pressure = state.pressure else { return {} }
        state.pressure = nil
        state.phaseBegan = .now()
        setAlarm(&state)
        return { pressure.succeed(()) }
    }

    // MARK: Time

    /// When what is going on has taken too long.
    private func due(_ state: State) -> (at: NIODeadline, error: Broken) {
        let limit =
            switch state.phase {
            case .connecting: timeouts.connect
            case .waiting: timeouts.firstByte
            case .receiving: timeouts.stall
            }
        let at = state.phaseBegan + Self.amount(limit)
        // While the provider waits for us, it is not the one that stalls.
        if at < end, state.pressure == nil { return (at, .timedOut(state.phase, limit: limit)) }
        return (end, .timedOut(state.phase, limit: endIsDeadline ? nil : timeouts.whole))
    }

    /// One timer an exchange. It is moved only where it would ring too late; where it rings too early, it is set again.
    private func setAlarm(_ state: inout State) {
        guard state.ending == nil, let task = state.task else { return }
        let at = due(state).at
        if let alarm = state.alarm {
            guard at < alarm.at else { return }
            alarm.scheduled.cancel()
        }
        state.alarm = (task.eventLoop.scheduleTask(deadline: at) { self.ring() }, at)
    }

    private func ring() {
        let broken = state.withLock { state -> Broken? in
            state.alarm = nil
            let due = due(state)
            if due.at <= .now() { return due.error }
            setAlarm(&state)
            return nil
        }
        if let broken { finish(.failure(broken)) }
    }
}
