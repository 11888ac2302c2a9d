import Files
import Foundation
import Pipeline
import Routing
import Tensors
import Testing

struct OutcomesTests {
    /// A folder with these files; what is not given is a small valid file.
    private func reading<Result>(
        tasks: String? = nil, workers: String? = nil, splits: String? = nil, _ body: (Outcomes) throws -> Result
    ) throws -> Result {
        try Folders.temporary { folder in
            let tasks =
                tasks
                ?? ["x", "y", "z"].map { #"{"id":"\#($0)","prompt":"p","outcomes":{"a":[1,2]}}"# }.joined(separator: "\n")
            try Data(tasks.utf8).write(to: folder.appendingPathComponent("tasks.jsonl"))
            try Data((workers ?? "worker\na\nb\n").utf8).write(to: folder.appendingPathComponent("workers.csv"))
            let splits = splits ?? #"{"0":{"train":["x"],"validation":["y"],"test":["z"]}}"#
            try Data(splits.utf8).write(to: folder.appendingPathComponent("splits.json"))
            return try body(Outcomes(reading: folder))
        }
    }

    private func failure(tasks: String? = nil, workers: String? = nil, splits: String? = nil) -> String {
        do { return try reading(tasks: tasks, workers: workers, splits: splits) { _ in "" } } catch { return "\(error)" }
    }

    @Test func theSixProgramsAreReadAsTheyAreDocumented() throws {
        let folder = try Outcomes(reading: Folders.programs)
        #expect(folder.name == "programs")
        #expect(folder.ids.count == 574 && folder.prompts.count == 574 && Set(folder.ids).count == 574)
        #expect(folder.table.tasks == 574)
        #expect(folder.table.workers == ["cas", "nt", "smt", "mip", "lexicon", "brute"])
        #expect(folder.splitNames == ["0", "1", "2", "3", "4", "5"])
        let counts = Dictionary(grouping: folder.domains) { $0 }.mapValues(\.count)
        #expect(
            counts == ["integrals": 83, "prime-factor": 100, "colouring": 93, "knapsack": 100, "units": 100, "lexical": 98])
        for (name, split) in folder.splits {
            let sizes = [split.train.count, split.validation.count, split.test.count]
            #expect(sizes == (name == "5" ? [246, 83, 245] : [342, 116, 116]))
            #expect(Set(split.train + split.validation + split.test).count == 574)
        }
    }

