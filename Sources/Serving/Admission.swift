import Synchronization

/// Counts what is being served, and refuses what is too much.
final class Admission: Sendable {
    private let requests = Atomic<Int>(0), bodies = Atomic<Int>(0)
    private let maximumRequests: Int, maximumBodies: Int

    /// `maximumBodies`: bytes of request bodies that are held at once.
    init(maximumRequests: Int, maximumBodies: Int) {
        self.maximumRequests = maximumRequests
        self.maximumBodies = maximumBodies
    }

    func enter() throws(ServingError) {
        guard requests.add(1, ordering: .relaxed).newValue <= maximumRequests else {
            leave()
            throw .tooManyRequests(limit: maximumRequests)
        }
    }

    func leave() { requests.subtract(1, ordering: .relaxed) }

    func hold(_ bytes: Int) throws(ServingError) {
        guard bodies.add(bytes, ordering: .relaxed).newValue <= maximumBodies else {
            release(bytes)
            throw ServingError(
                status: 503, type: "server_error", code: "server_overloaded",
                message: "the server is reading too many large requests; try again later", retryAfter: .seconds(1))
        }
    }

    func release(_ bytes: Int) { bodies.subtract(bytes, ordering: .relaxed) }
}
