import Foundation
import Tensors
import Testing

/// What `baton doctor` tells of the machine and of a run.
struct DoctorTests {
    private struct Finding: Decodable {
        var name: String, value: String, isGood: Bool
        var measured: [String: Double]?
    }

    private func findings(_ arguments: String..., in workshop: Workshop) throws -> [String: Finding] {
        let ending = try Command.baton(["doctor"] + arguments + ["--json", "--quiet"], in: workshop.url)
        #expect(ending.status == 0, "\(ending.messages)\(ending.output)")
        let found = try ending.output.split(separator: "\n").map {
            try JSONDecoder().decode(Finding.self, from: Data($0.utf8))
        }
        #expect(found.allSatisfy(\.isGood) && Set(found.map(\.name)).count == found.count)
        return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0) })
    }

    @Test func theKernelsThatAreChosenHaveNamesAndRates() throws {
        let workshop = try Workshop(), found = try findings("--model", "model", in: workshop)
        let kernels = try #require(found["kernels"]).value
        for precision in Precision.allCases { #expect(kernels.contains(InstructionSet.best.kernel(for: precision))) }
        #expect(found["instructions"]?.value == InstructionSet.features.joined(separator: " "))
        let rates = try #require(found["packed products"]?.measured)
        #expect(
            Set(rates.keys)
                == Set(["f32", "bf16", "int8"].flatMap { name in [64, 256].map { "\(name)_\($0)_rows_gflops" } }))
        #expect(try #require(found["peak"]?.measured).keys.sorted() == ["core_gflops", "threads_gflops"])
        #expect(rates.values.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(!found.keys.contains { $0.hasPrefix("estimate") })
    }

    @Test func aRunHasAnEstimateOfItsStages() throws {
        let workshop = try Workshop(generations: 4, tasks: 60), found = try findings("recipe.yaml", in: workshop)
        let embed = try #require(found["estimate of embed"]), numbers = try #require(embed.measured)
        #expect(embed.value.contains("about") && numbers["texts"] == 60)
        #expect(try #require(numbers["tokens"]) >= 60 * 3)
        #expect(try #require(numbers["seconds"]) > 0)
        // Of the tiny model: 4 · width² + 2 · width · inner in each layer.
        let configuration = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: workshop.url.appendingPathComponent("model/config.json")))
                as? [String: Any])
        let size = { (key: String) in (configuration[key] as? Int) ?? 0 }
        let layer = 4 * size("hidden_size") * size("hidden_size") + 2 * size("hidden_size") * size("intermediate_size")
        #expect(numbers["multiplications_per_token"] == Double(layer * size("num_hidden_layers")))
        let evolve = try #require(found["estimate of evolve"])
        #expect(evolve.measured?["generations"] == 4 && evolve.value.contains("at least"))
    }

    @Test func aFinishedRunHasNoGenerationsToGo() throws {
        let found = try findings(Workshop.run, in: Workshop.finished())
        let evolve = try #require(found["estimate of evolve"])
        #expect(evolve.measured?["generations"] == 0 && evolve.value.contains("median"))
        #expect(evolve.measured?["seconds"] == 0)
    }

    @Test func aRecipeWhoseTasksAreNotThereIsNotReady() throws {
        let workshop = try Workshop()
        try FileManager.default.removeItem(at: workshop.url.appendingPathComponent("outcomes/tasks.jsonl"))
        let ending = try workshop.baton("doctor", "recipe.yaml")
        #expect(ending.status == 1 && ending.output.contains("NO  estimate") && ending.output.contains("tasks.jsonl"))
    }
}
