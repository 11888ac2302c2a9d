/// How long each phase of a call may take.
public struct Timeouts: Sendable, Hashable {
    /// Until there is a connection and the request is on its way, waiting for a free one included.
    public var connect: Duration
    /// From there until the reply begins: a model that thinks before it writes is silent here.
    public var firstByte: Duration
    /// Between two pieces of the reply.
    public var stall: Duration
    /// The whole call.
    public var whole: Duration

    public init(
        connect: Duration = .seconds(10), firstByte: Duration = .seconds(300), stall: Duration = .seconds(120),
        whole: Duration = .seconds(900)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.stall = stall
        self.whole = whole
    }
}
