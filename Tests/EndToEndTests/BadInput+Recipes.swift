import Foundation

extension BadInput {
    private static let run = ["run", "recipe.yaml"]

    private static func edit(_ name: String, says words: String..., replacing old: String, by new: String) -> BadInput {
        var bad = BadInput("recipe: \(name)", by: run) { try $0.edit("recipe.yaml", old, new) }
        bad.words = words
        return bad
    }

    private static func text(_ name: String, says words: String..., being text: String) -> BadInput {
        var bad = BadInput("recipe: \(name)", by: run) { try $0.write(text, to: "recipe.yaml") }
        bad.words = ["recipe.yaml"] + words
        return bad
    }

    private static func flag(_ flag: String, _ value: String, says words: String...) -> BadInput {
        var bad = BadInput("flag: \(flag)=\(value)", by: run + ["\(flag)=\(value)"])
        bad.words = words
        return bad
    }

    /// Nine lines that stand for a thousand million values.
    private static let aliasBomb =
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + zip("bcdefghi", "abcdefgh").map {
            "\($0): &\($0) [\(Array(repeating: "*\($1)", count: 10).joined(separator: ", "))]\n"
        }.joined()

    static let recipes: [BadInput] = [
        BadInput("recipe: missing", says: "nowhere.yaml", "no such recipe", by: ["run", "nowhere.yaml"]),
        BadInput("recipe: a folder that is no run", says: "outcomes", "recipe.yaml", by: ["run", "outcomes"]),
        edit("a misspelt key", says: "recipe.yaml:3:", "sed", "did you mean seed?", replacing: "seed", by: "sed"),
        edit(
            "a misspelt inner key", says: "recipe.yaml:8:", "did you mean evolve.generations?", replacing: "generations",
            by: "generation"),
        edit(
            "a key that nothing resembles", says: "recipe.yaml:3:", "unknown key refrigerator", replacing: "seed",
            by: "refrigerator"),
        edit("a word for a number", says: "recipe.yaml:3:", "seed", "\"seven\"", replacing: "seed: 7", by: "seed: seven"),
        edit(
            "a fraction for a whole number", says: "recipe.yaml:8:", "evolve.generations", "2.5", replacing: "generations: 4",
            by: "generations: 2.5"),
        edit(
            "a negative population", says: "recipe.yaml:9:", "evolve.popsize", "-8", replacing: "popsize: 8", by: "popsize: -8"),
        edit("a population too small", says: "recipe.yaml:9:", "evolve.popsize", replacing: "popsize: 8", by: "popsize: 3"),
        edit(
            "an unknown choice", says: "recipe.yaml:9:", "evolve.start", "sft, zero", replacing: "popsize: 8",
            by: "start: middle"),
        edit("a step size of nothing", says: "recipe.yaml:9:", "evolve.sigma", replacing: "popsize: 8", by: "sigma: 0"),
        edit("a step size below nothing", says: "recipe.yaml:9:", "evolve.sigma", replacing: "popsize: 8", by: "sigma: -1"),
        edit(
            "a step size beyond all", says: "recipe.yaml:9:", "evolve.sigma", "at most 1000", replacing: "popsize: 8",
            by: "sigma: 1001"),
        edit("a step size that is none", says: "recipe.yaml:9:", "evolve.sigma", replacing: "popsize: 8", by: "sigma: .nan"),
        edit(
            "a target beyond all rewards", says: "recipe.yaml:9:", "evolve.target", "from 0 to 1", replacing: "popsize: 8",
            by: "target: 70"),
        edit(
            "a reason to stop that is none", says: "recipe.yaml:9:", "evolve.stop", "auto, none", replacing: "popsize: 8",
            by: "stop: soon"),
        edit("hours of zero", says: "recipe.yaml:9:", "evolve.hours", "above 0", replacing: "popsize: 8", by: "hours: 0"),
        edit(
            "a mean that is never judged", says: "recipe.yaml:9:", "evolve.validate_every", replacing: "popsize: 8",
            by: "validate_every: 0"),
        edit(
            "a mean that is first judged after the end", says: "recipe.yaml:9:", "from 1 to 4, got \"5\"",
            replacing: "popsize: 8", by: "validate_every: 5"),
        edit("several step sizes", says: "evolve.sigma", "one step size", replacing: "popsize: 8", by: "sigma: [0.1, 0.2]"),
        edit("an unknown version", says: "recipe.yaml:1:", "version 1", "\"2\"", replacing: "version: 1", by: "version: 2"),
        edit("a key twice", says: "recipe.yaml", "seed", "twice", replacing: "seed: 7", by: "seed: 7\nseed: 8"),
        edit("an unclosed bracket", says: "recipe.yaml", "YAML", replacing: "seed: 7", by: "seed: [7"),
        edit("a tab for an indent", says: "recipe.yaml", "YAML", replacing: "  generations", by: "\tgenerations"),
        edit(
            "a list for a mapping", says: "recipe.yaml", "evolve", "mapping", replacing: "  generations: 4\n  popsize: 8",
            by: "  [4, 8]"),
        edit("a mapping for a value", says: "recipe.yaml:", "name", "one value", replacing: "name: words", by: "name: {a: b}"),
        edit("no outcomes", says: "recipe.yaml", "key outcomes is missing", replacing: "outcomes: outcomes\n", by: ""),
        edit("a split that is not there", says: "splits.json", "\"five\"", replacing: "split: 0", by: "split: five"),
        edit("an anchor", says: "recipe.yaml:2:", "anchors", replacing: "name: words", by: "name: &name words"),
        edit("a merge of itself", says: "recipe.yaml", replacing: "evolve:", by: "evolve: &evolve\n  <<: *evolve"),
        text("an alias bomb", says: "anchors", being: aliasBomb),
        text("lists nested deeply", says: "recipe.yaml", being: String(repeating: "[", count: 100_000)),
        text("blocks nested deeply", says: "recipe.yaml", being: "a:\n  " + String(repeating: "- ", count: 100_000) + "x\n"),
        text(
            "lists nested within what YAML takes", says: "deep",
            being: "name: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)),
        text("empty", says: "mapping", being: ""),
        text("a list", says: "mapping", being: "- version: 1\n"),
        text("a word", says: "mapping", being: "version"),
        text("two documents", says: "YAML", being: "version: 1\n---\nversion: 1\n"),
        text("a control character", says: "recipe.yaml", being: "name: a\u{7}b\n"),
        BadInput("recipe: not UTF-8", says: "recipe.yaml", "UTF-8", by: run) {
            try $0.write(Data([0x6E, 0xFF, 0xFE]), to: "recipe.yaml")
        },

        flag("--evolve.popsize", "many", says: "--evolve.popsize", "\"many\""),
        flag("--evolve.start", "middle", says: "--evolve.start", "sft, zero"),
        flag("--generations", "-1", says: "evolve.generations", "-1"),
        flag("--hours", "0", says: "--evolve.hours", "above 0"),
        flag("--hours", "nan", says: "--evolve.hours"),
        flag("--target", "-0.1", says: "--evolve.target", "from 0 to 1"),
        flag("--target", "nan", says: "--evolve.target"),
        flag("--evolve.budget", "0", says: "--evolve.budget", "none for no cap"),
        flag("--evolve.sigma", "1e4", says: "--evolve.sigma", "at most 1000"),
        flag("--evolve.popsize", "1000001", says: "--evolve.popsize"),
        flag("--sft.temperature", "0", says: "--sft.temperature", "above 0"),
        flag("--sft.ridge", "nan", says: "--sft.ridge"),
        flag("--evaluate.bootstrap", "5", says: "--evaluate.bootstrap"),
        flag("--seed", "-1", says: "--seed", "-1"),
        flag("--embed.readout", "middle", says: "--embed.readout", "penultimate"),
        flag("--embed.normalize", "perhaps", says: "--embed.normalize"),
        flag("--embed.max_tokens", "100000", says: "max tokens", "160"),
        flag("--embed.prompt", "messages", says: "--embed.prompt", "last_user, transcript, chat"),
        flag("--embed.prompt", "chat", says: "no chat template"),
        flag("--embed.system", "Who answers?", says: "embed.system", "prompt chat or transcript"),
        flag("--embed.cut", "end", says: "--embed.cut", "head, tail, middle"),
    ]
}
