import Chat
import Files
import Foundation
import Routing
import Tasks

/// The run that recorded outcomes become: a pool whose workers are recorded, a file of tasks a part, and a recipe.
struct NewRun {
    let recipe: Recipe
    let pool: Pool
    /// Train, then validation, then test.
    let problems: [Problem]
    private let directory: RunDirectory
    /// Everything but the recipe.
    private let files: [(url: URL, bytes: Data)]

    /// Nothing is written yet. Throws ``InputError`` where the files that are to be written could not be read.
    init(of outcomes: Outcomes, split name: String, in directory: RunDirectory, name runName: String?, model: URL) throws {
        let split = try outcomes.split(named: name), folder = directory.url
        func part(_ name: String, _ rows: [Int]) throws -> (part: LiveSettings.TaskPart, problems: [Problem]) {
            let file = folder.appendingPathComponent("tasks/\(name).jsonl")
            return (LiveSettings.TaskPart(file: file), try rows.map { try Self.problem(outcomes, row: $0) })
        }
        let train = try part("train", split.train), validation = try part("validation", split.validation)
        let test = try part("test", split.test), poolFile = folder.appendingPathComponent("pool.yaml")
        let name = runName ?? folder.lastPathComponent
        try Recipe.check(name: name, at: "--name")
        recipe = Recipe(
            name: name, seed: 0, model: model,
            source: .live(
                LiveSettings(pool: .file(poolFile), train: train.part, validation: validation.part, test: test.part)),
            embed: EmbedSettings(), sft: SFTSettings(), evolve: EvolveSettings(), evaluate: EvaluateSettings())
        pool = try Self.pool(outcomes)
        problems = train.problems + validation.problems + test.problems
        self.directory = directory
        files =
            [train, validation, test].map { ($0.part.file, Self.lines($0.problems)) }
            + [(poolFile, Data(pool.poolFile.utf8))]
    }

    private static func pool(_ outcomes: Outcomes) throws -> Pool {
        let table = outcomes.table, provider = Provider(name: "recorded", api: .recorded, baseURL: "")
        let most = table.samples.max() ?? 1
        return Pool(
            workers: try table.workers.enumerated().map { column, name in
                guard name != "baton", !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
                else {
                    throw InputError(
                        outcomes.url.appendingPathComponent("workers.csv").path,
                        "worker \"\(name)\": a pool cannot have that name; call it otherwise")
                }
                // One sample where others have several: there was nothing to repeat.
                let own = (0..<table.tasks).map { table.samples[$0 * table.workers.count + column] }.max() ?? 0
                return WorkerSpec(
                    name: name, provider: provider, model: name, price: .unknown,
                    isDeterministic: outcomes.deterministicWorkers.contains(name) || (own == 1 && most > 1))
            })
    }

    private static func problem(_ outcomes: Outcomes, row: Int) throws -> Problem {
        let id = outcomes.ids[row], prompt = outcomes.prompts[row], domain = outcomes.domains[row]
        guard !id.allSatisfy(\.isWhitespace), !prompt.allSatisfy(\.isWhitespace) else {
            throw InputError(
                outcomes.url.appendingPathComponent("tasks.jsonl").path,
                "task \"\(id)\" has no id or asks nothing; a run needs both")
        }
        return Problem(
            id: id, domain: domain.allSatisfy(\.isWhitespace) ? "all" : domain,
            messages: [Message(role: "user", text: prompt)], target: "recorded", grader: RecordedGrader.name)
    }

    private static func lines(_ problems: [Problem]) -> Data {
        let lines = problems.map { problem in
            let row: JSONObject = [
                "id": .string(problem.id), "domain": .string(problem.domain),
                "messages": .array(problem.messages.map { .object($0.json) }), "target": .string(problem.target),
                "grader": .string(problem.grader),
            ]
            return JSON.object(row).text + "\n"
        }
        return Data(lines.joined().utf8)
    }

    // MARK: On disk

    /// Throws ``InputError`` where somebody else's file stands in the way. One with the same bytes is left by an import that was
    /// killed.
    func check() throws {
        for file in files where directory.exists(file.url) {
            guard try readFile(file.url) == file.bytes else {
                throw InputError(file.url.path, "is there already, and not by this import; take another folder")
            }
        }
    }

    /// Pool and tasks.
    func writeFiles() throws {
        for file in files {
            try Durable.makeFolder(file.url.deletingLastPathComponent())
            try Durable.replace(file.url, by: file.bytes)
        }
    }

    /// Makes a run of the folder: written last.
    func writeRecipe() throws {
        try Durable.replace(directory.recipe, by: Data(recipe.yaml(relativeTo: directory.url).utf8))
    }
}