    @Test func simpleMethodsEarnWhatAnotherImplementationFound() throws {
        struct Reference: Decodable {
            struct Method: Decodable { var per_split: [Double] }
            var methods: [String: Method]
        }
        let text = try Data(contentsOf: Folders.programs.appendingPathComponent("reference.json"))
        let reference = try JSONDecoder().decode(Reference.self, from: text)
        let folder = try Outcomes(reading: Folders.programs)
        var evolve = EvolveSettings()
        evolve.generations = 0
        evolve.sigmas = [1]
        var sft = SFTSettings()
        (sft.temperatures, sft.ridges) = ([1], [1])
        // These methods read no state, so one number a task will do.
        let data = RecordedStates(
            outcomes: folder, states: Tensor(shape: [574, 1], scalars: [Float](repeating: 1, count: 574)))
        let comparison = Comparison(data: data, sft: sft, evolve: evolve, withOptions: false, seed: 0)
        let pairs = ["best_single": "best single", "random": "random", "domain_table": "domain rule", "oracle": "oracle"]
        for (index, name) in folder.splitNames.enumerated() {
            let result = comparison.judge(name, try #require(folder.splits[name]), threads: .one)
            for (ours, theirs) in pairs {
                let expected = try #require(reference.methods[theirs]).per_split[index]
                let got = try #require(result.method(ours)).reward
                #expect(abs(got - expected) < 0.001, "\(ours) on split \(name)")
            }
        }
    }

    @Test func quotesBlankLinesAndCarriageReturnsAreRead() throws {
        let workers = "worker,kind,deterministic\r\n\"a\",\"fast, \"\"cheap\"\"\",yes\r\n\r\n  \r\n\"b, the second\",,no\r\n"
        let tasks =
            ["x", "y", "z"].map { #"{"id":"\#($0)","prompt":"p","outcomes":{"b, the second":[1.5,2]}}"# }
            .joined(separator: "\r\n\r\n") + "\r\n \r\n"
        try reading(tasks: tasks, workers: workers) { folder in
            #expect(folder.table.workers == ["a", "b, the second"])
            #expect(folder.deterministicWorkers == ["a"])
            #expect(folder.ids == ["x", "y", "z"])
            #expect(folder.table.samples == [0, 2, 0, 2, 0, 2])
            #expect(folder.table.rates[2, 1] == 0.75)
        }
    }

    @Test func twoQuotesStandForOne() throws {
        let tasks = ["x", "y", "z"].map { #"{"id":"\#($0)","prompt":"p","outcomes":{}}"# }.joined(separator: "\n")
        try reading(tasks: tasks, workers: "worker\n\"the \"\"best\"\"\"\n") { folder in
            #expect(folder.table.workers == ["the \"best\""])
        }
    }

    @Test func errorsNameTheFileAndTheLine() {
        let good = #"{"id":"x","prompt":"p","outcomes":{"a":[1,2]}}"#
        func second(_ line: String) -> String { failure(tasks: good + "\n\n" + line) }
        let cases = [
            (second("{"), "tasks.jsonl:3: "), (second(good), "tasks.jsonl:3: duplicate id \"x\", first on line 1"),
            (second(#"{"id":"y","prompt":"p","outcomes":{"c":[1,2]}}"#), "tasks.jsonl:3: unknown worker \"c\""),
            (second(#"{"id":"y","prompt":"p","outcomes":{"a":[3,2]}}"#), "tasks.jsonl:3: worker \"a\": 3 successes of 2"),
            (second(#"{"id":"y","prompt":"p","outcomes":{"a":[-1,2]}}"#), "tasks.jsonl:3: worker \"a\": -1 successes"),
            (second(#"{"id":"y","prompt":"p","outcomes":{"a":[1,1.5]}}"#), "tasks.jsonl:3: worker \"a\": expected"),
            (second(#"{"id":"y","prompt":"p","outcomes":{"a":[1]}}"#), "tasks.jsonl:3: worker \"a\": expected"),
            (second(#"{"id":"y","outcomes":{}}"#), "tasks.jsonl:3: key \"prompt\" is missing"),
            (failure(tasks: "\n"), "tasks.jsonl: holds no task"),
            (failure(workers: "name\na\n"), "workers.csv:1: no column \"worker\""),
            (failure(workers: "worker,kind\na,b\n\nb\n"), "workers.csv:4: 1 cells under a header of 2"),
            (failure(workers: "worker\na\na\n"), "workers.csv:3: duplicate worker \"a\""),
            (failure(workers: "worker\n"), "workers.csv: names no worker"),
            (failure(splits: "{}"), "splits.json: holds no split"), (failure(splits: "[]"), "splits.json: "),
            (failure(splits: #"{"0":{"train":["q"],"validation":["y"],"test":["z"]}}"#), "split \"0\": id \"q\" in train"),
            (
                failure(splits: #"{"0":{"train":["x"],"validation":["x"],"test":["z"]}}"#),
                "id \"x\" is in train and in validation"
            ),
            (failure(splits: #"{"0":{"train":["x"],"validation":[],"test":["z"]}}"#), "has no tasks in validation"),
            (failure(splits: #"{"0":{"train":["x"],"validation":["y"],"test":["z"],"dev":[]}}"#), "unknown part \"dev\""),
        ]
        for (message, expected) in cases {
            #expect(message.contains(expected))
            #expect(!message.contains("\n"))
        }
        #expect(throws: InputError.self) { try Outcomes(reading: URL(fileURLWithPath: "/nowhere/at/all")) }
    }
}
