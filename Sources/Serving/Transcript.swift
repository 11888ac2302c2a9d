public import Chat
public import Foundation

/// One chat request and what came of it, as given to whoever records.
public struct Transcript: Sendable {
    /// The request's `x-request-id`.
    public var id: String
    /// When the request had been read.
    public var began: Date
    /// From then until the end of the reply.
    public var duration: Duration
    /// As the client sent it.
    public var request: ChatRequest
    /// Who was to answer; `nil` where the request could not be routed.
    public var worker: String?
    /// The policy's probability of that worker; `nil` where the client named it.
    public var probability: Double?
    /// HTTP status of the reply.
    public var status: Int
    /// The whole reply, the chunks of a stream as an array, or the error that the client was told.
    public var reply: JSON
    /// What was used and what that costs; `nil` where there was no answer.
    public var usage: Usage?, cost: Money?

    /// One object; money as a decimal in a text, so that nothing rounds it.
    public var json: JSON {
        [
            "id": .string(id), "began": JSON(began.timeIntervalSince1970), "seconds": JSON(duration / .seconds(1)),
            "worker": worker.map { .string($0) } ?? .null, "probability": probability.map { JSON($0) } ?? .null,
            "status": JSON(status), "usage": usage?.json ?? .null, "cost": cost.map { .string($0.description) } ?? .null,
            "request": .object(request.json), "reply": reply,
        ]
    }
}
