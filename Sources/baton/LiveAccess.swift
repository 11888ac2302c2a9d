import Chat
import Files
import Foundation
import HTTPWorkers
import OfflineWorkers
import Pipeline

/// How the command reaches workers: over HTTP, the offline pool in a process of its own.
enum LiveAccess {
    static let access = PoolAccess(describe: describe, check: check, open: open)

    /// `offline`, or a pool file.
    static func place(_ text: String) -> LiveSettings.PoolPlace {
        text == "offline" ? .offline : .file(URL(fileURLWithPath: text))
    }

    private static func describe(_ place: LiveSettings.PoolPlace) throws -> Pool {
        switch place {
        case .offline: OfflinePool.pool(baseURL: "http://127.0.0.1/v1")
        case .file(let file): try Pool(reading: file)
        }
    }

    private static func check(_ place: LiveSettings.PoolPlace) throws {
        guard case .file(let file) = place else { return }
        for worker in try Pool(reading: file).workers { _ = try Secret.of(worker.provider, in: file.path) }
    }

    private static func open(_ place: LiveSettings.PoolPlace) async throws -> PoolAccess.Open {
        switch place {
        case .file(let file):
            return try connect(Pool(reading: file), in: file.path, closing: {})
        case .offline:
            let process = try OfflineProcess()
            do {
                let file = process.poolFile
                return try connect(Pool(reading: file), in: file.path, closing: { process.stop() })
            } catch {
                process.stop()
                throw error
            }
        }
    }

    private static func connect(_ pool: Pool, in file: String, closing: @escaping @Sendable () -> Void) throws
        -> PoolAccess.Open
    {
        // Each provider's own limit comes first; this one must not be below it.
        let patience = pool.workers.map(\.provider.timeouts.connect).max() ?? Timeouts().connect
        let connections = HTTPConnections(connectTimeout: patience)
        do {
            let callers: [any Worker] = try pool.workers.map { spec in
                switch spec.provider.api {
                case .openai:
                    try OpenAIWorker(spec: spec, key: Secret.of(spec.provider, in: file), connections: connections)
                case .recorded: RecordedWorker()
                }
            }
            return PoolAccess.Open(
                pool: pool, callers: callers,
                close: {
                    await connections.shutdown()
                    closing()
                })
        } catch {
            Task { await connections.shutdown() }
            throw error
        }
    }
}

/// Stands where a pool's worker can't be asked. Nobody calls it: plans ask no recorded worker, routers leave them out.
private struct RecordedWorker: Worker {
    private let failure = CallFailure(.rejected, "its outcomes were recorded elsewhere; it cannot be asked")

    func reply(to request: ChatRequest, in context: CallContext) async throws -> Reply { throw failure }

    func events(for request: ChatRequest, in context: CallContext) async throws -> AsyncThrowingStream<JSONObject, any Error> {
        throw failure
    }
}

extension Secret {
    /// The key of a provider of the pool `file`, from the environment; `nil` where it takes none.
    static func of(_ provider: Provider, in file: String) throws -> Secret? {
        try provider.keyVariable.map { try Secret.fromEnvironment($0, place: "\(file): provider \(provider.name)") }
    }
}
