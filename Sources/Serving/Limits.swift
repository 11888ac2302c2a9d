import NIOCore

/// How long a client may take, on the event loop's clock.
struct Limits: Sendable {
    /// From the first byte of a request to the end of its headers.
    let header: TimeAmount
    /// From the end of the headers to the end of the body, if that is short; each ``minimumRate`` bytes give a second more.
    let body: TimeAmount
    /// Between requests.
    let idle: TimeAmount
    /// Without taking any of what is written.
    let stall: TimeAmount
    /// After the last reply, for the client to notice.
    let linger = TimeAmount.seconds(2)
    /// Bytes a second below which a body isn't waited for.
    let minimumRate: Int64 = 16 << 10

    init(_ options: ChatServer.Options) {
        header = TimeAmount(options.headerTime)
        body = TimeAmount(options.bodyTime)
        idle = TimeAmount(options.idleTime)
        stall = TimeAmount(options.stallTime)
    }

    func body(after bytes: Int) -> TimeAmount { body + .nanoseconds(Int64(bytes) * 1_000_000_000 / minimumRate) }
}
