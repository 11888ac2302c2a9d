import Chat
import NIOCore
import NIOPosix

/// A client that sends whatever bytes a test wants, and reads replies piece by piece. Of one task only.
final class WireClient {
    struct Reply {
        var status: Int
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8] = []

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSON { (try? JSON(parsing: body)) ?? .null }
        var error: JSON { json["error"] ?? .null }
        var isChunked: Bool { headers["transfer-encoding"] == "chunked" }
    }

    struct Ended: Error {}

    private let channel: any Channel
    private var pieces: AsyncStream<[UInt8]>.Iterator
    private var bytes: [UInt8] = []

    init(port: Int) async throws {
        let (stream, source) = AsyncStream<[UInt8]>.makeStream()
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(source)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        pieces = stream.makeAsyncIterator()
    }

    deinit { channel.close(promise: nil) }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func close() async throws { try await channel.close() }

    /// A request with a JSON body.
    static func post(_ body: String, path: String = "/v1/chat/completions", headers: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// One request and its whole reply, on a connection of its own.
    static func ask(_ port: Int, _ request: String) async throws -> Reply {
        let client = try await WireClient(port: port)
        try await client.send(request)
        return try await client.reply()
    }

    static func chat(_ port: Int, _ body: JSON, headers: String = "") async throws -> Reply {
        try await ask(port, post(body.text, headers: headers))
    }

    /// The status line and the headers of the next reply that isn't an informational one.
    func head() async throws -> Reply {
        while true {
            let lines = try await take(through: "\r\n\r\n").split(separator: "\r\n")
            guard let status = lines.first.flatMap({ Int($0.split(separator: " ")[1]) }) else { throw Ended() }
            if status == 100 { continue }
            var reply = Reply(status: status, headers: [:])
            for line in lines.dropFirst() {
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                reply.headers[line[..<colon].lowercased()] = line[colon...].dropFirst().drop { $0 == " " }.description
            }
            return reply
        }
    }

    func reply() async throws -> Reply {
        var reply = try await head()
        if reply.isChunked {
            while let chunk = try await chunk() { reply.body += Array(chunk.utf8) }
        } else {
            let count = reply.headers["content-length"].flatMap { Int($0) } ?? 0
            while bytes.count < count { try await more() }
            reply.body = Array(bytes.prefix(count))
            bytes.removeFirst(count)
        }
        return reply
    }

    /// The next piece of a chunked body as it was written; `nil` behind the last one.
    func chunk() async throws -> String? {
        // The two characters of a line's end are one of Swift's.
        let size = try await take(through: "\r\n").dropLast()
        guard let count = Int(size, radix: 16) else { throw Ended() }
        while bytes.count < count + 2 { try await more() }
        defer { bytes.removeFirst(count + 2) }
        return count == 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Returns when the server has closed the connection.
    func end() async {
        while let piece = await pieces.next() { bytes += piece }
    }

    /// What came and wasn't read yet.
    var rest: String { String(decoding: bytes, as: UTF8.self) }

    private func more() async throws {
        guard let piece = await pieces.next() else { throw Ended() }
        bytes += piece
    }

    private func take(through mark: String) async throws -> String {
        let mark = Array(mark.utf8)
        while true {
            if let start = (0...max(0, bytes.count - mark.count)).first(where: { bytes[$0...].starts(with: mark) }) {
                defer { bytes.removeFirst(start + mark.count) }
                return String(decoding: bytes.prefix(start + mark.count), as: UTF8.self)
            }
            try await more()
        }
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let source: AsyncStream<[UInt8]>.Continuation

    init(_ source: AsyncStream<[UInt8]>.Continuation) { self.source = source }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        source.yield(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { source.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
