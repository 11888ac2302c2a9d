import ArgumentParser
import Foundation
import Pipeline

struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed", abstract: "Hidden states of a run's tasks, or of any texts.",
        discussion: """
            Example: baton embed runs/demo
            Example: baton embed --model Models/all-MiniLM-L6-v2 --input texts.jsonl --output states.h5
            Example: baton embed --model Models/Qwen3-0.6B --chat --system 'Who should answer?' --input texts.jsonl --output states.h5
            """)

    @Argument(help: ArgumentHelp("A recipe file, or the folder of a run.", valueName: "run")) var path: String?
    @Option(name: .customLong("run"), help: ArgumentHelp("Where the run is kept (default: runs/NAME).", valueName: "dir"))
    var folder: String?
    @Option(help: ArgumentHelp("Texts: {\"id\": …, \"text\": …} a line, or task rows.", valueName: "jsonl")) var input: String?
    @Option(help: ArgumentHelp("Where the states go.", valueName: "h5")) var output: String?
    @Option(help: "penultimate, last, cls or mean") var readout: String?
    @Flag(help: "Scale each state to length 1.") var normalize = false
    @Option(help: "f32, bf16, f16 or int8") var precision: String?
    @Option(name: .customLong("max-tokens"), help: "Where texts are cut.") var maxTokens: String?
    @Flag(help: "Put each text into the model's chat template.") var chat = false
    @Option(help: "With --chat: an instruction before the text.") var system: String?
    @OptionGroup var common: CommonOptions
    @OptionGroup(title: "Recipe") var source: SourceKeys
    @OptionGroup var keys: RecipeKeys

    private struct Result: Encodable {
        var states: Int, width: Int
        var output: String
        /// Texts that were too long, and the id of the first one.
        var cut: Int, first_cut: String?
    }

    func validate() throws {
        if path == nil && (source.model == nil || input == nil || output == nil) {
            throw ValidationError("give a run, or --model, --input and --output")
        }
        if system != nil && !chat { throw ValidationError("--system goes with --chat") }
        if path != nil && (input != nil || output != nil) { throw ValidationError("give a run or --input, not both") }
    }

    private var overrides: [(key: String, value: String)] {
        let short: [(String, String?)] = [
            ("embed.readout", readout), ("embed.normalize", normalize ? "true" : nil), ("embed.precision", precision),
            ("embed.max_tokens", maxTokens), ("embed.prompt", chat ? "chat" : nil), ("embed.system", system),
        ]
        return keys.overrides + short.compactMap { key, value in value.map { (key: key, value: $0) } }
    }

    func run() throws {
        let progress = ProgressLine(quiet: common.quiet)
        if let path {
            let run = try Run(
                opening: path, folder: folder, overrides: source.overrides + overrides, threads: common.workforce,
                monitor: progress.monitor)
            let report = try run.run(.embed)
            progress.note("embed: \(report.detail)")
            if common.json { try Output.json(report) }
            return
        }
        guard let model = source.model, let input, let output else { return }
        let embedding = try Embedding(
            model: URL(fileURLWithPath: model), settings: EmbedSettings(overrides: overrides), ofTexts: true)
        let embedded = try TextEmbedding(embedding: embedding, threads: common.workforce, monitor: progress.monitor)
            .embed(URL(fileURLWithPath: input), into: URL(fileURLWithPath: output))
        progress.note(
            "embed: \(embedded.count) states of width \(embedding.width) in \(output)\(embedded.cuts.note(embedding.provenance))"
        )
        if common.json {
            try Output.json(
                Result(
                    states: embedded.count, width: embedding.width, output: output, cut: embedded.cuts.count,
                    first_cut: embedded.cuts.first))
        }
    }
}
