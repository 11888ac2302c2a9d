import ArgumentParser
import Chat
import Files
import Foundation
import OfflineWorkers
import Pipeline
import Serving

struct WorkersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "The offline pool: real programs behind an OpenAI-compatible server.",
        discussion: """
            Once all workers answer, prints the path of a pool file that names them, and stays until it is stopped.

            Example: baton workers --port 8081
            """)

    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(help: "The port; 0 takes a free one.") var port = 0
    /// For the process that starts this one: it ends with its parent.
    @Flag(help: .hidden) var untilInputEnds = false
    @OptionGroup var common: CommonOptions

    func run() throws {
        let pool = try OfflinePool()
        let endpoint = WorkersEndpoint(pool.names.compactMap { name in pool.worker(named: name).map { (name, $0) } })
        var options = ChatServer.Options()
        options.givesReceipt = false
        let server = ChatServer(endpoint: endpoint, host: host, port: port, options: options)
        let folder = FileManager.default.temporaryDirectory
        let file = folder.appendingPathComponent("baton-workers-\(getpid()).yaml"), host = host
        defer { try? FileManager.default.removeItem(at: file) }
        try ServerLoop.run(server, untilInputEnds: untilInputEnds) { port in
            let base = "http://\(host):\(port)"
            try Durable.replace(file, by: Data(OfflinePool.pool(baseURL: base + "/v1").poolFile.utf8))
            Output.line("listening on \(base)")
            Output.line(file.path)
        }
    }
}
