/// What `body` gives or throws; `close` lets go of what it used in any case, before this returns.
public func closing<Value: Sendable>(
    by close: () async -> Void, after body: () async throws -> Value
) async throws -> Value {
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    await close()
    return try outcome.get()
}
