import Chat
import GRDB

extension CallRecord {
    /// The columns that `init(_:of:)` reads; a condition may follow.
    static let selection = """
        SELECT id, worker, request, repeat, state, source, attempt, ending, prompt_tokens, cached_tokens, completion_tokens,
        tokens_estimated, latency_us, revision, cost, unsettled, failure_kind, failure FROM calls
        """

    /// A row of ``selection``, which names worker and request by their rows' numbers only.
    init(_ row: Row, of key: CallKey) throws {
        id = row[0]
        self.key = key
        state = try Self.state(row[4])
        source = row[5] == Source.imported.rawValue ? .imported : .asked
        attempts = row[6]
        ending = (row[7] as String?).flatMap(Ending.init(rawValue:))
        usage = (row[8] as Int?).map {
            Usage(promptTokens: $0, completionTokens: row[10] ?? 0, cachedTokens: row[9] ?? 0, isEstimated: row[11] ?? false)
        }
        latency = (row[12] as Int64?).map { .microseconds($0) }
        revision = row[13]
        cost = Money(nanos: row[14])
        unsettled = Money(nanos: row[15])
        failure = (row[16] as String?).map { Failure(kind: $0, message: row[17] ?? "") }
    }

    static func state(_ text: String) throws -> State {
        guard let state = State(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a call of unknown state")
        }
        return state
    }
}
