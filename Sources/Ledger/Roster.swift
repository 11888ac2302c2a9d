public import Chat

/// A worker as the ledger keeps it.
public struct LedgerWorker: Sendable, Hashable {
    /// Under which calls are kept.
    public var fingerprint: String
    /// What people call it; the last registered name wins.
    public var name: String
    /// Canonical JSON of what makes its answers comparable.
    public var identity: String

    public init(fingerprint: String, name: String, identity: String) {
        self.fingerprint = fingerprint
        self.name = name
        self.identity = identity
    }

    public init(_ spec: WorkerSpec) {
        self.init(fingerprint: spec.fingerprint, name: spec.name, identity: String(decoding: spec.identity, as: UTF8.self))
    }
}

/// Which task asks which request: makes the ledger readable without the task file.
public struct LedgerTask: Sendable, Hashable {
    public var id: String
    /// SHA-256 of the grading identity, in hexadecimal digits.
    public var digest: String
    /// ``Chat/ChatRequest/digest``.
    public var request: String

    public init(id: String, digest: String, request: String) {
        self.id = id
        self.digest = digest
        self.request = request
    }
}
