import ArgumentParser
import Files
import Foundation
import Pipeline
import Serving

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "A trained router and its pool, behind one OpenAI-compatible endpoint.",
        discussion: """
            The request's model is the recipe's name or "baton"; a worker's name calls that worker. \
            {"baton": {"without": ["WORKER"]}} in a request leaves workers out.

            Example: baton serve runs/demo/router --pool pool.yaml --port 8080
            """)

    @Argument(help: "The folder of a router bundle.") var bundle: String
    @Option(help: ArgumentHelp("A pool file, or offline.", valueName: "pool")) var pool: String
    @Option(help: "The backbone's folder, where it moved.") var model: String?
    @Option(help: "The address to listen on.") var host = "127.0.0.1"
    @Option(help: "The port; 0 takes a free one.") var port = 8080
    @Option(help: ArgumentHelp("Leave this worker out; may be repeated.", valueName: "worker")) var without: [String] = []
    @Flag(name: .customLong("no-receipt"), help: "No x-baton-… headers.") var hidesReceipt = false
    @Option(help: ArgumentHelp("Keep transcripts of all requests here.", valueName: "dir")) var record: String?
    @Option(
        name: .customLong("prefix-memory"),
        help: ArgumentHelp(
            "With a decoder: what requests began with is kept in so much memory, such as 256MB or 2GB; 0 keeps nothing.",
            valueName: "size"))
    var prefixMemory = ByteCount.megabytes(512)
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("--port: expected 0 to 65535, got \(port)") }
    }

    func run() throws {
        let progress = ProgressLine(quiet: common.quiet), place = LiveAccess.place(pool), excluded = Set(without)
        let router = try LoadedRouter(
            reading: URL(fileURLWithPath: bundle), model: model.map { URL(fileURLWithPath: $0) },
            prefixMemory: prefixMemory.bytes, threads: common.workforce)
        guard router.bundle.manifest.roles.isEmpty else {
            throw InputError(
                bundle, "gives roles, which need turns of several workers and are not served yet; ask `baton route`")
        }
        let open = try Blocking.wait { try await LiveAccess.access.open(place) }
        let outcome = Result {
            let endpoint = try RouterEndpoint(router: router, pool: open, excluded: excluded) { progress.note($0) }
            let transcripts = try record.map { folder in
                try TranscriptFolder(URL(fileURLWithPath: folder)) { progress.note("warning: a transcript is lost: \($0)") }
            }
            var options = ChatServer.Options()
            options.givesReceipt = !hidesReceipt
            if let transcripts { options.record = { transcripts.record($0) } }
            let server = ChatServer(endpoint: endpoint, host: host, port: port, options: options), host = host
            try ServerLoop.run(server, untilInputEnds: false) { Output.line("listening on http://\(host):\($0)") }
            transcripts?.finish()
        }
        _ = try? Blocking.wait { await open.close() }
        try outcome.get()
    }
}
