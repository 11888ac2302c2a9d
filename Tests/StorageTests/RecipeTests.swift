import Backbones
import Evolution
import Files
import Foundation
import Pipeline
import Routing
import Testing
import Tokenizers

struct RecipeTests {
    private func write(_ text: String, to file: URL) throws {
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    private func read(_ text: String, overrides: [(key: String, value: String)] = []) throws -> Recipe {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("some.yaml")
            try write(text, to: file)
            return try Recipe(reading: file, overrides: overrides)
        }
    }

    private func failure(_ text: String, overrides: [(key: String, value: String)] = []) -> String {
        do { return "\(try read(text, overrides: overrides))" } catch let error as InputError {
            return error.description
        } catch { return "not an InputError: \(error)" }
    }

    @Test func whatARecipeDoesNotSayIsTheDefault() throws {
        let recipe = try read("outcomes: data\n")
        #expect(recipe.name == "some" && recipe.seed == 0 && recipe.split == "0")
        #expect(recipe.model.path.hasSuffix("/Models/all-MiniLM-L6-v2"))
        #expect(recipe.embed == EmbedSettings() && recipe.sft == SFTSettings())
        #expect(recipe.evolve == EvolveSettings() && recipe.evaluate == EvaluateSettings())
        #expect(recipe.evolve.generations == 60 && recipe.evaluate.bootstrap == 10_000)
        #expect(try read("outcomes: data\nevolve: {sigma: auto, popsize: auto}\nsft:\n").evolve == EvolveSettings())
    }

    @Test func everyKeyIsReadAndAFlagOverridesIt() throws {
        let text = """
            version: 1
            name: mine
            seed: 18446744073709551615
            outcomes: data
            split: held out
            embed: {prompt: chat, system: "Who?", readout: cls, layers: [0, 2], normalize: false, precision: f32, max_tokens: 64, cut: head}
            sft: {method: plain, temperature: [0.1, 0.5], ridge: 1e-2, kappa: 1.5}
            evolve:
              {environment: replay, draws: exact, start: zero, action: argmax, sigma: 0.2, popsize: 8, generations: 3, step_control: two_point,
               weights: linear, sampling: mirrored, learning: adaptive, mean_rate: 0.5, target: 0.9, stop: auto, validate_every: 2}
            evaluate: {bootstrap: 500}
            """
        var recipe = try read(text)
        #expect(recipe.name == "mine" && recipe.seed == .max && recipe.split == "held out")
        #expect(recipe.embed.readout == .cls && recipe.embed.normalize == false && recipe.embed.maxTokens == 64)
        #expect(recipe.embed.prompt == .chat && recipe.embed.system == "Who?" && recipe.embed.cut == .head)
        #expect(recipe.sft.temperatures == [0.1, 0.5] && recipe.sft.ridges == [0.01] && recipe.sft.kappa == 1.5)
        #expect(recipe.evolve.start == .zero && recipe.evolve.action == .argmax && recipe.evolve.sigmas == [0.2])
        #expect(recipe.evolve.popsize == 8 && recipe.evolve.generations == 3 && recipe.evolve.stepControl == .twoPoint)
        #expect(recipe.embed.layers == .numbers([0, 2]) && recipe.sft.method == .plain)
        #expect(recipe.evolve.weights == .linear && recipe.evolve.sampling == .mirrored && recipe.evolve.learning == .adaptive)
        #expect(recipe.evolve.stop == .auto)
        #expect(recipe.evolve.meanRate == 0.5 && recipe.evolve.target == 0.9 && recipe.evolve.validateEvery == 2)
        #expect(recipe.evaluate.bootstrap == 500)
        recipe = try read(
            text, overrides: [("seed", "4"), ("sft.ridge", "1,10"), ("evolve.popsize", "auto"), ("seed", "5")])
        #expect(recipe.seed == 5 && recipe.sft.ridges == [1, 10] && recipe.evolve.popsize == nil && recipe.name == "mine")
    }

    @Test(arguments: [
        "outcomes: data", "name: \"a: #b, 'c' \\\"d\\\" \\\\e\"\noutcomes: \"with space/ü\"", "name: \"true\"\noutcomes: ../up",
        "name: \"1e3\"\noutcomes: /\nsplit: \"007\"", "split: \"\"\noutcomes: .", "name: '- x'\noutcomes: '*a'",
        "name: \"two\\nlines\\tand \\u0007 \\u0085\\u2028\"\noutcomes: data",
        "name: auto\noutcomes: data\nseed: 18446744073709551615",
        "name: 答え\noutcomes: data\nsft: {temperature: [0.1, 1e-17, 3], ridge: 0, kappa: 0.30000000000000004}",
        "name: n\noutcomes: data\nembed: {prompt: transcript, system: \"# Who:\\n- answers? 'none'\", cut: middle}",
        "name: n\noutcomes: data\nembed: {prompt: auto, system: none, cut: tail}",
        "name: null\noutcomes: data\nembed: {readout: mean, layers: [0, 1], normalize: true, max_tokens: 5}\nevolve: {action: sample, sigma: 1e-5, generations: 0}",
    ])
    func aWrittenRecipeReadsBackAsItself(text: String) throws {
        try Folders.temporary { folder in
            // What paths name has to be there: one that stands nowhere is read against the current folder.
            let file = folder.appendingPathComponent("recipes/some.yaml")
            for name in ["data", "model", "with space/ü", "*a", "../up"] {
                try FileManager.default.createDirectory(
                    at: folder.appendingPathComponent("recipes/\(name)"), withIntermediateDirectories: true)
            }
            try write(text + "\nmodel: model\n", to: file)
            let recipe = try Recipe(reading: file)
            for place in ["recipes", "runs/a b/c", "."] {
                let copy = folder.appendingPathComponent(place).appendingPathComponent("recipe.yaml")
                let written = recipe.yaml(relativeTo: copy.deletingLastPathComponent())
                try write(written, to: copy)
                var again = try Recipe(reading: copy)
                #expect(again.model.standardizedFileURL.path == recipe.model.standardizedFileURL.path)
                #expect(try folderPath(again) == folderPath(recipe))
                #expect(again.name == recipe.name && again.split == recipe.split)
                (again.model, again.source) = (recipe.model, recipe.source)
                #expect(again == recipe)
            }
        }
    }

