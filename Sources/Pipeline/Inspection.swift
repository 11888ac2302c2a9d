import Evolution
import Files
public import Foundation
import HDF5
import Ledger
import Routing
import Tensors

/// What is in any file that we write, and in model files, as lines for people.
public enum Inspection {
    /// Lines that describe `path`: a run folder, a bundle, an HDF5 file, safetensors, a recipe, JSON.
    ///
    /// Throws one line where the file is damaged or isn't one of these.
    public static func lines(of url: URL) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw InputError(url.path, "no such file or folder")
        }
        if isFolder.boolValue { return try folder(url) }
        switch url.pathExtension {
        case "h5": return try hdf5(url)
        case "safetensors": return try safetensors(url)
        case "json" where url.lastPathComponent == "report.json": return try (try? RunReport(reading: url).lines) ?? json(url)
        case "json", "jsonl": return try json(url)
        case "sqlite": return try ledger(url)
        case "yaml", "yml":
            let recipe = try Recipe(reading: url)
            return recipe.yaml(relativeTo: url.deletingLastPathComponent()).split(separator: "\n").map(String.init)
        default:
            throw InputError(url.path, "is of no kind that baton writes (.h5, .safetensors, .sqlite, .json, .jsonl, .yaml)")
        }
    }

    private static func folder(_ url: URL) throws -> [String] {
        if FileManager.default.fileExists(atPath: url.appendingPathComponent("router.json").path) { return try bundle(url) }
        let run = RunDirectory(url)
        guard run.exists(run.recipe) else {
            throw InputError(url.path, "is neither a run nor a router bundle: no recipe.yaml, no router.json")
        }
        let recipe = try Recipe(reading: run.recipe)
        var lines = ["run \(recipe.name), \(recipe.sourceLine)"]
        lines.append(
            "states.h5        \(run.exists(run.states) ? "\(try States(reading: run.states).ids.count) states" : "not yet")")
        lines.append(
            "sft.h5           \(run.exists(run.sft) ? "validation reward \(try SFTCheckpoint(reading: run.sft).trained.validationReward.fixed(4))" : "not yet")"
        )
        if let generation = run.checkpointedGenerations.last {
            let checkpoint = try Checkpoint(reading: run.checkpoint(generation: generation)), kept = checkpoint.search.kept
            lines.append(
                "checkpoints      \(generation) of \(checkpoint.aim.generations) generations, \(kept.generation) kept at validation "
                    + "reward \(kept.validationReward.fixed(4))")
        } else {
            lines.append("checkpoints      not yet")
        }
        if run.exists(run.ledger) { lines.append("ledger           \(try ledger(run.ledger).joined(separator: ", "))") }
        lines.append("report           \(run.exists(run.report) ? run.htmlReport.path : "not yet")")
        if let report = try? RunReport(reading: run.report) { lines += report.lines.map { "  " + $0 } }
        if run.exists(run.router.appendingPathComponent("router.json")) {
            lines.append(contentsOf: try bundle(run.router))
        } else {
            lines.append("router           not yet")
        }
        return lines
    }

    private static func bundle(_ url: URL) throws -> [String] {
        let bundle = try RouterBundle(reading: url), manifest = bundle.manifest
        let embed = manifest.embed, layers = embed.layers.map(String.init).joined(separator: ", ")
        var lines = [
            "router \(manifest.name), format \(manifest.format)",
            "workers          \(manifest.workers.joined(separator: ", "))",
            "backbone         \(manifest.backbone.name), width \(manifest.backbone.width), sha256 \(manifest.backbone.sha256)",
            "embed            \(embed.prompt), \(embed.readout) of layers \(layers), normalize \(embed.normalize), at most \(embed.maxTokens) tokens, cut at the \(embed.cut ?? "tail")",
            "head             \(bundle.policy.head.weight.shape), root mean square \(bundle.policy.head.rootMeanSquare.fixed(4))",
            "prior            \(bundle.policy.prior.map { "\($0.table.rows) domains" } ?? "none")",
            "probes           \(manifest.probes.count)",
        ]
        if !manifest.roles.isEmpty { lines.insert("roles            \(manifest.roles.joined(separator: ", "))", at: 2) }
        if let scales = manifest.scales {
            lines.append(
                "scales           \(bundle.offsets?.count ?? 0) offsets of layer \(scales.layer), tables \(scales.embedding)")
        }
        let origin = manifest.provenance
        if let vector = origin.vector { lines.append("imported         a vector with sha256 \(vector)") }
        if let generation = origin.generation, let reward = origin.validationReward {
            lines.append("kept             generation \(generation), validation reward \(reward.fixed(4))")
        }
        return lines
    }

    private static func ledger(_ url: URL) throws -> [String] {
        try Blocking.wait {
            try await LedgerReader.read(url) { reader in
                let asked = try await reader.callCounts(.asked), spending = try await reader.spending()
                let imported = try await reader.callCounts(.imported).values.reduce(0, +)
                let states =
                    CallRecord.State.allCases.compactMap { state in asked[state].map { "\($0) \(state.rawValue)" } }
                    + (imported > 0 ? ["\(imported) imported"] : [])
                return [
                    "\(asked.values.reduce(imported, +)) calls: \(states.joined(separator: ", "))",
                    "\(spending.attempts) attempts",
                    "\(spending.spent) spent, \(spending.unsettled) perhaps spent",
                ]
            }
        }
    }

    private static func hdf5(_ url: URL) throws -> [String] {
        let archive = try HDF5File(reading: url.path)
        func attributes(_ object: String) throws -> [String] {
            try archive.attributes(of: object).map { "  @\($0.name) = \($0.value)" }
        }
        var lines = ["/"] + (try attributes("/"))
        for entry in try archive.entries() {
            lines.append(line(entry))
            lines.append(contentsOf: try attributes(entry.name))
        }
        return lines
    }

    private static func line(_ entry: HDF5Entry) -> String {
        switch entry.kind {
        case .group: "\(entry.name)/"
        case .dataset(let type, let shape): "\(entry.name)  \(type) \(shape)"
        }
    }

    private static func safetensors(_ url: URL) throws -> [String] {
        let weights = try MappedWeights(reading: url)
        return weights.names.map { "\($0)  \(weights.type(of: $0).map { "\($0)" } ?? "") \(weights.shape(of: $0) ?? [])" }
    }

    private static func json(_ url: URL) throws -> [String] {
        var lines = 0
        if url.pathExtension == "jsonl" {
            var first = ""
            try JSONLines.forEach(in: url) { line, number in
                guard (try? JSONSerialization.jsonObject(with: line, options: .fragmentsAllowed)) != nil else {
                    throw InputError("\(url.path):\(number)", "is not JSON")
                }
                if lines == 0 { first = String(decoding: line, as: UTF8.self) }
                lines += 1
            }
            return ["\(lines) lines", "first: \(first.prefix(400))"]
        }
        guard let object = try? JSONSerialization.jsonObject(with: readFile(url), options: .fragmentsAllowed),
            let text = try? JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .fragmentsAllowed])
        else { throw InputError(url.path, "is not JSON") }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
