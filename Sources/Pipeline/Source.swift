public import Chat
import Files
public import Foundation

/// Where success rates come from.
public enum Source: Sendable, Equatable {
    /// A folder of recorded outcomes, and the split of it that the run uses.
    case recorded(folder: URL, split: String)
    /// Workers that are asked, and graded, by the run itself.
    case live(LiveSettings)
}

/// Who is asked what, how often.
public struct LiveSettings: Sendable, Equatable {
    /// The workers.
    public enum PoolPlace: Sendable, Equatable {
        /// The embedded pool of real programs.
        case offline
        case file(URL)
    }

    /// A file of tasks, and how many of its rows are used, spread evenly; `nil` for all.
    public struct TaskPart: Sendable, Equatable {
        public var file: URL
        public var rows: Int?
    }

    public var pool: PoolPlace
    public var train: TaskPart, validation: TaskPart, test: TaskPart
    /// Samples of a worker on a task; a deterministic worker is asked once.
    public var repeats = 4
    /// What labelling may cost in all, in the pool's currency.
    public var budget: Money?
}

// MARK: Reading

extension Source {
    init(from reader: inout RecipeReader, file: URL) throws {
        let folder = file.deletingLastPathComponent()
        let outcomes = try reader.placed("outcomes"), split = try reader.placed("split"), pool = try reader.placed("pool")
        if let outcomes {
            if let pool { throw InputError(pool.place, "pool: a recipe names recorded outcomes or a pool, not both") }
            self = .recorded(folder: resolve(outcomes, against: folder), split: split?.text ?? "0")
            return
        }
        guard let pool else {
            throw InputError(
                file.path,
                "key outcomes is missing (a folder with tasks.jsonl, workers.csv and splits.json), and so is pool (workers to ask)"
            )
        }
        if let split { throw InputError(split.place, "split: belongs to recorded outcomes; tasks name a file for each part") }
        func part(_ name: String) throws -> LiveSettings.TaskPart {
            guard let path = try reader.placed("tasks.\(name)") else {
                throw InputError(file.path, "key tasks.\(name) is missing; name a file of tasks, one JSON object a line")
            }
            let rows = try reader.count("tasks.\(name)_rows")
            return LiveSettings.TaskPart(file: resolve(path, against: folder), rows: rows)
        }
        self = .live(
            LiveSettings(
                pool: pool.text == "offline" ? .offline : .file(resolve(pool, against: folder)), train: try part("train"),
                validation: try part("validation"), test: try part("test"),
                repeats: try reader.integer("label.repeats", in: 1...10_000, or: 4), budget: try reader.budget("label.budget")))
    }
}

/// A path of a recipe: against `folder`, the recipe's, where something stands there, else against the current one. What
/// was given as a flag was typed in the current folder.
func resolve(_ path: (text: String, place: String), against folder: URL) -> URL {
    let here = URL(fileURLWithPath: path.text).standardizedFileURL
    let beside = URL(fileURLWithPath: path.text, relativeTo: folder).standardizedFileURL
    let manager = FileManager.default
    if path.place.hasPrefix("--") {
        return manager.fileExists(atPath: beside.path) && !manager.fileExists(atPath: here.path) ? beside : here
    }
    return manager.fileExists(atPath: here.path) && !manager.fileExists(atPath: beside.path) ? here : beside
}
