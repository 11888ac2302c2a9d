import AsyncHTTPClient
import NIOCore
import NIOHTTPCompression
import Synchronization

/// The connections to all providers, shared by all workers of a process.
///
/// A class because the connections are: whoever makes it calls ``shutdown()`` on every way out.
public final class HTTPConnections: Sendable {
    let client: HTTPClient
    /// Whether any reply has begun: before that, no connection was used twice, and none can have gone stale.
    let hasHeard = Atomic(false)
    private let isShutDown = Atomic(false)

    /// - Parameters:
    ///   - connectionsPerHost: how many calls to one host may be under way at once; more wait for a connection. Each takes a
    ///     file descriptor, so the process's limit must be above it.
    ///   - connectTimeout: what a new connection, its TLS included, may take.
    public init(connectionsPerHost: Int = 1024, connectTimeout: Duration = .seconds(10)) {
        precondition(connectionsPerHost > 0, "need at least one connection, got \(connectionsPerHost)")
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        // JSON of many equal keys compresses well, but not a hundredfold; a bomb does.
        configuration.decompression = .enabled(limit: .ratio(200))
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: TimeAmount(connectTimeout))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsPerHost
        // A refused connection is told at once; whether and when to try again is the retry policy's to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections; calls under way fail, and so does each later one.
    public func shutdown() async {
        guard !isShutDown.exchange(true, ordering: .relaxed) else { return }
        // It fails only where it was shut down before.
        try? await client.shutdown()
    }

    deinit {
        if !isShutDown.load(ordering: .relaxed) { client.shutdown { _ in } }
    }
}
