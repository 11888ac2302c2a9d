import Foundation
import Testing

/// Workers of the tests' pool: names, prices per million tokens, whether answers differ.
struct LiveWorker: Sendable {
    var name: String
    var input: Double, output: Double
    var isDeterministic = false

    static let alpha = LiveWorker(name: "alpha", input: 1, output: 4, isDeterministic: true)
    static let beta = LiveWorker(name: "beta", input: 0.5, output: 2)
    static let gamma = LiveWorker(name: "gamma", input: 0.25, output: 1)
    static let delta = LiveWorker(name: "delta", input: 2, output: 8)
    static let three = [alpha, beta, gamma]

    var line: String {
        """
        - {name: \(name), provider: mock, model: \(name)-1, price: {input: \(input), output: \(output), date: 2026-11-01}, \
        sampling: {max_tokens: 40}, deterministic: \(isDeterministic)}
        """
    }
}

extension Workshop {
    static let liveRun = "runs/live", liveLedger = "runs/live/ledger.sqlite"
    /// One call of the deterministic worker, two of each other one, on every task.
    static let liveCells = 24 * 5

    /// A workshop whose recipe asks workers.
    static func live() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.goLive()
        return workshop
    }

    /// Puts a live recipe in the place of the recorded one, with tasks and a pool whose provider is not there.
    func goLive() throws {
        try write(Self.liveRecipe, to: "recipe.yaml")
        try writeTasks(train: 12, validation: 6, test: 6)
        try writePool(port: 9)
    }

    /// The files of tasks, each with so many rows.
    func writeTasks(train: Int, validation: Int, test: Int) throws {
        var first = 0
        for (part, count) in [("train", train), ("validation", validation), ("test", test)] {
            try write((first..<first + count).map(Self.task).joined(), to: "tasks/\(part).jsonl")
            first += count
        }
    }

    private static let liveRecipe = """
        version: 1
        name: live
        seed: 7
        model: model
        pool: pool.yaml
        tasks: {train: tasks/train.jsonl, validation: tasks/validation.jsonl, test: tasks/test.jsonl}
        label: {repeats: 2}
        evaluate: {bootstrap: 200}

        """

    /// A row of a file of tasks. Texts begin with the word of one of the mock's workers.
    static func task(_ index: Int) -> String {
        let words = [["sum", "plus", "digit"], ["word", "verb", "noun"], ["map", "river", "city"]][index % 3]
        let text = (0..<(1 + index % 5)).map { words[$0 % 3] }.joined(separator: " ")
        let left = 11 + 7 * index % 50, right = 13 + 5 * index % 70
        return """
            {"id": "task-\(index)", "domain": "\(words[0])s", "messages": [{"role": "user", "content": \
            "\(text) \(index): \(left) + \(right)?"}], "target": "\(left + right)", "grader": "number"}

            """
    }

    /// The pool file, with the provider at a port of this machine. `key` names an environment variable; `keys` are more keys
    /// of the provider, as they stand there.
    func writePool(port: Int, workers: [LiveWorker] = LiveWorker.three, key: String? = nil, keys: String...) throws {
        let more = (key.map { ["key: \($0)"] } ?? []) + keys
        try write(
            """
            version: 1
            providers:
              mock: {api: openai, base_url: http://127.0.0.1:\(port)/v1\(more.map { ", \($0)" }.joined())}
            workers:
            \(workers.map { "  \($0.line)" }.joined(separator: "\n"))

            """, to: "pool.yaml")
    }

    /// What every command of the live tests is given: one thread, and nothing said but results and errors.
    func live(_ command: String..., environment: [String: String] = [:]) throws -> Command.Ending {
        try Command.baton(command + ["--threads", "1", "--quiet"], in: url, environment: environment)
    }

    /// Labels as `baton labels` tells them, without what differs from one run to the next.
    func labels(_ run: String = Workshop.liveRun, filter: String? = nil) throws -> [String] {
        let ending = try Command.baton(
            ["labels", run, "--format", "jsonl"] + (filter.map { ["--where", $0] } ?? []), in: url)
        try #require(ending.status == 0, "\(ending.messages)")
        return try ending.output.split(separator: "\n").map { line in
            var row = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            row["latency"] = nil
            row["attempts"] = nil
            return String(decoding: try JSONSerialization.data(withJSONObject: row, options: .sortedKeys), as: UTF8.self)
        }
    }

    /// What Python's SQLite sees in a run's ledger.
    struct LedgerView: Decodable {
        var integrity: String
        /// Calls that are answered, and that were under way.
        var answers: Int, leased: Int
        /// Nano-units: what the ledger says was spent, what the replies come to, what counts against a budget.
        var spent: Int, billed: Int, committed: Int
    }

    func ledger(_ run: String = Workshop.liveRun) throws -> LedgerView {
        let all = LiveWorker.three + [.delta]
        let prices = Dictionary(uniqueKeysWithValues: all.map { ($0.name, [$0.input, $0.output]) })
        let text = String(decoding: try JSONEncoder().encode(prices), as: UTF8.self)
        return try Fixture.run("check_ledger.py", [file("\(run)/ledger.sqlite").path, text])
    }

    /// The law of every ledger, whatever happened before.
    func expectWholeLedger(_ run: String = Workshop.liveRun, _ place: String = "") throws {
        let ledger = try ledger(run)
        #expect(ledger.integrity == "ok", "\(place)")
        #expect(ledger.spent == ledger.billed && ledger.spent > 0, "\(place)")
        #expect(ledger.leased == 0, "\(place)")
        for suffix in ["-wal", "-shm"] { #expect(!exists("\(run)/ledger.sqlite\(suffix)"), "\(place)") }
    }

    /// What a search leaves: checkpoints and metrics.
    func search(_ run: String = Workshop.liveRun) throws -> [String: Data] {
        try snapshot(run).filter { $0.key.hasPrefix("checkpoints/gen-") || $0.key == "metrics.jsonl" }
    }
}
