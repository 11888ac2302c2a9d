import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Sets up the connections of a server, and runs each in a task that a leaving client cancels.
struct Connections: ServerChildChannel {
    /// Answers one request.
    typealias Respond = @Sendable (Request, consuming ResponseWriter, Presence) async throws -> Void

    struct Value: ServerChildChannelValue {
        let parts: HTTP1Channel.Value
        let presence: Presence
        var channel: any Channel { parts.channel }
    }

    let respond: Respond
    let limits: Limits
    /// Bytes of all headers of a request.
    let maximumHeader: Int

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let presence = Presence(), limits = limits
        let http = HTTP1Channel(
            responder: { _, _, _ in },
            configuration: .init(
                additionalChannelHandlers: [RequestWatch(presence: presence, limits: limits)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: maximumHeader, maxHeaderListSize: maximumHeader, maxHeaderFieldCount: 256)))
        return http.setup(channel: channel, logger: logger).flatMapThrowing { parts in
            let pipeline = channel.pipeline.syncOperations
            let watch = try pipeline.handler(type: RequestWatch.self)
            try pipeline.addHandler(FirstByteWatch(watch), position: .first)
            return Value(parts: parts, presence: presence)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let presence = value.presence, respond = respond
        let http = HTTP1Channel(responder: { request, writer, _ in try await respond(request, writer, presence) })
        let task = Task { await http.handle(value: value.parts, logger: logger) }
        presence.onLeaving { task.cancel() }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        presence.onLeaving(nil)
    }
}
