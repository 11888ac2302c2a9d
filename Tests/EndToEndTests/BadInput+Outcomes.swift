import Foundation

extension BadInput {
    private static let run = ["run", "recipe.yaml"]

    private static func edit(_ name: String, _ file: String, says words: String..., replacing old: String, by new: String)
        -> BadInput
    {
        var bad = BadInput("\(file): \(name)", by: run) { try $0.edit("outcomes/\(file)", old, new) }
        bad.words = ["outcomes/\(file)"] + words
        return bad
    }

    private static func text(_ name: String, _ file: String, says words: String..., being text: String) -> BadInput {
        var bad = BadInput("\(file): \(name)", by: run) { try $0.write(text, to: "outcomes/\(file)") }
        bad.words = ["outcomes/\(file)"] + words
        return bad
    }

    private static func missing(_ file: String) -> BadInput {
        BadInput("\(file): missing", says: "outcomes/\(file)", "no such file", by: run) { try $0.remove("outcomes/\(file)") }
    }

    static let outcomes: [BadInput] = [
        missing("tasks.jsonl"), missing("workers.csv"), missing("splits.json"),
        BadInput("outcomes: no such folder", says: "nowhere", "tasks.jsonl", by: run + ["--outcomes", "nowhere"]),
        BadInput("outcomes: a file", says: "texts.jsonl", "folder", by: run + ["--outcomes", "texts.jsonl"]),

        edit(
            "more successes than samples", "tasks.jsonl", says: ":1:", "alpha", "3 successes of 2", replacing: "[2, 2]",
            by: "[3, 2]"),
        edit("negative successes", "tasks.jsonl", says: ":1:", "alpha", "-1", replacing: "[2, 2]", by: "[-1, 2]"),
        edit("fractional samples", "tasks.jsonl", says: ":1:", "alpha", "whole number", replacing: "[2, 2]", by: "[1, 1.5]"),
        edit("negative samples", "tasks.jsonl", says: ":1:", "alpha", replacing: "[2, 2]", by: "[-2, -1]"),
        edit("more samples than can be counted", "tasks.jsonl", says: ":1:", "alpha", replacing: "[2, 2]", by: "[2, 1e300]"),
        edit("a cell of three", "tasks.jsonl", says: ":1:", "alpha", replacing: "[2, 2]", by: "[2, 2, 2]"),
        edit("a cell of words", "tasks.jsonl", says: ":1:", "alpha", "number", replacing: "[2, 2]", by: "[\"2\", 2]"),
        edit(
            "unknown worker", "tasks.jsonl", says: ":1:", "unknown worker \"omega\"", "alpha, beta, gamma",
            replacing: "\"alpha\"", by: "\"omega\""),
        edit(
            "duplicate id", "tasks.jsonl", says: ":2:", "duplicate id \"task-0\"", "line 1", replacing: "\"task-1\"",
            by: "\"task-0\""),
        edit(
            "a line that is not JSON", "tasks.jsonl", says: ":3:", "JSON", replacing: "{\"id\": \"task-2\"",
            by: "\"id\": \"task-2\""),
        edit(
            "a line that is a list", "tasks.jsonl", says: ":1:", "expected {\"id\"", replacing: "{\"id\": \"task-0\"",
            by: "[]\n{\"id\": \"task-0\""),
        edit("missing prompt", "tasks.jsonl", says: ":1:", "\"prompt\" is missing", replacing: "\"prompt\"", by: "\"promt\""),
        edit(
            "missing outcomes", "tasks.jsonl", says: ":1:", "\"outcomes\" is missing", replacing: "\"outcomes\"",
            by: "\"results\""),
        text("empty", "tasks.jsonl", says: "no task", being: ""),
        text("blank lines only", "tasks.jsonl", says: "no task", being: "\n  \n"),

        edit("no column of workers", "workers.csv", says: ":1:", "\"worker\"", replacing: "worker,", by: "name,"),
        edit("duplicate worker", "workers.csv", says: ":3:", "duplicate worker \"alpha\"", replacing: "beta", by: "alpha"),
        edit("a row too short", "workers.csv", says: ":4:", "2 cells", replacing: "gamma,1.0,2.0", by: "gamma,1.0"),
        edit("a worker without a name", "workers.csv", says: ":3:", "no name", replacing: "beta", by: ""),
        text("no worker", "workers.csv", says: "no worker", being: "worker,input_price,output_price\n"),
        text("empty", "workers.csv", says: "\"worker\"", being: ""),

        edit(
            "unknown id", "splits.json", says: "split \"0\"", "\"task-99\"", "train", replacing: "\"task-0\"", by: "\"task-99\""
        ),
        edit(
            "an id in two parts", "splits.json", says: "\"task-0\"", "train", "test", replacing: "\"task-59\"", by: "\"task-0\""
        ),
        edit("an id twice", "splits.json", says: "\"task-0\"", "twice", "train", replacing: "\"task-1\"", by: "\"task-0\""),
        edit("unknown part", "splits.json", says: "unknown part \"dev\"", replacing: "\"validation\"", by: "\"dev\""),
        text(
            "an empty part", "splits.json", says: "test",
            being: #"{"0": {"train": ["task-0"], "validation": ["task-1"], "test": []}}"#),
        text("a part too few", "splits.json", says: "validation", being: #"{"0": {"train": ["task-0"], "test": ["task-1"]}}"#),
        text("no split", "splits.json", says: "no split", being: "{}"),
        text("ids that are numbers", "splits.json", says: ".train", "string", being: #"{"0": {"train": [0]}}"#),
        text("not JSON", "splits.json", says: "JSON", being: "{\"0\": "),

        BadInput("splits.json: a split that is not there, of a run", says: "splits.json", "\"9\"", by: run + ["--split", "9"]),
        BadInput(
            "splits.json: a split that is not there, of a study", says: "splits.json", "\"9\"",
            by: ["study", "outcomes", "--model", "model", "--cache", "cache", "--splits", "0,9"]),
        BadInput("study: no such folder", says: "nowhere", by: ["study", "nowhere", "--model", "model", "--cache", "cache"]),
        BadInput(
            "study: a bad value of a flag", says: "--sft.kappa", "-1",
            by: ["study", "outcomes", "--model", "model", "--cache", "cache", "--sft.kappa=-1"]),
        BadInput(
            "study: a cache below a file", says: "texts.jsonl",
            by: ["study", "outcomes", "--model", "model", "--cache", "texts.jsonl/cache", "--quiet"]),
    ]
}
