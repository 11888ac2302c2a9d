import Synchronization

/// Lets as many calls to one worker or provider through as ``ConcurrencyLimit`` finds; the others wait in the order in
/// which they came.
///
/// A class because all callers share it.
public final class Limiter: Sendable {
    /// Leave for one call; given back by ``release(_:_:)``, once.
    public struct Permit: Sendable {
        fileprivate let epoch: ConcurrencyLimit.Epoch
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Permit, any Error>
    }

    private struct State {
        var limit: ConcurrencyLimit
        var inFlight = 0
        var waiters: [Waiter] = []
        /// Waiters before this have been served.
        var served = 0
        var nextID = 0
        /// Callers that have no continuation yet and were not cancelled.
        var arriving: Set<Int> = []
        var pauses = 0
    }

    private let state: Mutex<State>
    private let longestPause: Duration
    private let time: Timekeeper

    /// - Parameter longestPause: nobody waits longer for a provider that asked for it.
    public init(
        _ limit: ConcurrencyLimit = ConcurrencyLimit(), longestPause: Duration = .seconds(120), time: Timekeeper = .continuous
    ) {
        state = Mutex(State(limit: limit))
        self.longestPause = longestPause
        self.time = time
    }

    /// Calls that may be under way now, and that are.
    public var limit: Int { state.withLock { $0.limit.current } }
    public var inFlight: Int { state.withLock { $0.inFlight } }

    /// Callers that wait for leave.
    public var waiting: Int { state.withLock { $0.waiters.count - $0.served } }

    /// Waits for leave to make a call. Throws `CancellationError`, and then there is nothing to give back.
    public func acquire() async throws -> Permit {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.nextID += 1
            state.arriving.insert(state.nextID)
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    // The cancellation may have come before the waiter.
                    guard state.arriving.remove(id) != nil else { return true }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) } else { serve() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                if let index = state.waiters[state.served...].firstIndex(where: { $0.id == id }) {
                    return state.waiters.remove(at: index)
                }
                state.arriving.remove(id)
                return nil
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Gives `permit` back. `failure`: how the call went wrong; `nil`: it went well.
    public func release(_ permit: Permit, _ failure: CallFailure? = nil) {
        let pause = state.withLock { state -> Duration? in
            let wasFull = state.inFlight >= state.limit.current
            state.inFlight -= 1
            guard let failure else {
                state.limit.succeed(epoch: permit.epoch, wasFull: wasFull)
                return nil
            }
            guard failure.kind == .rateLimited, state.limit.refuse(epoch: permit.epoch) else { return nil }
            guard let asked = failure.retryAfter, asked > .zero else { return nil }
            state.pauses += 1
            return min(asked, longestPause)
        }
        if let pause {
            Task { [weak self, time] in
                try? await time.sleep(pause)
                self?.state.withLock { $0.pauses -= 1 }
                self?.serve()
            }
        }
        serve()
    }

    /// `call` under a permit; what it throws decides the limit.
    public func limiting<Result>(_ call: () async throws -> Result) async throws -> Result {
        let permit = try await acquire()
        do {
            let result = try await call()
            release(permit)
            return result
        } catch {
            // A cancelled call says as little as one that failed for another reason than its rate.
            release(permit, error as? CallFailure ?? CallFailure(.interrupted, "cancelled"))
            throw error
        }
    }

    /// Lets through who may go.
    private func serve() {
        let ready = state.withLock { state -> [(Waiter, Permit)] in
            var ready: [(Waiter, Permit)] = []
            while state.pauses == 0, state.inFlight < state.limit.current, state.served < state.waiters.count {
                ready.append((state.waiters[state.served], Permit(epoch: state.limit.epoch)))
                state.served += 1
                state.inFlight += 1
            }
            // Each waiter is moved at most once for each time that it is overtaken by half of the queue: constant a call.
            if state.served > 64, state.served * 2 > state.waiters.count {
                state.waiters.removeFirst(state.served)
                state.served = 0
            }
            return ready
        }
        for (waiter, permit) in ready { waiter.continuation.resume(returning: permit) }
    }
}
