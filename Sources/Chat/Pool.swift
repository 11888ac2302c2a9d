/// The workers among which a router chooses, and how each is reached. A description only: it opens no connection.
public struct Pool: Sendable, Hashable {
    /// In the order in which they stand in the pool file.
    public var workers: [WorkerSpec]

    public init(workers: [WorkerSpec]) { self.workers = workers }

    public subscript(name: String) -> WorkerSpec? { workers.first { $0.name == name } }
}

/// Where workers live.
public struct Provider: Sendable, Hashable {
    /// The wire's format.
    public enum API: String, Sendable, CaseIterable {
        case openai
        /// There is no wire: what its workers did was recorded elsewhere, and nobody can ask them.
        case recorded
    }

    public var name: String
    public var api: API
    /// Up to and with `/v1`, without a slash at the end; empty where nobody can be asked.
    public var baseURL: String
    /// The environment variable that holds the key; `nil`: none is sent.
    public var keyVariable: String?
    public var timeouts: Timeouts
    /// Calls under way at once, at most, while labels are made; `nil`: as many as it bears, which is found out.
    public var maximumConcurrency: Int?

    public init(
        name: String, api: API = .openai, baseURL: String, keyVariable: String? = nil, timeouts: Timeouts = Timeouts(),
        maximumConcurrency: Int? = nil
    ) {
        precondition(maximumConcurrency ?? 1 > 0, "a provider takes calls, got \(maximumConcurrency ?? 0) at once")
        self.name = name
        self.api = api
        self.baseURL = baseURL
        self.keyVariable = keyVariable
        self.timeouts = timeouts
        self.maximumConcurrency = maximumConcurrency
    }
}

/// One worker of a pool.
public struct WorkerSpec: Sendable, Hashable {
    /// What routers, ledgers and reports call it.
    public var name: String
    public var provider: Provider
    /// What the provider calls it.
    public var model: String
    public var price: Price
    /// Fields that each request gets where it doesn't say otherwise: `temperature`, `max_tokens`, …
    public var sampling: JSONObject
    /// Asking it again gives the same answer.
    public var isDeterministic: Bool

    public init(
        name: String, provider: Provider, model: String, price: Price, sampling: JSONObject = [:], isDeterministic: Bool = false
    ) {
        self.name = name
        self.provider = provider
        self.model = model
        self.price = price
        self.sampling = sampling
        self.isDeterministic = isDeterministic
    }

    /// Whether it can't be asked: all that there is of it are outcomes from elsewhere.
    public var isRecorded: Bool { provider.api == .recorded }

    /// What makes answers comparable: provider, model and sampling, as canonical JSON. Neither address, timeouts nor
    /// price are in it, so a provider may move, and a price change, without asking anything again.
    public var identity: [UInt8] {
        JSON.object([
            "api": .string(provider.api.rawValue), "provider": .string(provider.name), "model": .string(model),
            "sampling": .object(sampling),
        ]).canonicalBytes
    }

    /// `request` as this worker's provider takes it: the model's name, and sampling where the request is silent.
    public func completing(_ request: ChatRequest) -> ChatRequest {
        var request = request
        request.model = model
        for member in sampling.members where request.json[member.key] == nil { request.json[member.key] = member.value }
        return request
    }
}
