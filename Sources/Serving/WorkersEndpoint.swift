public import Chat

/// Workers that are asked for by their names: nothing is decided.
public struct WorkersEndpoint: Endpoint {
    public let models: [String]
    private let workers: [String: any Worker]

    /// Of two workers with one name the first counts.
    public init(_ workers: [(name: String, worker: any Worker)]) {
        models = workers.map(\.name)
        self.workers = Dictionary(workers.map { ($0.name, $0.worker) }) { first, _ in first }
    }

    public func route(_ request: ChatRequest) async throws -> Route {
        let name = request.model ?? ""
        guard let worker = workers[name] else { throw ServingError.unknownModel(name) }
        return Route(worker: name, caller: worker, request: request)
    }
}
