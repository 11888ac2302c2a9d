import Chat
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches over one connection: clients that are slow, write no HTTP, or leave.
///
/// It stands between the HTTP codec and what serves the requests, and lives on the event loop of its connection.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How much of the request that is coming in has come.
    private enum Reading {
        case nothing
        case header(since: NIODeadline)
        case body(since: NIODeadline, bytes: Int)
    }

    private var isReadingBody: Bool {
        if case .body = reading { true } else { false }
    }

    private let presence: Presence
    private let limits: Limits
    private var context: ChannelHandlerContext?
    private var reading = Reading.nothing
    /// Requests whose headers were read and whose reply isn't complete.
    private var unanswered = 0
    /// Replies that are complete.
    private var answered = 0
    /// Whether no request is read any more: with the replies to those that were, the connection ends.
    private var isEnding = false
    /// What to say last, once those replies are out.
    private var refusal: ServingError?
    /// Since when the connection only waits for the client to notice that it ended.
    private var lingersSince: NIODeadline?
    private var idleSince = NIODeadline.now()
    private var stalledSince: NIODeadline?
    private var timer: (due: NIODeadline, task: Scheduled<Void>)?

    init(presence: Presence, limits: Limits) {
        self.presence = presence
        self.limits = limits
    }

    // MARK: What comes in

    /// Bytes are about to be decoded.
    func willRead() {
        if case .nothing = reading, !isEnding { reading = .header(since: .now()) }
    }

    /// They were; most requests have come whole, and need no timer.
    func didRead() {
        if let context { arm(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isEnding else { return }
        switch unwrapInboundIn(data) {
        case .head:
            reading = .body(since: .now(), bytes: 0)
            unanswered += 1
        case .body(let buffer):
            if case .body(let since, let bytes) = reading {
                reading = .body(since: since, bytes: bytes + buffer.readableBytes)
            }
            // The reply is out already: nobody wants the rest of the request.
            if unanswered == 0 { return }
        case .end:
            reading = .nothing
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard lingersSince == nil else { return }
        guard let problem = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard !isEnding else { return }
        switch problem {
        case _ where isReadingBody: endBody(problem, context)
        case .headerOverflow: refuse(.headerTooLarge, context)
        default: refuse(.notHTTP, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            presence.leave()
            if lingersSince != nil { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { arm(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        arm(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        presence.leave()
        timer?.task.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // The last reply is out.
        guard lingersSince == nil else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        unanswered -= 1
        answered += 1
        let endsHere = isEnding && refusal == nil && unanswered == 0
        guard !endsHere, !presence.isLast(reply: answered) else {
            return end(context, promise) { context.writeAndFlush(data, promise: $0) }
        }
        context.write(data, promise: promise)
        guard unanswered == 0 else { return }
        if let refusal { return refuse(refusal, context) }
        idleSince = .now()
        arm(context)
    }

    /// Whoever else closes the connection after its last reply has to wait for the client as well.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard lingersSince != nil, mode != .input else { return context.close(mode: mode, promise: promise) }
        context.channel.closeFuture.cascade(to: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stalledSince = context.channel.isWritable ? nil : .now()
        arm(context)
        context.fireChannelWritabilityChanged()
    }

    /// Answers a request that never became one, then ends the connection.
    private func refuse(_ error: ServingError, _ context: ChannelHandlerContext) {
        reading = .nothing
        isEnding = true
        guard unanswered == 0 else {
            refusal = error
            return
        }
        let body = ByteBuffer(bytes: error.json.bytes)
        let head = HTTPResponse(
            status: .init(code: error.status),
            headerFields: [
                .contentType: "application/json", .contentLength: String(body.readableBytes), .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        end(context, nil) { context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: $0) }
    }

    /// The rest of a body will not come. Whoever serves its request is told, and answers: perhaps much later, where the
    /// machine is busy, so only the reply itself may end the connection.
    private func endBody(_ error: any Error, _ context: ChannelHandlerContext) {
        guard unanswered > 0 else {
            // That was it already.
            return end(context, nil) { $0.succeed() }
        }
        reading = .nothing
        isEnding = true
        context.fireErrorCaught(error)
    }

    /// Writes the end of the last reply, closes the sending half, and drops what still comes for a while: closing at once
    /// with unread bytes would reset the connection, and the client might lose the reply.
    private func end(
        _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?, _ write: (EventLoopPromise<Void>) -> Void
    ) {
        lingersSince = .now()
        isEnding = true
        reading = .nothing
        let written = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (watch, context) = bound.value
            if watch.presence.clientLeft {
                context.close(promise: nil)
            } else {
                context.close(mode: .output, promise: nil)
            }
        }
        write(written)
        arm(context)
    }

    // MARK: Time

    /// When the connection, as it stands, has taken too long.
    private var due: NIODeadline? {
        if let lingersSince { return lingersSince + limits.linger }
        var times: [NIODeadline] = []
        if let stalledSince { times.append(stalledSince + limits.stall) }
        switch reading {
        case .header(let since): times.append(since + limits.header)
        case .body(let since, let bytes): times.append(since + limits.body(after: bytes))
        case .nothing: if unanswered == 0 { times.append(idleSince + limits.idle) }
        }
        return times.min()
    }

    /// Sees to it that the connection is looked at no later than when it is due. A timer that runs is left where it is
    /// early enough: so a connection on which all goes well sets one a minute or so, not one a request.
    private func arm(_ context: ChannelHandlerContext) {
        guard context.channel.isActive, let due else { return }
        if let timer {
            guard due < timer.due else { return }
            timer.task.cancel()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: due) {
            let (watch, context) = bound.value
            watch.timer = nil
            watch.look(context)
        }
        timer = (due, task)
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        guard let due, due <= now else { return arm(context) }
        let isStalled = stalledSince.map { $0 + limits.stall <= now } ?? false
        switch reading {
        case _ where isStalled || lingersSince != nil: context.close(promise: nil)
        case .nothing: context.close(promise: nil)
        case .header:
            refuse(.requestTooSlow, context)
            arm(context)
        case .body:
            endBody(RequestTooSlow(), context)
            arm(context)
        }
    }
}

/// The rest of a body didn't come in time.
struct RequestTooSlow: Error {}

/// Stands before the HTTP decoder and tells ``RequestWatch`` of bytes that don't make a request yet.
final class FirstByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let watch: RequestWatch

    init(_ watch: RequestWatch) { self.watch = watch }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        watch.willRead()
        context.fireChannelRead(data)
        watch.didRead()
    }
}
