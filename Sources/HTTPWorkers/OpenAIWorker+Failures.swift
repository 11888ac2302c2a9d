import AsyncHTTPClient
import Chat
import NIOCore
import NIOHTTP1
import NIOHTTPCompression

extension OpenAIWorker {
    /// `error` of an exchange, in the words that everybody understands. Cancellation stays what it is.
    func failure(_ error: any Error) -> any Error {
        switch error {
        case is CancellationError, is CallFailure: error
        case Exchange.Broken.timedOut(let phase, let limit):
            failure(.timedOut, "\(words(phase)): " + (limit.map { "nothing within \($0)" } ?? "the deadline has come"))
        case Exchange.Broken.tooLarge(let limit):
            failure(.malformed, "the reply is larger than \(limit >> 20) MiB")
        case Exchange.Broken.lost(let phase, let error, _): lost(phase, error)
        default: failure(.interrupted, "\(error)")
        }
    }

    private func lost(_ phase: Exchange.Phase, _ error: any Error) -> CallFailure {
        let timeouts: [HTTPClientError] = [
            .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout,
        ]
        switch error {
        case let error as HTTPClientError where timeouts.contains(error):
            return failure(.timedOut, "\(words(phase)): no connection in time")
        case let error as HTTPClientError where error == .alreadyShutdown || error == .cancelled:
            return failure(.unreachable, "\(words(phase)): the connections were shut down")
        case let error as HTTPClientError where error == .remoteConnectionClosed && phase != .connecting:
            return failure(.interrupted, "\(words(phase)): the provider closed the connection")
        case HTTPParserError.invalidEOFState:
            return failure(.interrupted, "\(words(phase)): the reply ends too early")
        case let error as NIOHTTPDecompression.ExtraDecompressionError where error == .truncatedData:
            return failure(.interrupted, "\(words(phase)): the compressed reply ends too early")
        case NIOHTTPDecompression.DecompressionError.limit:
            return failure(.malformed, "\(words(phase)): the reply decompresses to far more than was sent")
        case is HTTPParserError, is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            return failure(.malformed, "\(words(phase)): the reply is not HTTP as it should be: \(error)")
        default:
            return failure(phase == .connecting ? .unreachable : .interrupted, "\(words(phase)): \(error)")
        }
    }

    private func words(_ phase: Exchange.Phase) -> String {
        switch phase {
        case .connecting: "connecting"
        case .waiting: "waiting for the reply"
        case .receiving: "in the middle of the reply"
        }
    }
}
