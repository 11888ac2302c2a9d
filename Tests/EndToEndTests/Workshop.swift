import Foundation
import Testing

/// A folder with all that a run needs: a recipe, recorded outcomes, a small random BERT. Goes with its last user.
struct Workshop: Sendable {
    private let folder: TemporaryFolder
    var url: URL { folder.url }

    /// Where the recipe's run is kept.
    static let run = "runs/words"

    /// A fresh one, its search of `generations`.
    init(generations: Int = 4, tasks: Int = 60) throws {
        folder = try TemporaryFolder()
        let model = try Self.smallModel()
        for name in ["config.json", "model.safetensors", "tokenizer.json"] {
            try copy(model.appendingPathComponent(name), to: "model/\(name)")
        }
        try RecordedWords(tasks: tasks).write(to: url.appendingPathComponent("outcomes"))
        try write(
            """
            version: 1
            name: words
            seed: 7
            model: model
            outcomes: outcomes
            split: 0
            evolve:
              generations: \(generations)
              popsize: 8
            evaluate:
              bootstrap: 200

            """, to: "recipe.yaml")
        try write((1...5).map { #"{"id": "text-\#($0)", "text": "river number \#($0)"}"# + "\n" }.joined(), to: "texts.jsonl")
    }

    private init(copying other: Workshop) throws {
        folder = try TemporaryFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: other.url.path) {
            try copy(other.url.appendingPathComponent(name), to: name)
        }
    }

    /// A copy of a workshop whose run is finished, made once.
    static func finished() throws -> Workshop { try Workshop(copying: finishedOnce.get()) }

    private static let finishedOnce: Result<Workshop, any Error> = Result {
        let workshop = try Workshop()
        let ending = try workshop.baton("run", "recipe.yaml", "--threads", "1")
        try #require(ending.status == 0, "\(ending.messages)")
        // What is static has no last user.
        atexit { try? FileManager.default.removeItem(at: Workshop.finishedOnce.get().url) }
        return workshop
    }

    /// The random BERT whose golden values the numerics tests hold.
    static func smallModel() throws -> URL {
        try #require(Command.above("Package.swift"))
            .appendingPathComponent("Tests/NumericsTests/Fixtures/bert_tiny")
    }

    // MARK: Commands

    /// Runs `baton` in this folder to its end.
    @discardableResult
    func baton(_ arguments: String..., environment: [String: String] = [:], input: String = "") throws -> Command.Ending {
        try Command.baton(arguments, in: url, environment: environment, input: input)
    }

    // MARK: Files

    func file(_ path: String) -> URL { url.appendingPathComponent(path) }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: file(path).path) }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: file(path)) }

    func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    func write(_ data: Data, to path: String) throws {
        try makeFolder(of: path)
        try data.write(to: file(path))
    }

    func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: file(path)) }

    func copy(_ other: URL, to path: String) throws {
        try makeFolder(of: path)
        try FileManager.default.copyItem(at: other, to: file(path))
    }

    /// Replaces `old`, which must be there, by `new`: everywhere, or the first.
    func edit(_ path: String, _ old: String, _ new: String, everywhere: Bool = false) throws {
        let text = try text(path), range = try #require(text.range(of: old), "\(path) has no \(old)")
        let edited =
            everywhere ? text.replacingOccurrences(of: old, with: new) : text.replacingCharacters(in: range, with: new)
        try write(edited, to: path)
    }

    /// Keeps the first half of a file.
    func halve(_ path: String) throws {
        let data = try bytes(path)
        try write(data.prefix(data.count / 2), to: path)
    }

    private func makeFolder(of path: String) throws {
        try FileManager.default.createDirectory(
            at: file(path).deletingLastPathComponent(), withIntermediateDirectories: true)
    }

    /// Everything below `path`, by relative path; folders end in a slash. What is not there has no entries.
    func snapshot(_ path: String = ".") throws -> [String: Data] {
        var found: [String: Data] = [:]
        let root = path == "." ? url : file(path)
        for case let name as String in FileManager.default.enumerator(atPath: root.path) ?? .init() {
            let entry = root.appendingPathComponent(name)
            if entry.isFolder { found[name + "/"] = Data() } else { found[name] = try Data(contentsOf: entry) }
        }
        return found
    }

    /// Generations that the metrics of a run tell of.
    func measured(_ run: String = Workshop.run) -> Int {
        guard let text = try? text("\(run)/metrics.jsonl") else { return 0 }
        return text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
    }

    /// The checkpoints of a search, by name, the start's head aside.
    func checkpoints(_ run: String = Workshop.run) throws -> [String] {
        try snapshot("\(run)/checkpoints").keys.filter { $0.hasPrefix("gen-") }.sorted()
    }

    /// What must be the same after any interruption: all of the run but wall times, which are a file of their own, one
    /// object in the report and the foot of its page.
    func lasting(_ run: String = Workshop.run) throws -> [String: Data] {
        var files = try snapshot(run)
        files["timing.jsonl"] = nil
        if let page = files["report.html"] {
            let text = String(decoding: page, as: UTF8.self)
            files["report.html"] = Data(text.replacing(/<footer id="timing">.*<\/footer>/, with: "").utf8)
        }
        if let report = files["report.json"] {
            var object = try #require(JSONSerialization.jsonObject(with: report) as? [String: Any])
            object["timing"] = nil
            files["report.json"] = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        }
        return files
    }
}

extension URL {
    /// Whether a folder stands here.
    var isFolder: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

/// Names whose bytes differ, or that only one side has.
func differences(_ left: [String: Data], _ right: [String: Data]) -> [String] {
    Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
}

/// Outcomes of three workers, each good at the tasks of one vocabulary.
struct RecordedWords {
    static let workers = ["alpha", "beta", "gamma"]
    private static let vocabularies = [["sum", "plus", "digit"], ["word", "verb", "noun"], ["map", "river", "city"]]

    var tasks: Int

    func write(to folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let ids = (0..<tasks).map { "task-\($0)" }
        let lines = (0..<tasks).map(line)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent("tasks.jsonl"))
        let header = "worker,input_price,output_price\n"
        try Data((header + Self.workers.map { "\($0),1.0,2.0\n" }.joined()).utf8)
            .write(to: folder.appendingPathComponent("workers.csv"))
        let first = tasks * 3 / 5, second = tasks * 4 / 5
        let parts = ["train": ids[..<first], "validation": ids[first..<second], "test": ids[second...]]
        try JSONEncoder().encode(["0": parts.mapValues(Array.init)]).write(to: folder.appendingPathComponent("splits.json"))
    }

    /// Task `index`: the worker of its vocabulary solves it, and each other one solves it now and then.
    private func line(_ index: Int) -> String {
        let kind = index % 3, words = Self.vocabularies[kind]
        let prompt = (0..<(3 + index % 17)).map { words[(index / 3 * (kind + 2) + $0 * $0) % 3] }.joined(separator: " ")
        let cells = Self.workers.enumerated().map { column, worker in
            "\"\(worker)\": [\(column == kind ? 2 : (index * 7 + column * 3) % 5 == 0 ? 1 : 0), 2]"
        }
        return """
            {"id": "task-\(index)", "dataset": "words", "domain": "\(["sums", "words", "maps"][kind])", \
            "prompt": "\(prompt) \(index)", "outcomes": {\(cells.joined(separator: ", "))}}
            """
    }
}
