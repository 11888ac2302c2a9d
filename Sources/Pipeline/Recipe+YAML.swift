import Tensors
import Evolution
import Backbones
import Chat
public import Foundation
import Routing
import Tokenizers

extension Recipe {
    /// The recipe with every key, as YAML; paths are relative to `folder`, where the text is to stand.
    public func yaml(relativeTo folder: URL) -> String {
        func list(_ values: [Double]?) -> String {
            values.map { $0.count == 1 ? $0[0].short : "[\($0.map(\.short).joined(separator: ", "))]" } ?? "auto"
        }
        return """
            version: 1
            name: \(quoted(name))
            seed: \(seed)
            model: \(quoted(relativePath(of: model, from: folder)))
            \(sourceLines(relativeTo: folder).joined(separator: "\n"))
            embed:
              prompt: \(embed.prompt?.rawValue ?? "auto")
              system: \(embed.system.map(quoted) ?? "none")
              readout: \(embed.readout?.rawValue ?? "auto")
              layers: \(embed.layers?.text ?? "auto")
              normalize: \(embed.normalize.map(String.init) ?? "auto")
              precision: \(embed.precision.rawValue)
              max_tokens: \(embed.maxTokens.map(String.init) ?? "auto")
              cut: \(embed.cut.rawValue)
            sft:
              method: \(sft.method.rawValue)
              temperature: \(list(sft.temperatures))
              ridge: \(list(sft.ridges))
              kappa: \(sft.kappa.short)
            evolve:
              environment: \(evolve.environment.rawValue)
              draws: \(evolve.draws.rawValue)
              start: \(evolve.start.rawValue)
              action: \(evolve.action?.rawValue ?? "auto")
              sigma: \(list(evolve.sigmas))
              popsize: \(evolve.popsize.map(String.init) ?? "auto")
              generations: \(evolve.generations)
              validate_every: \(evolve.validateEvery)
              target: \(evolve.target.map(\.short) ?? "none")
              stop: \(evolve.stop.rawValue)
              step_control: \(evolve.stepControl?.rawValue ?? "auto")
              weights: \(evolve.weights?.rawValue ?? "auto")
              sampling: \(evolve.sampling?.rawValue ?? "auto")
              learning: \(evolve.learning?.rawValue ?? "auto")
              mean_rate: \(evolve.meanRate?.short ?? "auto")
              batch: \(evolve.batch.map(String.init) ?? "all")
              replications: \(evolve.replications)
              hours: \(evolve.hours.map(\.short) ?? "none")
              budget: \(evolve.budget.map(\.description) ?? "none")
            evaluate:
              bootstrap: \(evaluate.bootstrap)

            """
    }

    private func sourceLines(relativeTo folder: URL) -> [String] {
        func path(_ url: URL) -> String { quoted(relativePath(of: url, from: folder)) }
        switch source {
        case .recorded(let outcomes, let split): return ["outcomes: \(path(outcomes))", "split: \(quoted(split))"]
        case .live(let live):
            func lines(_ name: String, _ part: LiveSettings.TaskPart) -> [String] {
                ["  \(name): \(path(part.file))", "  \(name)_rows: \(part.rows.map(String.init) ?? "all")"]
            }
            var pool = "offline"
            if case .file(let file) = live.pool { pool = path(file) }
            return ["pool: \(pool)", "tasks:"] + lines("train", live.train) + lines("validation", live.validation)
                + lines("test", live.test)
                + ["label:", "  repeats: \(live.repeats)", "  budget: \(live.budget.map(\.description) ?? "none")"]
        }
    }

    /// A YAML scalar: plain where that is safe, else in double quotes; JSON's escapes are YAML's.
    private func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_./".unicodeScalars.contains(scalar))
        }
        let first = text.unicodeScalars.first
        if plain, first?.properties.isAlphabetic == true || first == "." || first == "/" { return text }
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            // Controls, and what YAML takes for the end of a line.
            case _
            where scalar.properties.generalCategory == .control || "\u{2028}\u{2029}\u{FEFF}".unicodeScalars.contains(scalar):
                String(format: "\\u%04X", scalar.value)
            default: "\(scalar)"
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}

/// `target` as a path from `folder`, both absolute.
func relativePath(of target: URL, from folder: URL) -> String {
    let to = target.standardizedFileURL.pathComponents, from = folder.standardizedFileURL.pathComponents
    let common = zip(to, from).prefix { $0 == $1 }.count
    let parts = Array(repeating: "..", count: from.count - common) + to[common...]
    return parts.isEmpty ? "." : parts.joined(separator: "/")
}
