import Chat
import Files
import Foundation
import HTTPWorkers
import OfflineWorkers
import Pipeline

/// How the command reaches workers: over HTTP, the offline pool in a process of its own.
enum LiveAccess {
    static let access = PoolAccess(describe: describe, open: open)

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

    private static func open(_ place: LiveSettings.PoolPlace) async throws -> PoolAccess.Open {
        switch place {
        case .file(let file):
            return try connect(Pool(reading: file), closing: {})
        case .offline:
            let process = try OfflineProcess()
            do { return try connect(Pool(reading: process.poolFile), closing: { process.stop() }) } catch {
                process.stop()
                throw error
            }
        }
    }

    private static func connect(_ pool: Pool, closing: @escaping @Sendable () -> Void) throws -> PoolAccess.Open {
        let connections = HTTPConnections()
        do {
            let callers = try pool.workers.map { spec in
                try OpenAIWorker(spec: spec, key: Secret.of(spec.provider), connections: connections) as any Worker
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

extension Secret {
    /// The key of a provider, from the environment; `nil` where it takes none.
    static func of(_ provider: Provider) throws -> Secret? {
        try provider.keyVariable.map { try Secret.fromEnvironment($0, place: "provider \(provider.name)") }
    }
}
