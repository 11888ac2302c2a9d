import Chat
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

/// One chat request, from its route to the end of its reply.
struct Exchange {
    private let endpoint: any Endpoint
    private let options: ChatServer.Options
    private let id: String
    private let connection: Presence
    private let request: ChatRequest
    /// What the client asked for; the first model where it named none.
    private let model: String
    private let began = Date(), start = ContinuousClock.now

    init(endpoint: any Endpoint, options: ChatServer.Options, id: String, connection: Presence, request: ChatRequest) {
        self.endpoint = endpoint
        self.options = options
        self.id = id
        self.connection = connection
        self.request = request
        model = request.model ?? endpoint.models.first ?? ""
    }

    private enum Opening {
        /// All of the reply, be it a failure.
        case whole(Response)
        case stream(AsyncThrowingStream<JSONObject, any Error>, first: JSONObject, Receipt)
    }

    /// Throws where the client cannot be written to any more.
    func answer(with writer: consuming ResponseWriter) async throws {
        switch await open() {
        case .whole(let response): try await writer.write(response: response.head, body: response.body)
        case .stream(let stream, let first, let receipt):
            var body = try await writer.writeHead(Responses.streamHead(headers(receipt), id))
            let isWhole = try await pass(first, stream, receipt, to: &body)
            // The end of the connection, too, tells a client that there was no [DONE].
            if !isWhole { connection.closeAfterReply() }
            try await body.finish(nil)
        }
    }

    private func open() async -> Opening {
        var receipt: Receipt?
        do {
            var named = request
            named.model = model
            let route = try await endpoint.route(named)
            let given = Receipt(route: route)
            receipt = given
            if request.isStreamed {
                let stream = try await route.caller.events(for: route.request, in: CallContext())
                var chunks = stream.makeAsyncIterator()
                // Until there is a chunk, a failure can still be told by its status.
                guard let first = try await chunks.next() else {
                    try Task.checkCancellation()
                    throw CallFailure(.malformed, "the worker's stream ended before it began")
                }
                return .stream(stream, first: first, given)
            }
            return .whole(whole(try await route.caller.reply(to: route.request, in: CallContext()), given))
        } catch {
            let error = ServingError(reporting: error, clientLeft: connection.clientLeft)
            record(receipt, error.status, error.json, nil)
            return .whole(Responses.failure(error, headers(receipt), id))
        }
    }

    private func whole(_ reply: Reply, _ receipt: Receipt) -> Response {
        let usage = reply.usage
        var json = reply.json, fields = headers(receipt)
        json["model"] = .string(model)
        if options.givesReceipt, let name = Receipt.cost { fields[name] = receipt.cost(of: usage).description }
        record(receipt, 200, .object(json), usage)
        return Responses.success(.object(json), fields, id)
    }

    /// Passes chunks on as they come, the first of which is here; whether the worker's stream came to its end.
    private func pass(
        _ first: JSONObject, _ stream: AsyncThrowingStream<JSONObject, any Error>, _ receipt: Receipt,
        to body: inout some ResponseBodyWriter
    ) async throws -> Bool {
        // A second iterator of the same stream goes on where the first one ended.
        var chunks = stream.makeAsyncIterator(), next: JSONObject? = first, meter = StreamMeter(), sent: [JSON] = []
        func send(_ chunk: JSONObject, to body: inout some ResponseBodyWriter) async throws {
            var chunk = chunk
            chunk["model"] = .string(model)
            if options.record != nil { sent.append(.object(chunk)) }
            try await body.write(ByteBuffer(bytes: ServerSentEvents.event(.object(chunk))))
        }
        do {
            while let chunk = next {
                meter.take(chunk)
                if request.wantsStreamedUsage || !StreamMeter.isUsageAlone(chunk) { try await send(chunk, to: &body) }
                do { next = try await chunks.next() } catch { throw UpstreamFailure(error: error) }
            }
            // A stream that was cancelled ends like one that is complete.
            if Task.isCancelled { throw UpstreamFailure(error: CancellationError()) }
        } catch let failure as UpstreamFailure {
            let error = ServingError(reporting: failure.error, clientLeft: connection.clientLeft)
            record(receipt, error.status, .array(sent + [error.json]), nil)
            try await body.write(ByteBuffer(bytes: Array("event: error\n".utf8) + ServerSentEvents.event(error.json)))
            return false
        } catch {
            record(receipt, 499, .array(sent), nil)
            throw error
        }
        let usage = meter.usage(of: request)
        if request.wantsStreamedUsage, meter.counted == nil { try await send(meter.usageChunk(usage), to: &body) }
        record(receipt, 200, .array(sent), usage)
        let comment = options.givesReceipt ? Receipt.comment(receipt.cost(of: usage)) : []
        try await body.write(ByteBuffer(bytes: comment + ServerSentEvents.done))
        return true
    }

    private struct UpstreamFailure: Error { let error: any Error }

    private func headers(_ receipt: Receipt?) -> HTTPFields {
        options.givesReceipt ? receipt?.headers ?? [:] : [:]
    }

    private func record(_ receipt: Receipt?, _ status: Int, _ reply: JSON, _ usage: Usage?) {
        guard let record = options.record else { return }
        record(
            Transcript(
                id: id, began: began, duration: ContinuousClock.now - start, request: request, worker: receipt?.route.worker,
                probability: receipt?.route.probability, status: status, reply: reply, usage: usage,
                cost: usage.flatMap { receipt?.cost(of: $0) }))
    }
}
