import Files
import Foundation
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix

/// An OpenAI-compatible chat server over an endpoint: `GET /v1/models`, `GET /v1/models/{id}`, `POST /v1/chat/completions`
/// (whole and streamed) and `GET /health`.
///
/// Every failure has OpenAI's shape, `{"error":{"message","type","param","code"}}`. A client that leaves, or closes its
/// sending half, cancels the call that is made for it.
public struct ChatServer: Sendable {
    public struct Options: Sendable {
        /// Whether replies say who answered, in `x-baton-` headers.
        public var givesReceipt = true
        /// Bytes that the body of a request may have; more is answered by 413.
        public var maximumBody = 32 << 20
        /// Bytes that the headers of a request may have; more is answered by 431.
        public var maximumHeader = 64 << 10
        /// Chat requests that are served at once; one more is answered by 503.
        public var maximumRequests = 1024
        /// Connections that are open at once; more wait until one closes.
        public var maximumConnections = 4096
        /// From a request's first byte to the end of its headers; after that 408.
        public var headerTime: Duration = .seconds(10)
        /// From there to the end of the body, with a second more for each 16 KiB that came; after that 408.
        public var bodyTime: Duration = .seconds(30)
        /// How long a connection stays open between requests.
        public var idleTime: Duration = .seconds(75)
        /// How long a reply may wait to be taken by its client.
        public var stallTime: Duration = .seconds(60)
        /// How long requests that are being served may go on once the server is asked to end.
        public var drainTime: Duration = .seconds(10)
        /// Gets each chat request and what came of it, once that is known; must return at once.
        public var record: (@Sendable (Transcript) -> Void)?

        public init() {}
    }

    private let endpoint: any Endpoint
    private let host: String
    private let port: Int
    private let options: Options

    /// Port 0 takes a free one. `host` is a name or an address, without brackets.
    public init(endpoint: any Endpoint, host: String = "127.0.0.1", port: Int, options: Options = Options()) {
        self.endpoint = endpoint
        self.host = host
        self.port = port
        self.options = options
    }

    /// Serves until the task is cancelled: then no new connection is taken, requests that are being served get
    /// ``Options/drainTime`` to end, and `run` returns.
    ///
    /// `listening` is told the port once clients can connect. Throws ``InputError`` where that port can't be had.
    public func run(listening: @escaping @Sendable (_ port: Int) async -> Void) async throws {
        let responder = ChatResponder(endpoint: endpoint, options: options)
        let connections = Connections(
            respond: { try await responder.respond(to: $0, with: $1, on: $2) },
            limits: Limits(options), maximumHeader: options.maximumHeader)
        let (started, start) = AsyncStream<Int>.makeStream()
        let server = Server(
            childChannelSetup: connections,
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.maximumConnections, logger: Self.silence)),
            onServerRunning: {
                start.yield($0.localAddress?.port ?? port)
                start.finish()
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Self.silence)

        // Unstructured: a cancellation is to drain the server, not to tear it down.
        let serving = Task {
            defer { start.finish() }
            try await server.run()
        }
        let (cancelled, cancel) = AsyncStream<Never>.makeStream()
        let drainTime = options.drainTime
        Task {
            // A server that doesn't run yet can't be asked to end.
            for await port in started { await listening(port) }
            for await _ in cancelled {}
            let last = Task {
                try await Task.sleep(for: drainTime)
                serving.cancel()
            }
            try? await server.shutdownGracefully()
            last.cancel()
        }
        do {
            try await withTaskCancellationHandler {
                defer { cancel.finish() }
                try await serving.value
            } onCancel: {
                cancel.finish()
            }
        } catch {
            let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw InputError("\(host):\(port)", "cannot listen here: \(reason); choose another --host or --port")
        }
    }

    /// Values and prompts are to stand in no log.
    private static let silence = Logger(label: "serving", factory: { _ in SwiftLogNoOpLogHandler() })
}
