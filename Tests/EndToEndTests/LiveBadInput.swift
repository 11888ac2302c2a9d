import Foundation
import Testing

extension BadInput {
    private static let label = ["label", "recipe.yaml"]

    /// A case of a live recipe, its files as they should be but for what `spoil` does.
    private static func live(
        _ name: String, says words: [String], by command: [String], _ spoil: @escaping @Sendable (Workshop) throws -> Void
    ) -> BadInput {
        var bad = BadInput(name, by: command) { workshop in
            try workshop.goLive()
            try spoil(workshop)
        }
        bad.words = words
        return bad
    }

    // MARK: Pools

    private static func pool(_ name: String, says words: String..., replacing old: String, by new: String) -> BadInput {
        live("pool: \(name)", says: ["pool.yaml"] + words, by: label) { try $0.edit("pool.yaml", old, new) }
    }

    static let pools: [BadInput] = [
        pool("unknown key", says: "pool.yaml:6", "temperature", replacing: "model: beta-1", by: "temperature: 1"),
        pool("unknown key of a provider", says: "pool.yaml:3", "url", replacing: "base_url", by: "url"),
        pool("a price without a date", says: "pool.yaml:5", "date", replacing: ", date: 2026-11-01", by: ""),
        pool("a date that is none", says: "pool.yaml:5", "yesterday", replacing: "2026-11-01", by: "yesterday"),
        pool("a price that is none", says: "pool.yaml:5", "\"much\"", replacing: "input: 1.0", by: "input: much"),
        pool("a negative price", says: "pool.yaml:5", "-1", replacing: "input: 1.0", by: "input: -1"),
        pool(
            "a provider that is not listed", says: "pool.yaml:5", "\"acme\"", "mock", replacing: "mock, model",
            by: "acme, model"),
        pool("a worker twice", says: "pool.yaml:6", "\"alpha\"", "twice", replacing: "name: beta", by: "name: alpha"),
        pool("a worker called as the router", says: "pool.yaml:5", "\"baton\"", replacing: "name: alpha", by: "name: baton"),
        pool(
            "an API that is not spoken", says: "pool.yaml:3", "\"telnet\"", "openai", replacing: "api: openai",
            by: "api: telnet"),
        pool(
            "an address that is none", says: "pool.yaml:3", "\"nonsense\"", replacing: "http://127.0.0.1:9/v1", by: "nonsense"),
        pool(
            "an address of files", says: "pool.yaml:3", "\"file:///v1\"", replacing: "http://127.0.0.1:9/v1", by: "file:///v1"),
        pool(
            "a key in the address", says: "pool.yaml:3", "environment variable", replacing: "http://127",
            by: "http://user:secret@127"),
        pool("a key for the name of a variable", says: "pool.yaml:3", "not the key", replacing: "/v1}", by: "/v1, key: sk-a1}"),
        pool(
            "no timeout that there is", says: "pool.yaml:3", "firstbyte", "first_byte", replacing: "/v1}",
            by: "/v1, timeouts: {firstbyte: 9}}"),
        pool(
            "a timeout of nothing", says: "pool.yaml:3", "mock.timeouts.stall", "\"0\"", replacing: "/v1}",
            by: "/v1, timeouts: {stall: 0}}"),
        pool(
            "a negative timeout", says: "pool.yaml:3", "timeouts.whole", "\"-3\"", replacing: "/v1}",
            by: "/v1, timeouts: {whole: -3}}"),
        pool(
            "an endless timeout", says: "pool.yaml:3", "timeouts.whole", "\"inf\"", replacing: "/v1}",
            by: "/v1, timeouts: {whole: inf}}"),
        pool(
            "a timeout in words", says: "pool.yaml:3", "timeouts.connect", "\"long\"", replacing: "/v1}",
            by: "/v1, timeouts: {connect: long}}"),
        pool("one timeout for all", says: "pool.yaml:3", "timeouts", "mapping", replacing: "/v1}", by: "/v1, timeouts: 30}"),
        pool(
            "no call at once", says: "pool.yaml:3", "max_concurrency", "\"0\"", replacing: "/v1}",
            by: "/v1, max_concurrency: 0}"),
        pool(
            "half a call at once", says: "pool.yaml:3", "max_concurrency", "\"1.5\"", replacing: "/v1}",
            by: "/v1, max_concurrency: 1.5}"),
        pool(
            "deterministic perhaps", says: "pool.yaml:5", "perhaps", replacing: "deterministic: true",
            by: "deterministic: perhaps"),
        pool("messages for sampling", says: "pool.yaml:5", "messages", replacing: "{max_tokens: 40}", by: "{messages: []}"),
        pool("another version", says: "pool.yaml:1", "version 1", replacing: "version: 1", by: "version: 2"),
        pool("not YAML", says: "YAML", replacing: "workers:", by: "workers: ["),
        live("pool: no worker", says: ["pool.yaml", "workers"], by: label) { try $0.writePool(port: 9, workers: []) },
        live("pool: missing", says: ["pool.yaml", "no such"], by: label) { try $0.remove("pool.yaml") },
        live("pool: empty", says: ["pool.yaml"], by: label) { try $0.write("", to: "pool.yaml") },
        live("pool: the key's variable is not set", says: ["pool.yaml", "mock", "BATON_NO_SUCH_KEY", "not set"], by: label) {
            try $0.writePool(port: 9, key: "BATON_NO_SUCH_KEY")
        },
        live("pool: the key's variable is not set, for all stages", says: ["BATON_NO_SUCH_KEY"], by: ["run", "recipe.yaml"]) {
            try $0.writePool(port: 9, key: "BATON_NO_SUCH_KEY")
        },
    ]

