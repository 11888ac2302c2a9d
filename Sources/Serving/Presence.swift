import Synchronization

/// Whether a connection's client is still there: what the handlers on the event loop know and the connection's task must.
final class Presence: Sendable {
    private struct State {
        var isGone = false, isCalling = false, isLast = false
        var cancel: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    /// The client closed the connection, or its sending half; as with most servers, both count as going away.
    var clientLeft: Bool { state.withLock { $0.isGone } }

    /// The connection ends with the reply that is being written.
    var isLastReply: Bool { state.withLock { $0.isLast } }

    /// `cancel` is called when the client leaves while a call is under way for it.
    func onLeaving(_ cancel: (@Sendable () -> Void)?) { state.withLock { $0.cancel = cancel } }

    func beginCall() {
        cancel(after: { $0.isCalling = true })
    }

    func endCall() { state.withLock { $0.isCalling = false } }

    func leave() {
        cancel(after: { $0.isGone = true })
    }

    func closeAfterReply() { state.withLock { $0.isLast = true } }

    private func cancel(after change: (inout State) -> Void) {
        let cancel = state.withLock { state in
            change(&state)
            return state.isGone && state.isCalling ? state.cancel : nil
        }
        cancel?()
    }
}
