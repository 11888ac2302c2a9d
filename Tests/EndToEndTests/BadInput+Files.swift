import Foundation

extension BadInput {
    private static let run = Workshop.run
    private static let states = "\(run)/states.h5", sft = "\(run)/checkpoints/sft.h5"
    private static let router = "\(run)/router"

    /// A case of a finished run.
    private static func finished(
        _ name: String, says words: String..., by command: String...,
        spoil: @escaping @Sendable (Workshop) throws -> Void = { _ in }
    ) -> BadInput {
        var bad = BadInput(name, by: command, from: .finishedRun, spoil)
        bad.words = words
        return bad
    }

    static let runs: [BadInput] = [
        BadInput(
            "run: a folder below a file", says: "texts.jsonl", by: ["run", "recipe.yaml", "--run", "texts.jsonl/deep/run"]),
        BadInput("run: a file for a folder", says: "texts.jsonl", by: ["run", "recipe.yaml", "--run", "texts.jsonl"]),
        BadInput("sft: no states, no run", says: "states.h5", "baton embed", by: ["sft", "recipe.yaml"]),
        BadInput("evolve: no run", says: "states.h5", "baton embed", by: ["evolve", "recipe.yaml"]),
        BadInput("export: no run", says: "states.h5", "baton embed", by: ["export", "recipe.yaml", "-o", "elsewhere"]),
        finished("sft: no states", says: states, "baton embed", by: "sft", run) { try $0.remove(states) },
        finished("evolve: no sft", says: sft, "baton sft", by: "evolve", run) { try $0.remove(sft) },
        finished("evaluate: no sft", says: sft, "baton sft", by: "evaluate", run) { try $0.remove(sft) },
        finished("evaluate: no checkpoint", says: "checkpoints", "baton evolve", by: "evaluate", run) {
            try $0.removeCheckpoints()
        },
        finished("export: no checkpoint", says: "checkpoints", "baton evolve", by: "export", run) {
            try $0.removeCheckpoints()
        },
        finished("states.h5 cut in half: sft", says: states, by: "sft", run) { try $0.halve(states) },
        finished("states.h5 cut in half: run", says: states, by: "run", run) { try $0.halve(states) },
        finished("states.h5 cut in half: inspect", says: states, by: "inspect", states) { try $0.halve(states) },
        finished("states.h5 of garbage: sft", says: states, by: "sft", run) { try $0.write(garbage, to: states) },
        finished("states.h5 of garbage: inspect", says: states, by: "inspect", states) { try $0.write(garbage, to: states) },
        finished("states.h5 empty: sft", says: states, by: "sft", run) { try $0.write("", to: states) },
        finished("states.h5 is a head", says: states, "states", by: "sft", run) { try $0.write($0.bytes(sft), to: states) },
        finished("sft.h5 is of states", says: sft, "sft", by: "evolve", run) { try $0.write($0.bytes(states), to: sft) },
        finished("sft.h5 cut in half", says: sft, by: "evolve", run) { try $0.halve(sft) },
        finished("states of other tasks", says: states, "other tasks", "baton embed", by: "sft", run) {
            try $0.edit(
                "outcomes/tasks.jsonl", "{\"id\": \"task-0\"",
                #"{"id": "new", "prompt": "new", "outcomes": {}}"# + "\n{\"id\": \"task-0\"")
        },
        finished("a checkpoint cut in half: export", says: "gen-000004.h5", by: "export", run) {
            try $0.halve("\(run)/checkpoints/gen-000004.h5")
        },
        finished("export: below a file", says: "texts.jsonl", by: "export", run, "-o", "texts.jsonl/router"),
        finished("inspect: of no kind", says: "texts.txt", ".h5", by: "inspect", "texts.txt") {
            try $0.write("x", to: "texts.txt")
        },
        finished("inspect: missing", says: "nowhere", "no such", by: "inspect", "nowhere"),
        finished("inspect: a folder of neither kind", says: "outcomes", "recipe.yaml", by: "inspect", "outcomes"),
        finished("inspect: JSON cut in half", says: "report.json", "JSON", by: "inspect", "\(run)/report.json") {
            try $0.halve("\(run)/report.json")
        },
        finished("inspect: a line that is not JSON", says: "metrics.jsonl:2", "JSON", by: "inspect", "\(run)/metrics.jsonl") {
            try $0.edit("\(run)/metrics.jsonl", "\n{", "\n[{")
        },
        finished(
            "inspect: weights cut in half", says: "router.safetensors", "cut off", by: "inspect", "\(router)/router.safetensors"
        ) {
            try $0.halve("\(router)/router.safetensors")
        },
    ]

    static let bundles: [BadInput] = [
        finished("route: no bundle", says: "outcomes", "router.json", by: "route", "outcomes", "text"),
        finished("route: no such folder", says: "nowhere", by: "route", "nowhere", "text"),
        finished("route: another backbone", says: "model", "SHA-256", "--model", by: "route", router, "text") {
            try $0.setFirstWeight("model/model.safetensors", 0.5)
        },
        finished("route: another backbone, given", says: "other", "SHA-256", by: "route", router, "text", "--model", "other") {
            try $0.copy($0.file("model"), to: "other")
            try $0.setFirstWeight("other/model.safetensors", 0.5)
        },
        finished("route: no backbone", says: "model", "--model", by: "route", router, "text") { try $0.remove("model") },
        finished("route: other weights", says: "router.safetensors", "export", by: "route", router, "text") {
            try $0.setFirstWeight("\(router)/router.safetensors", 0.5)
        },
        finished("route: no weights", says: "router.safetensors", by: "route", router, "text") {
            try $0.remove("\(router)/router.safetensors")
        },
        finished("route: probes that disagree", says: router, "probe task-0", "alpha", by: "route", router, "text") {
            let text = try $0.text("\(router)/router.json")
            guard let list = text.range(of: "\"scores\" : ["), let comma = text[list.upperBound...].firstIndex(of: ",") else {
                return
            }
            try $0.write(text.replacingCharacters(in: list.upperBound..<comma, with: "99"), to: "\(router)/router.json")
        },
        finished("route: texts are cut elsewhere", says: "probe", by: "route", router, "text") {
            try $0.edit("\(router)/router.json", "\"max_tokens\" : 160", "\"max_tokens\" : 4")
        },
        finished("route: an unknown read-out", says: "readout", "middle", by: "route", router, "text") {
            try $0.edit("\(router)/router.json", "\"readout\" : \"mean\"", "\"readout\" : \"middle\"")
        },
        finished("route: router.json cut in half", says: "router.json", "export", by: "route", router, "text") {
            try $0.halve("\(router)/router.json")
        },
        finished("route: router.json of another format", says: "router.json", "format 3", by: "route", router, "text") {
            try $0.edit("\(router)/router.json", "\"format\" : 2", "\"format\" : 3")
        },
        finished("route: more workers than rows", says: "router.json", "fit", by: "route", router, "text") {
            try $0.edit("\(router)/router.json", "\"gamma\"\n", "\"gamma\", \"delta\"\n")
        },
        finished("route: two workers of one name", says: "router.json", "fit", by: "route", router, "text") {
            try $0.edit("\(router)/router.json", "\"beta\"", "\"gamma\"")
        },
        finished(
            "route: an unknown worker left out", says: "--without", "\"omega\"", "alpha, beta, gamma",
            by: "route", router, "text", "--without", "omega"),
        finished(
            "route: all workers left out", says: "--without", "no worker",
            by: "route", router, "text", "--without", "alpha", "--without", "beta", "--without", "gamma"),
    ]

    private static let garbage = Data((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) })

