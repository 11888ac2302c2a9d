import Synchronization

/// Whether a connection's client is still there: what the handlers on the event loop know and the connection's task must.
final class Presence: Sendable {
    private struct State {
        var isGone = false, isCalling = false
        var replies = 0, last: Int?
        var cancel: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    /// The client closed the connection, or its sending half; as with most servers, both count as going away.
    var clientLeft: Bool { state.withLock { $0.isGone } }

    /// Called where a request's turn comes; whether it gets a reply, or stands behind the last one.
    func beginReply() -> Bool {
        state.withLock { state in
            state.replies += 1
            return state.last == nil
        }
    }

    /// Whether the connection ends with its reply of this number, counted from one. Replies are written later than they are
    /// begun, so it matters which one it is.
    func isLast(reply: Int) -> Bool { state.withLock { $0.last == reply } }

    /// `cancel` is called when the client leaves while a call is under way for it.
    func onLeaving(_ cancel: (@Sendable () -> Void)?) { state.withLock { $0.cancel = cancel } }

    func beginCall() {
        cancel(after: { $0.isCalling = true })
    }

    func endCall() { state.withLock { $0.isCalling = false } }

    func leave() {
        cancel(after: { $0.isGone = true })
    }

    /// The connection is to end with the reply that was begun last.
    func closeAfterReply() { state.withLock { $0.last = $0.replies } }

    private func cancel(after change: (inout State) -> Void) {
        let cancel = state.withLock { state in
            change(&state)
            return state.isGone && state.isCalling ? state.cancel : nil
        }
        cancel?()
    }
}