    /// Where the recorded outcomes of a recipe lie.
    private func folderPath(_ recipe: Recipe) throws -> String {
        guard case .recorded(let folder, _) = recipe.source else { throw InputError("recipe", "has no recorded outcomes") }
        return folder.standardizedFileURL.path
    }

    @Test func aPathIsReadAgainstTheFileThenAgainstTheCurrentFolder() throws {
        try Folders.temporary { folder in
            let file = folder.appendingPathComponent("a/some.yaml")
            let here = FileManager.default.currentDirectoryPath
            let there = try #require(try FileManager.default.contentsOfDirectory(atPath: here).sorted().first)
            try write("outcomes: data\nmodel: \"\(there)\"\n", to: file)
            try write("", to: folder.appendingPathComponent("a/data/tasks.jsonl"))
            let recipe = try Recipe(reading: file)
            #expect(try folderPath(recipe) == folder.appendingPathComponent("a/data").standardizedFileURL.path)
            #expect(recipe.model.path == here + "/" + there)
            let absolute = try Recipe(reading: file, overrides: [("outcomes", "/absolute/place")])
            #expect(try folderPath(absolute) == "/absolute/place")
        }
    }

    @Test func errorsNameTheFileAndTheLine() {
        let cases = [
            ("outcomes: d\nseed: -1", "some.yaml:2: seed: "),
            ("outcomes: d\n\nsede: 1", "some.yaml:3: unknown key sede; did you mean seed?"),
            ("outcomes: d\nevolve:\n  popsize: 3", "some.yaml:3: evolve.popsize: expected a whole number"),
            ("outcomes: d\nevolve:\n  popsise: 8", "some.yaml:3: unknown key evolve.popsise; did you mean evolve.popsize?"),
            ("outcomes: d\nevolve: 5", "some.yaml:2: evolve: expected a mapping"),
            ("outcomes: d\nevolve:\n  start: one", "some.yaml:3: evolve.start: expected one of sft, zero"),
            ("outcomes: d\nsft: {temperature: 0}", "some.yaml:2: sft.temperature: expected numbers above 0"),
            ("outcomes: d\nsft: {ridge: [1, x]}", "some.yaml:2: sft.ridge: expected numbers"),
            ("outcomes: d\nsft: {temperature: nan}", "some.yaml:2: sft.temperature: "),
            ("outcomes: d\nembed: {layers: [3, 1]}", "some.yaml:2: embed.layers: expected auto, last, spread"),
            ("outcomes: d\nembed: {layers: all}", "some.yaml:2: embed.layers: expected auto, last, spread"),
            ("outcomes: d\nevolve: {mean_rate: 0}", "some.yaml:2: evolve.mean_rate: expected a number above 0 and at most 1"),
            ("outcomes: d\nevolve: {hours: 1e18}", "some.yaml:2: evolve.hours: expected a number above 0, at most"),
            ("outcomes: d\nembed: {normalize: maybe}", "some.yaml:2: embed.normalize: expected one of true, false"),
            ("outcomes: [d]", "some.yaml:1: outcomes: expected one value"), ("name: x", "some.yaml: key outcomes is missing"),
            ("outcomes: d\nversion: 2", "some.yaml:2: version: "), ("- a", "some.yaml:1: a recipe is a mapping"),
            ("", "some.yaml:1: a recipe is a mapping"), ("outcomes: d\nname: \"x", "some.yaml:"),
            ("outcomes: d\nname: &n x\nsplit: *n", "some.yaml:2: YAML anchors"),
            ("outcomes: d\nname: a\nname: b", "some.yaml:"),
            ("outcomes: d\nevolve: {sigma: [0.1, 0.2]}", "some.yaml: evolve.sigma: "),
            ("outcomes: d\nevaluate: {bootstrap: 1}", "some.yaml:2: evaluate.bootstrap: "),
        ]
        for (text, expected) in cases {
            let message = failure(text)
            #expect(message.contains(expected))
            #expect(!message.contains("\n"))
        }
        #expect(failure("outcomes: d", overrides: [("sede", "1")]).hasPrefix("--sede: unknown key sede"))
        #expect(failure("outcomes: d", overrides: [("seed", "x")]).hasPrefix("--seed: seed: "))
        #expect(throws: InputError.self) { try Recipe(reading: URL(fileURLWithPath: "/nowhere/at/all.yaml")) }
    }

    @Test func aFewLinesOfAliasesDoNotStandForAThousandMillionNodes() {
        let lines = (1...12).map { level in
            "l\(level): &l\(level) [\([String](repeating: level == 1 ? "x" : "*l\(level - 1)", count: 10).joined(separator: ", "))]"
        }
        #expect(failure("outcomes: d\n" + lines.joined(separator: "\n")).contains("some.yaml:2: YAML anchors and aliases"))
    }
}
