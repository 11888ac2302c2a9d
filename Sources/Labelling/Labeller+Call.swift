import Chat
import Ledger
import Synchronization
import Tasks

extension Labeller {
    /// A worker that failed so many cells in a row, each after all its attempts, is left out for the rest of the command.
    static let failuresInARow = 8

    /// One cell to its end: claimed, called, kept, graded; tried again as long as its failures promise anything.
    func label(_ cell: LabelPlan.Cell, limiter: Limiter) async throws {
        let key = plan.key(of: cell), name = plan.workers[cell.worker].name
        var attempt = 0
        while true {
            let slot = try await limiter.acquire()
            // Hundreds wait for their turn; when it comes, a signal, a limit or the worker's failures may have ended it all.
            guard !shouldEnd, !counts.withLock({ $0.down.contains(name) }) else { return limiter.release(slot) }
            switch try await ledger.claim([Claim(key, reservation: plan.ceiling(of: cell))])[0] {
            case .overBudget:
                limiter.release(slot)
                return counts.withLock { $0.isOverBudget = true }
            case .underWay:
                limiter.release(slot)
                return counts.withLock { $0.wait(cell) }
            case .done(let record):
                // Another task asks the same.
                limiter.release(slot)
                return try await gradeKept(cell, call: record.id)
            case .leased(let lease):
                attempt += 1
                let failure: CallFailure
                do {
                    let reply = try await call(cell, lease: lease)
                    limiter.release(slot)
                    try await grade(reply, of: cell, call: lease.call)
                    counts.withLock { $0.failuresInARow[name] = 0 }
                    return finished(failure: nil)
                } catch let error as CallFailure {
                    failure = error
                    limiter.release(slot, failure)
                }
                let delay = retries.delay(attempt: attempt, failure: failure, seed: UInt64(bitPattern: lease.call))
                try await settle(lease, failure)
                guard let delay else { return gaveUp(name, failure) }
                try await pause(delay)
            }
        }
    }

    private func call(_ cell: LabelPlan.Cell, lease: Lease) async throws -> Reply {
        let clock = ContinuousClock(), start = clock.now
        counts.withLock { $0.called += 1 }
        let reply = try await callers[cell.worker].reply(
            to: plan.request(of: cell), in: CallContext(repeatIndex: cell.repeatIndex))
        let usage = Usage(reply.json["usage"]) ?? Usage(estimating: plan.tasks[cell.task].request, reply: reply.text)
        let ending: Ending = reply.isRefusal ? .refused : reply.isTruncated ? .truncated : .complete
        _ = try await ledger.settle(
            lease,
            .replied(
                reply: JSON.object(reply.json).bytes, usage: usage, cost: plan.workers[cell.worker].price.cost(of: usage),
                latency: clock.now - start, revision: reply.revision, ending: ending))
        return reply
    }

    /// What a failed call may have cost is counted as if it had: nobody bills less than one expects.
    private func settle(_ lease: Lease, _ failure: CallFailure) async throws {
        let mayHaveCost: Bool
        switch failure.kind {
        case .timedOut, .interrupted, .malformed: mayHaveCost = true
        case .unreachable, .rateLimited, .overloaded, .rejected, .unauthorized, .infrastructure: mayHaveCost = false
        }
        _ = try await ledger.settle(
            lease,
            .failed(
                kind: failure.kind.rawValue, message: failure.message, isFinal: failure.isOfTheRequest,
                cost: mayHaveCost ? lease.reservation : .zero))
    }

    private func grade(_ reply: Reply, of cell: LabelPlan.Cell, call: Int64) async throws {
        if let grade = try await plan.grade(of: reply, to: cell, call: call, by: graders) { try await ledger.record([grade]) }
    }

    /// Grades the reply that the ledger keeps of a call.
    func gradeKept(_ cell: LabelPlan.Cell, call: Int64) async throws {
        if let reply = try await ledger.parsedReply(of: call) { try await grade(reply, of: cell, call: call) }
        finished(failure: nil)
    }

    private func gaveUp(_ name: String, _ failure: CallFailure) {
        let isDown = counts.withLock { counts in
            // A request that is refused says nothing about the worker's health.
            guard failure.kind != .rejected else { return false }
            counts.failuresInARow[name, default: 0] += 1
            guard failure.kind == .unauthorized || counts.failuresInARow[name, default: 0] >= Self.failuresInARow else {
                return false
            }
            return counts.down.insert(name).inserted
        }
        if isDown { note("\(name) is left out for now: \(failure.message)") }
        finished(failure: failure)
    }

    /// Sleeps, and wakes when the work is to end.
    private func pause(_ delay: Duration) async throws {
        let clock = ContinuousClock(), end = clock.now + delay
        while clock.now < end, !shouldEnd {
            try await Task.sleep(for: min(.milliseconds(100), end - clock.now))
        }
    }
}

extension CallFailure {
    /// Whether the request itself is at fault, so that it will be refused whenever it is asked. An empty account (402), a
    /// wrong address or a model that isn't there (404) is mended outside of the task.
    fileprivate var isOfTheRequest: Bool { kind == .rejected && [nil, 400, 413, 422].contains(status) }
}