    // MARK: Tasks

    private static func task(_ name: String, says words: String..., replacing old: String, by new: String) -> BadInput {
        live("tasks: \(name)", says: ["train.jsonl:1:"] + words, by: label) { try $0.edit("tasks/train.jsonl", old, new) }
    }

    private static let user = #""messages": [{"role": "user""#

    static let tasks: [BadInput] = [
        task("no target", says: "target", replacing: #""target": "24", "#, by: ""),
        task("a target that is a number", says: "target", "quotes", replacing: #""24""#, by: "24"),
        task("a target that is no number", says: "target", "number", replacing: #""24""#, by: #""many""#),
        task("unknown grader", says: "\"numbers\"", "did you mean number?", replacing: #""number""#, by: #""numbers""#),
        task(
            "unknown option of a grader", says: "grader_options", "tolerence", "did you mean",
            replacing: #""grader": "number""#, by: #""grader": "number", "grader_options": {"tolerence": 1}"#),
        task("no message of the user", says: "user", replacing: user, by: #""messages": [{"role": "system""#),
        task(
            "no message", says: "messages", "empty", replacing: user + #", "content": "sum 0: 11 + 13?"}]"#,
            by: #""messages": []"#),
        task("an unknown key", says: "answer", "meta", replacing: #""domain""#, by: #""answer""#),
        task("an empty id", says: "id", "empty", replacing: #""task-0""#, by: #""""#),
        task("not JSON", says: "JSON", replacing: "{", by: "["),
        live("tasks: an id twice in a file", says: ["train.jsonl:2:", "\"task-0\"", "line 1"], by: label) {
            try $0.edit("tasks/train.jsonl", #""task-1""#, #""task-0""#)
        },
        live("tasks: an id in two files", says: ["test.jsonl", "\"task-0\"", "train.jsonl"], by: label) {
            try $0.edit("tasks/test.jsonl", #""task-18""#, #""task-0""#)
        },
        live("tasks: an empty file", says: ["test.jsonl", "no task"], by: label) { try $0.write("", to: "tasks/test.jsonl") },
        live("tasks: a missing file", says: ["test.jsonl", "no such"], by: label) { try $0.remove("tasks/test.jsonl") },
        live("tasks: seen by a dry run", says: ["train.jsonl:1:"], by: label + ["--dry-run"]) {
            try $0.edit("tasks/train.jsonl", "{", "[")
        },
        live("tasks: seen by embed", says: ["train.jsonl:1:"], by: ["embed", "recipe.yaml"]) {
            try $0.edit("tasks/train.jsonl", "{", "[")
        },
    ]

    // MARK: Recipes

    private static func recipe(
        _ name: String, says words: String..., command: [String] = ["run", "recipe.yaml"], replacing old: String,
        by new: String
    ) -> BadInput {
        live("live recipe: \(name)", says: words, by: command) { try $0.edit("recipe.yaml", old, new) }
    }

    static let liveRecipes: [BadInput] = [
        recipe(
            "pool and outcomes", says: "recipe.yaml:5:", "not both", replacing: "pool: pool.yaml",
            by: "pool: pool.yaml\noutcomes: outcomes"),
        recipe("neither pool nor outcomes", says: "outcomes", "pool", replacing: "pool: pool.yaml\n", by: ""),
        recipe("no tasks.train", says: "tasks.train is missing", replacing: "train: tasks/train.jsonl, ", by: ""),
        recipe("no tasks at all", says: "tasks.train is missing", replacing: "tasks: {", by: "task: {"),
        recipe("a split beside tasks", says: "recipe.yaml:6:", "split", replacing: "tasks:", by: "split: 0\ntasks:"),
        recipe("no repeats", says: "recipe.yaml:7:", "label.repeats", replacing: "repeats: 2", by: "repeats: 0"),
        recipe(
            "a budget that is none", says: "recipe.yaml:7:", "label.budget", "\"much\"", replacing: "repeats: 2",
            by: "budget: much"),
        recipe("hours of zero", says: "evolve.hours", "above 0", replacing: "evaluate:", by: "evolve: {hours: 0}\nevaluate:"),
        recipe(
            "a search without money", says: "evolve.budget", "none for no cap", replacing: "evaluate:",
            by: "evolve: {budget: 0.00}\nevaluate:"),
        recipe("labels without money", says: "recipe.yaml:7:", "label.budget", replacing: "repeats: 2", by: "budget: 0"),
        recipe("negative hours", says: "evolve.hours", replacing: "evaluate:", by: "evolve: {hours: -1}\nevaluate:"),
        recipe("no rows", says: "tasks.train_rows", replacing: "{train:", by: "{train_rows: 0, train:"),
        recipe(
            "exact draws of live play", says: "recipe.yaml:8:", "evolve.draws", "sampled", replacing: "evaluate:",
            by: "evolve: {environment: question, draws: exact}\nevaluate:"),
        recipe(
            "an unknown environment", says: "evolve.environment", "question", replacing: "evaluate:",
            by: "evolve: {environment: moon}\nevaluate:"),
        recipe(
            "live play without states", says: "states.h5", "baton embed",
            command: ["evolve", "recipe.yaml", "--evolve.environment", "question"], replacing: "seed: 7", by: "seed: 8"),
        BadInput(
            "recorded recipe: live play", says: "evolve.environment", "pool",
            by: ["run", "recipe.yaml", "--evolve.environment", "question"]),
        BadInput("recorded recipe: label", says: "recorded outcomes", by: ["label", "recipe.yaml"]),
        BadInput("recorded recipe: labels", says: "recorded outcomes", by: ["labels", "recipe.yaml"], from: .finishedRun),
    ]

    // MARK: Ledgers

    private static func ledger(
        _ name: String, says words: String..., by command: [String]? = nil,
        _ spoil: @escaping @Sendable (Workshop) throws -> Void
    ) -> BadInput {
        live("ledger: \(name)", says: words, by: command ?? ["label", Workshop.liveRun]) { workshop in
            let finished = try Workshop.labelled()
            try workshop.copy(finished.file("runs"), to: "runs")
            try spoil(workshop)
        }
    }

    static let ledgers: [BadInput] = [
        ledger("a newer format", says: "ledger.sqlite", "format 9", "newer baton") { try $0.sql("PRAGMA user_version = 9") },
        ledger("a newer format: labels", says: "ledger.sqlite", "format 9", by: ["labels", Workshop.liveRun]) {
            try $0.sql("PRAGMA user_version = 9")
        },
        ledger("another program's", says: "ledger.sqlite", "not a ledger") { try $0.sql("PRAGMA application_id = 7") },
        ledger("a text", says: "ledger.sqlite", "not a ledger") { try $0.write("labels\n", to: Workshop.liveLedger) },
        ledger("empty", says: "ledger.sqlite", "not a ledger") { try $0.write("", to: Workshop.liveLedger) },
        ledger("cut in half", says: "ledger.sqlite", "damaged") { try $0.halve(Workshop.liveLedger) },
        ledger("cut in half: labels", says: "ledger.sqlite", "damaged", by: ["labels", Workshop.liveRun]) {
            try $0.halve(Workshop.liveLedger)
        },
        ledger(
            "a filter that is none", says: "--where", "\"nonsense\"", by: ["labels", Workshop.liveRun, "--where", "nonsense"]
        ) { _ in },
        ledger(
            "a column that is none", says: "--where", "\"colour\"", by: ["labels", Workshop.liveRun, "--where", "colour=red"]
        ) { _ in },
        ledger("missing", says: "ledger.sqlite", "baton label", by: ["labels", Workshop.liveRun]) {
            try $0.remove(Workshop.liveLedger)
        },
        ledger("missing: sft", says: "baton label", by: ["sft", Workshop.liveRun]) { try $0.remove(Workshop.liveLedger) },
    ]

    // MARK: Endpoints

    private static func serve(
        _ name: String, says words: String..., with arguments: String..., bundle: String = "\(Workshop.run)/router",
        _ spoil: @escaping @Sendable (Workshop) throws -> Void = { _ in }
    ) -> BadInput {
        var bad = BadInput(
            "serve: \(name)", by: ["serve", bundle, "--pool", "pool.yaml", "--port", "0"] + arguments, from: .finishedRun
        ) {
            try $0.writePool(port: 9)
            try spoil($0)
        }
        bad.words = words
        return bad
    }

    static let endpoints: [BadInput] = [
        serve("no bundle", says: "nowhere", bundle: "nowhere"),
        serve("a folder that is no bundle", says: "router.json", bundle: "outcomes"),
        serve("another backbone", says: "SHA-256", "--model") { try $0.setFirstWeight("model/model.safetensors", 0.5) },
        serve("no backbone there", says: "elsewhere", with: "--model", "elsewhere"),
        serve("an unknown worker left out", says: "--without", "\"omega\"", "alpha, beta, gamma", with: "--without", "omega"),
        serve(
            "all workers left out", says: "no worker",
            with: "--without", "alpha", "--without", "beta", "--without", "gamma"),
        serve("no pool", says: "pool.yaml", "no such") { try $0.remove("pool.yaml") },
        serve("a pool of others", says: "no worker") { try $0.writePool(port: 9, workers: [.delta]) },
        serve("the key's variable is not set", says: "BATON_NO_SUCH_KEY", "not set") {
            try $0.writePool(port: 9, key: "BATON_NO_SUCH_KEY")
        },
        serve("transcripts below a file", says: "recipe.yaml", with: "--record", "recipe.yaml/transcripts"),
        serve("an address that is not this machine's", says: "192.0.2.1", "--host", with: "--host", "192.0.2.1"),
    ]
}

extension Workshop {
    /// A workshop whose tasks are labelled, made once. Its provider is gone.
    static func labelled() throws -> Workshop { try labelledOnce.get() }

    private static let labelledOnce: Result<Workshop, any Error> = Result {
        let workshop = try Workshop.live(), provider = try LiveProvider()
        try workshop.writePool(port: provider.port)
        for stage in ["label", "embed"] {
            let ending = try workshop.live(stage, "recipe.yaml")
            try #require(ending.status == 0, "\(ending.messages)")
        }
        // What is static has no last user.
        atexit { try? FileManager.default.removeItem(at: Workshop.labelledOnce.get().url) }
        return workshop
    }

    /// Changes the ledger by Python's SQLite.
    func sql(_ statement: String) throws {
        let code = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit(); db.close()"
        let ending = try Process(["python3", "-c", code, file(Workshop.liveLedger).path, statement], in: url).end()
        try #require(ending.status == 0, "\(ending.messages)")
    }
}
