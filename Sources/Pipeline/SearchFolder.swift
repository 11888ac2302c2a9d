import Evolution
import Files
import Foundation

/// The checkpoints and metrics of a run's search on disk: which one goes on, and which ones stay.
struct SearchFolder {
    /// What stands for a search.
    struct Standing {
        /// The newest of this very search that is not beyond the recipe's generations; `nil` where it begins.
        var checkpoint: Checkpoint?
        /// Whether that is the newest of all.
        var isNewest = false
        /// Whether others are in the way, which go first.
        var isInTheWay = false
        /// What is worth a line.
        var notes: [String] = []
    }

    /// Checkpoints that stay, beside the one that validation prefers.
    private static let newestKept = 3

    let run: Run
    private var directory: RunDirectory { run.directory }
    private var aim: SearchAim { SearchAim(run.recipe.evolve) }

    // MARK: Before anything is written

    /// Reads only. Throws ``InputError`` where another search is half finished, or a checkpoint is whole and not ours.
    func standing(for identity: SearchIdentity) throws -> Standing {
        let generations = directory.checkpointedGenerations
        if run.restartsSearch { return Standing(isInTheWay: !generations.isEmpty, notes: ["starting again, as asked"]) }
        var found = Standing()
        guard let newest = try newest(of: generations, notes: &found.notes) else { return found }
        guard newest.key == identity.key else {
            if !newest.isFinished { throw halfFinished(newest, changes: newest.identity.changes(to: identity)) }
            found.notes.append("\(newest.identity.changes(to: identity)) after the search was finished; starting again")
            found.isInTheWay = true
            return found
        }
        if found.notes.isEmpty, let seen = lastMeasured, seen > newest.generation {
            found.notes.append(
                "the checkpoint of generation \(seen) is missing; going on after generation \(newest.generation)")
        }
        if newest.generation <= aim.generations {
            (found.checkpoint, found.isNewest) = (newest, true)
        } else {
            found.checkpoint = try self.newest(of: generations.filter { $0 <= aim.generations }, notes: &found.notes)
        }
        return found
    }

    /// Throws ``InputError`` where a search is half finished and the recipe has other settings than it was made with: known
    /// before any stage does again what the search stands on.
    func checkSettings() throws {
        var notes: [String] = []
        guard !run.restartsSearch, let newest = try newest(of: directory.checkpointedGenerations, notes: &notes),
            !newest.isFinished
        else { return }
        let made = newest.identity.settings, stated = run.recipe.statedEmbedding
        let embedding = Set(stated.keys), prefixes = ["embed.", "model"]
        let current = run.recipe.searchSettings.merging(stated) { $1 }
        // What the recipe leaves to the model is known when the states are there.
        let comparable = made.filter { key, _ in !prefixes.contains { key.hasPrefix($0) } || embedding.contains(key) }
        let changes = SearchIdentity.changes(from: comparable, to: current)
        if !changes.isEmpty { throw halfFinished(newest, changes: changes) }
    }

    private func halfFinished(_ checkpoint: Checkpoint, changes: String) -> InputError {
        InputError(
            directory.checkpoint(generation: checkpoint.generation).path,
            "the search is at generation \(checkpoint.generation) of \(checkpoint.aim.generations), and \(changes); "
                + "give the old value back to go on, or --restart to start again")
    }

    /// The newest that can be read. One that cannot be opened is passed over, and noted.
    private func newest(of generations: [Int], notes: inout [String]) throws -> Checkpoint? {
        var torn: [String] = []
        for generation in generations.reversed() {
            do {
                let checkpoint = try Checkpoint(reading: directory.checkpoint(generation: generation))
                notes += torn.map { "\($0); going on after generation \(generation)" }
                return checkpoint
            } catch let error as TornCheckpoint {
                torn.append("passing over a checkpoint that cannot be read (\(error))")
            }
        }
        notes += torn.map { "\($0); starting again" }
        return nil
    }

    /// The last generation that the metrics tell of.
    private var lastMeasured: Int? {
        guard let data = try? readFile(directory.metrics), let line = data.split(separator: UInt8(ascii: "\n")).last else {
            return nil
        }
        return try? GenerationRecord(line: line).generation
    }

    // MARK: Changing what is there

    /// Removes what another search left: its newest checkpoint last, which says that it was finished.
    func clear() throws {
        for file in [directory.metrics, directory.timing] where directory.exists(file) { try Durable.remove(file) }
        for generation in directory.checkpointedGenerations {
            try Durable.remove(directory.checkpoint(generation: generation))
        }
    }

    /// Puts right what a kill or a longer recipe left: what a search that went through would have here.
    func settle(_ checkpoint: Checkpoint, isNewest: Bool) throws {
        if isNewest, checkpoint.aim != aim {
            // Ascending: once the newest says so, all do.
            for generation in directory.checkpointedGenerations where generation <= checkpoint.generation {
                let file = directory.checkpoint(generation: generation)
                guard var older = try? Checkpoint(reading: file), older.aim != aim else { continue }
                older.aim = aim
                try older.write(to: file)
            }
        }
        try prune(checkpoint.search)
        try restoreMetrics(checkpoint.search.history)
    }

    /// Makes the search's newest generation durable.
    func keep(_ search: HeadSearch, identity: SearchIdentity) throws {
        try Checkpoint(search: search, identity: identity, aim: aim)
            .write(to: directory.checkpoint(generation: search.search.generation))
        try prune(search)
    }

    /// Removes what neither goes on nor is exported; what is newer than the search is not its affair.
    private func prune(_ search: HeadSearch) throws {
        let newest = search.search.generation
        for generation in directory.checkpointedGenerations
        where generation <= newest - Self.newestKept && generation != search.kept.generation {
            try Durable.remove(directory.checkpoint(generation: generation))
        }
    }

    /// Metrics follow the checkpoints: a kill between the two leaves a line missing or too many.
    func restoreMetrics(_ history: [GenerationRecord]) throws {
        let text = Data(try history.map { try $0.line + "\n" }.joined().utf8)
        if directory.exists(directory.metrics), try readFile(directory.metrics) == text { return }
        try Durable.replace(directory.metrics, by: text)
    }
}

extension GenerationRecord {
    /// As it stands in `metrics.jsonl`.
    var line: String {
        get throws { String(decoding: try JSONEncoder.forFiles().encode(self), as: UTF8.self) }
    }

    /// Throws where `line` is none.
    init(line: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(GenerationRecord.self, from: line)
    }
}
