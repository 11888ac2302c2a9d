public import Chat
import Files

/// How a run reaches its workers. The command gives it: sockets and child processes are not the pipeline's.
public struct PoolAccess: Sendable {
    /// A pool whose workers answer.
    public struct Open: Sendable {
        public var pool: Pool
        /// What makes the calls, in the order of the pool's workers.
        public var callers: [any Worker]
        /// Ends connections and processes.
        public var close: @Sendable () async -> Void

        public init(pool: Pool, callers: [any Worker], close: @escaping @Sendable () async -> Void) {
            self.pool = pool
            self.callers = callers
            self.close = close
        }

        /// What `body` gives; connections and processes end in any case.
        func closed<Value: Sendable>(after body: () async throws -> Value) async throws -> Value {
            try await closing(by: close, after: body)
        }
    }

    public let describe: @Sendable (LiveSettings.PoolPlace) throws -> Pool
    let check: @Sendable (LiveSettings.PoolPlace) throws -> Void
    public let open: @Sendable (LiveSettings.PoolPlace) async throws -> Open

    /// `describe` says who is in a pool, with no process started and no key read; `check` throws where what the user gave,
    /// keys included, is not enough to ask them; `open` makes them answer.
    public init(
        describe: @escaping @Sendable (LiveSettings.PoolPlace) throws -> Pool,
        check: @escaping @Sendable (LiveSettings.PoolPlace) throws -> Void = { _ in },
        open: @escaping @Sendable (LiveSettings.PoolPlace) async throws -> Open
    ) {
        self.describe = describe
        self.check = check
        self.open = open
    }

    /// No workers at all: for runs over recorded outcomes.
    public static let none = PoolAccess(
        describe: { _ in Pool(workers: []) }, open: { _ in Open(pool: Pool(workers: []), callers: [], close: {}) })
}
