import Files
public import Foundation

/// The folder of one run. Everything in it is append-only or replaced whole.
public struct RunDirectory: Sendable, Equatable {
    public let url: URL

    /// The run in `url`, which need not exist yet.
    public init(_ url: URL) { self.url = url.standardizedFileURL }

    /// The resolved recipe.
    public var recipe: URL { url.appendingPathComponent("recipe.yaml") }
    /// Every reply, grade and cent of a live run.
    public var ledger: URL { url.appendingPathComponent("ledger.sqlite") }
    /// Hidden states of all tasks.
    public var states: URL { url.appendingPathComponent("states.h5") }
    /// The head after SFT.
    public var sft: URL { checkpoints.appendingPathComponent("sft.h5") }
    /// Where checkpoints are.
    public var checkpoints: URL { url.appendingPathComponent("checkpoints") }
    /// One JSON line a generation.
    public var metrics: URL { url.appendingPathComponent("metrics.jsonl") }
    /// How long each generation took: one JSON line each, the only file of a search that differs from one machine to another.
    public var timing: URL { url.appendingPathComponent("timing.jsonl") }
    /// The verdict, for programs and for people.
    public var report: URL { url.appendingPathComponent("report.json") }
    public var htmlReport: URL { url.appendingPathComponent("report.html") }
    /// The router bundle.
    public var router: URL { url.appendingPathComponent("router") }

    /// The search after `generation`.
    public func checkpoint(generation: Int) -> URL {
        let digits = String(generation)
        let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return checkpoints.appendingPathComponent("gen-\(padded).h5")
    }

    /// Generations whose checkpoints are in the folder, ascending.
    public var checkpointedGenerations: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints.path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("gen-"), name.hasSuffix(".h5") else { return nil }
            return Int(name.dropFirst(4).dropLast(3))
        }.sorted()
    }

    func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

    /// Throws ``InputError`` naming the stage to run first, unless `file` is there.
    func require(_ file: URL, from stage: Stage) throws {
        guard exists(file) else {
            throw InputError(file.path, "no such file; run `baton \(stage.rawValue) \(url.path)` first")
        }
    }
}

/// The stages of a run, in their order.
public enum Stage: String, Codable, Sendable, CaseIterable {
    case label, embed, sft, evolve, evaluate, export

    /// Whether this stage is done by a run to `last`.
    public func isBeforeOrAt(_ last: Stage) -> Bool {
        (Self.allCases.firstIndex(of: self) ?? 0) <= (Self.allCases.firstIndex(of: last) ?? 0)
    }
}
