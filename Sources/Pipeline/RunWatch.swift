import Files
import Foundation

/// What another process does in a run folder, read and never touched: the lines of its search as they come.
public struct RunWatch {
    /// Why there is nothing more to wait for.
    public enum End: Sendable {
        /// The search has come as far as it is to.
        case finished
        /// No process works in the folder, and the search has not.
        case abandoned
    }

    /// One generation.
    public struct Line: Sendable {
        /// As it stands in `metrics.jsonl`, and for people.
        public var json: String, text: String
    }

    /// What is new since the last look.
    public struct News: Sendable {
        public var lines: [Line] = []
        /// Whether the lines begin a search anew, in the place of the one that was told of.
        public var isAgain = false
        public var end: End?
    }

    private let directory: RunDirectory
    private let aim: SearchAim
    /// Lines that were told, and what validation gave their generations.
    private var told: [Data] = []
    private var validations: [Int: Double] = [:]
    private var last: GenerationRecord?
    /// The generation whose checkpoint was looked into, and whether it says that the search can get no further.
    private var seen: (generation: Int, isStopped: Bool)?

    /// Follows the search of `run`. Throws ``InputError`` where the run has no folder: nobody began it.
    public init(_ run: Run) throws {
        guard run.directory.exists(run.directory.url) else {
            throw InputError(run.directory.url.path, "there is no such run yet; `baton run` with its recipe begins it")
        }
        directory = run.directory
        aim = SearchAim(run.recipe.evolve)
    }

    /// The newest generation that was told of.
    public var generation: Int? { last?.generation }

    /// Looks once. Throws ``InputError`` where a line of metrics is none.
    public mutating func look() throws -> News {
        // Asked first: what was written before the other process ended is then seen.
        let isHeld = FolderLock.isHeld(directory.url)
        var news = News()
        if let lines = try wholeLines() {
            if !told.starts(with: lines.prefix(told.count)) {
                (told, validations, last, news.isAgain) = ([], [:], nil, true)
            }
            for line in lines.dropFirst(told.count) {
                told.append(line)
                news.lines.append(try read(line))
            }
        }
        if let last, hasArrived(last, mayRead: news.lines.isEmpty || !isHeld) {
            news.end = .finished
        } else if !isHeld {
            news.end = .abandoned
        }
        return news
    }

    /// `nil` where there is no file: yet, or while a search begins again. A last line without its end is still written.
    private func wholeLines() throws -> [Data]? {
        guard directory.exists(directory.metrics), let data = try? readFile(directory.metrics) else { return nil }
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        return lines.map { Data($0) }
    }

    private mutating func read(_ line: Data) throws -> Line {
        let record: GenerationRecord
        do { record = try GenerationRecord(line: line) } catch {
            throw InputError(
                "\(directory.metrics.path):\(told.count)",
                "is no line of metrics; `baton evolve \(directory.url.path)` mends it")
        }
        validations[record.generation] = record.validation
        last = record
        func number(_ value: Double, _ digits: Int = 4) -> String { value.isNaN ? "–" : value.fixed(digits) }
        return Line(
            json: String(decoding: line, as: UTF8.self),
            text: "generation \(record.generation)  train \(number(record.train))  validation \(number(record.validation))  "
                + "σ \(number(record.sigma))  axis ratio \(number(record.axisRatio, 3))  kept \(record.kept)")
    }

    /// By the recipe of the folder, which says what the search was last started for. What metrics do not tell is read from
    /// the checkpoint, once, where the search stands still and the recipe has reasons to stop.
    private mutating func hasArrived(_ record: GenerationRecord, mayRead: Bool) -> Bool {
        let recipe = directory.exists(directory.recipe) ? try? Recipe(reading: directory.recipe) : nil
        let aim = recipe.map { SearchAim($0.evolve) } ?? aim
        if record.generation >= aim.generations || aim.target.map({ validations[record.kept] ?? 0 >= $0 }) ?? false {
            return true
        }
        if mayRead, aim.rules != nil, seen?.generation != record.generation,
            let checkpoint = try? Checkpoint(reading: directory.checkpoint(generation: record.generation))
        {
            seen = (record.generation, aim.isReached(by: checkpoint.search))
        }
        return seen.map { $0.generation == record.generation && $0.isStopped } ?? false
    }
}