    private static func text(_ name: String, says words: String..., with arguments: String..., texts: String? = nil) -> BadInput
    {
        let command = ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "out/states.h5"]
        var bad = BadInput("embed: \(name)", by: command + arguments) {
            if let texts { try $0.write(texts, to: "texts.jsonl") }
        }
        bad.words = words
        return bad
    }

    static let texts: [BadInput] = [
        text("missing input", says: "nowhere.jsonl", "no such file", with: "--input", "nowhere.jsonl"),
        text("a folder for input", says: "outcomes", with: "--input", "outcomes"),
        text("a line that is not JSON", says: "texts.jsonl:2:", "JSON", texts: "{\"id\": \"a\", \"text\": \"a\"}\n{\"id\"\n"),
        text("a line without text", says: "texts.jsonl:1:", "no text", texts: "{\"id\": \"a\"}\n"),
        text("an id that is a number", says: "texts.jsonl:1:", "string", texts: "{\"id\": 7, \"text\": \"a\"}\n"),
        text("bytes that are no text", says: "texts.jsonl:1:", texts: "{\"id\": \"a\", \"text\": \"\\ud800\"}\n"),
        text(
            "duplicate id", says: "texts.jsonl:2:", "duplicate id \"a\"",
            texts: "{\"id\": \"a\", \"text\": \"a\"}\n{\"id\": \"a\", \"text\": \"b\"}\n"),
        text("empty input", says: "texts.jsonl", "no text", texts: ""),
        text("too few tokens", says: "max", "tokens", "2", with: "--max-tokens", "2"),
        text("more tokens than positions", says: "max tokens", "160", with: "--max-tokens", "161"),
        text("a number of tokens that is none", says: "max_tokens", "\"few\"", with: "--max-tokens", "few"),
        text("unknown read-out", says: "readout", "penultimate", with: "--readout", "middle"),
        text("unknown precision", says: "precision", "f32", with: "--precision", "f8"),
        text("output below a file", says: "recipe.yaml", with: "--output", "recipe.yaml/states.h5", "--quiet"),
        text("output where a folder stands", says: "outcomes", with: "--output", "outcomes", "--quiet"),
    ]
}

extension Workshop {
    /// Removes the search's checkpoints, not the head of SFT.
    func removeCheckpoints() throws {
        for name in try snapshot("\(Workshop.run)/checkpoints").keys where name.hasPrefix("gen-") {
            try remove("\(Workshop.run)/checkpoints/\(name)")
        }
    }
}
