import AsyncHTTPClient
public import Chat
import NIOCore
import NIOHTTP1

extension OpenAIWorker {
    /// As `Worker` says; the usage chunk is always asked for. A consumer whose task is cancelled sees the stream end.
    public func events(
        for request: ChatRequest, in context: CallContext
    ) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        var completed = spec.completing(request)
        completed.json["stream"] = true
        var options = completed.json["stream_options"]?.object ?? [:]
        options["include_usage"] = true
        completed.json["stream_options"] = .object(options)

        let (exchange, bytes) = try await open(completed, isStreamed: true, context)
        let call = StreamedCall(exchange)
        guard let head = exchange.head else { throw failure(.malformed, "the reply has no head") }
        let status = ProviderStatus(head)
        let type = status.headers.first(name: "content-type") ?? "no content type"
        guard status.isSuccess, type.lowercased().hasPrefix("text/event-stream") else {
            throw try await noStream(exchange, begunWith: bytes, status, type)
        }
        var chunks = Chunks(call: call, worker: self, status: status)
        try chunks.take(bytes)
        guard let first = try await chunks.next() else {
            throw failure(.interrupted, "status \(status.status): the stream ends before it begins", status)
        }
        let reader = Reader(first: first, chunks: chunks)
        return AsyncThrowingStream { try await reader.next() }
    }

    private func noStream(
        _ exchange: Exchange, begunWith bytes: ByteBuffer, _ status: ProviderStatus, _ type: String
    ) async throws -> any Error {
        var body = bytes
        do {
            if let rest = try await exchange.read(all: true) { body.writeImmutableBuffer(rest) }
        } catch {
            // A refusal is one also where its explanation was cut.
            if status.isSuccess || error is CancellationError { return failure(error) }
        }
        guard status.isSuccess else { return refusal(status, body: body) }
        if let error = (try? JSON(parsing: Array(body.readableBytesView)))?["error"], !error.isNull {
            return failure(.overloaded, "status \(status.status): the reply carries an error: \(said(error))", status)
        }
        return failure(.malformed, "status \(status.status): a stream was asked for, and \(type) came", status)
    }

    fileprivate func said(_ error: JSON) -> String { redactor.excerpt(error["message"]?.string ?? error.string ?? error.text) }

    /// Ends its exchange with its own life: a consumer that lets go of the stream closes the connection.
    fileprivate final class StreamedCall: Sendable {
        let exchange: Exchange
        init(_ exchange: Exchange) { self.exchange = exchange }
        deinit { exchange.cancel() }
    }

    /// Bytes to chunks. A value, read by one consumer at a time.
    fileprivate struct Chunks: Sendable {
        let call: StreamedCall
        let worker: OpenAIWorker
        let status: ProviderStatus
        private var events = ServerSentEvents()
        private var ready: [JSONObject] = []
        private var taken = 0
        private var failed: CallFailure?
        private var isDone = false, hasFinishReason = false

        init(call: StreamedCall, worker: OpenAIWorker, status: ProviderStatus) {
            self.call = call
            self.worker = worker
            self.status = status
        }

        mutating func next() async throws -> JSONObject? {
            while taken == ready.count {
                if let failed {
                    call.exchange.cancel()
                    throw failed
                }
                if isDone {
                    call.exchange.abandon()
                    return nil
                }
                do {
                    guard let bytes = try await call.exchange.read(all: false) else {
                        guard hasFinishReason else {
                            throw worker.failure(.interrupted, "in the middle of the reply: the stream has no end", status)
                        }
                        return nil
                    }
                    try take(bytes)
                } catch {
                    throw worker.failure(error)
                }
            }
            defer { taken += 1 }
            return ready[taken]
        }

        /// Puts the chunks that end in `bytes` where ``next()`` finds them; what is wrong is told behind them.
        mutating func take(_ bytes: ByteBuffer) throws {
            ready.removeAll(keepingCapacity: true)
            taken = 0
            do {
                for data in try events.take(Array(bytes.readableBytesView)) where !isDone && failed == nil { take(data) }
            } catch {
                failed = worker.failure(error.kind, error.message, status)
            }
        }

        private mutating func take(_ data: [UInt8]) {
            if data.elementsEqual("[DONE]".utf8) {
                isDone = true
                return
            }
            guard let chunk = (try? JSON(parsing: worker.redactor.redact(data)))?.object else {
                failed = worker.failure(
                    .malformed,
                    "in the middle of the reply: an event is no JSON object: \(String(decoding: data.prefix(256), as: UTF8.self))",
                    status)
                return
            }
            if let error = chunk["error"], !error.isNull {
                failed = worker.failure(.overloaded, "in the middle of the reply: an error: \(worker.said(error))", status)
                return
            }
            if chunk["choices"]?.array?.contains(where: { $0["finish_reason"]?.string != nil }) == true {
                hasFinishReason = true
            }
            ready.append(chunk)
        }
    }

    /// Where the consumer's iteration stands. An actor because the stream's closure may be called from any task.
    fileprivate actor Reader {
        private var first: JSONObject?
        private var chunks: Chunks

        init(first: JSONObject, chunks: Chunks) {
            self.first = first
            self.chunks = chunks
        }

        func next() async throws -> JSONObject? {
            if let first {
                self.first = nil
                return first
            }
            // Copied out and in: an actor's state may not be held over a wait.
            var chunks = chunks
            defer { self.chunks = chunks }
            return try await chunks.next()
        }
    }
}
