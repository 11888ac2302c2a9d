import Chat
import Files
import Pipeline
import Serving
import Tokenizers

/// A trained router over its pool, as what stands behind the server: requests for the router's name are decided, requests
/// for a worker's name go to that worker.
struct RouterEndpoint: Endpoint {
    private let router: LoadedRouter
    private let workers: [String: (spec: WorkerSpec, caller: any Worker)]
    /// Workers that are never asked: left out by the user, or missing in the pool.
    private let excluded: Set<String>
    private let health: WorkerHealth
    private let passes: PassLanes

    /// The router's own names, then those of the workers that may be asked.
    let models: [String]

    /// `excluded` are workers to leave out. `note` takes a line for each worker of the bundle that the pool lacks.
    ///
    /// Throws ``InputError`` where a name is unknown, or no worker is left.
    init(router: LoadedRouter, pool: PoolAccess.Open, excluded: Set<String>, note: (String) -> Void) throws {
        let known = router.bundle.manifest.workers
        if let unknown = excluded.subtracting(known).min() {
            throw InputError("--without", "unknown worker \"\(unknown)\"; the bundle has \(known.joined(separator: ", "))")
        }
        var workers: [String: (spec: WorkerSpec, caller: any Worker)] = [:]
        let health = WorkerHealth()
        for (spec, caller) in zip(pool.pool.workers, pool.callers) where known.contains(spec.name) && !spec.isRecorded {
            workers[spec.name] = (spec, WatchedWorker(name: spec.name, worker: caller, health: health))
        }
        let missing = known.filter { workers[$0] == nil }
        let allowed = known.filter { !excluded.contains($0) && workers[$0] != nil }
        guard !allowed.isEmpty else {
            let hint = known.contains { pool.pool[$0]?.isRecorded == true } ? "; recorded ones cannot be asked" : ""
            throw InputError("--pool", "no worker of the bundle is left; it has \(known.joined(separator: ", "))\(hint)")
        }
        for name in missing {
            let reason = pool.pool[name] == nil ? "the pool has no worker \"\(name)\"" : "worker \"\(name)\" is recorded"
            note("warning: \(reason); it is left out")
        }
        self.router = router
        passes = PassLanes(router)
        self.workers = workers
        self.excluded = excluded.union(missing)
        self.health = health
        let name = router.bundle.manifest.name
        models = (name == "baton" ? ["baton"] : [name, "baton"]) + allowed.filter { $0 != name }
    }

    func route(_ request: ChatRequest) async throws -> Route {
        let own = try RoutingWish(request, workers: router.bundle.manifest.workers)
        let model = request.model ?? "baton"
        guard model == "baton" || model == router.bundle.manifest.name else { return try direct(model, own) }
        var masked = excluded.union(own.without)
        let down = health.down.subtracting(masked)
        // Better a worker that was down a moment ago than no answer at all.
        if masked.union(down).count < router.bundle.manifest.workers.count { masked.formUnion(down) }
        guard masked.count < router.bundle.manifest.workers.count else {
            throw ServingError(status: 400, parameter: "baton.without", message: "baton.without leaves no worker")
        }
        let clock = ContinuousClock(), start = clock.now
        let decision = try await passes.decide(Conversation(request), without: masked)
        guard let worker = workers[decision.worker] else {
            throw ServingError(status: 503, type: "server_error", message: "no worker can be asked now")
        }
        return Route(
            worker: decision.worker, caller: worker.caller, request: own.request,
            probability: decision.probabilities[decision.worker], decisionTime: clock.now - start, tokens: decision.tokens,
            cut: decision.cut ? router.cut : nil,
            price: worker.spec.price)
    }

    private func direct(_ model: String, _ wish: RoutingWish) throws -> Route {
        guard let worker = workers[model], !excluded.contains(model), !wish.without.contains(model) else {
            throw ServingError(
                status: 404, code: "model_not_found", parameter: "model",
                message: "the model \"\(model)\" does not exist; there are \(models.joined(separator: ", "))")
        }
        return Route(worker: model, caller: worker.caller, request: wish.request, price: worker.spec.price)
    }
}

/// What a request wishes of the router, `"baton": {"without": [WORKER, …]}`, and the request without it.
struct RoutingWish {
    var request: ChatRequest
    var without: Set<String> = []

    /// Throws ``ServingError`` where the wish has another shape or names an unknown worker.
    init(_ request: ChatRequest, workers: [String]) throws {
        self.request = request
        guard let wish = request.json["baton"] else { return }
        self.request.json["baton"] = nil
        func wrong(_ message: String) -> ServingError { ServingError(status: 400, parameter: "baton", message: message) }
        guard let object = wish.object else {
            throw wrong("baton: expected an object such as {\"without\": [\"\(workers[0])\"]}")
        }
        for member in object.members where member.key != "without" { throw wrong("baton: unknown field \"\(member.key)\"") }
        guard let list = object["without"] else { return }
        guard let names = list.array else { throw wrong("baton.without: expected a list of workers") }
        for name in names {
            guard let text = name.string, workers.contains(text) else {
                throw wrong("baton.without: unknown worker \(name.text); there are \(workers.joined(separator: ", "))")
            }
            without.insert(text)
        }
    }
}
