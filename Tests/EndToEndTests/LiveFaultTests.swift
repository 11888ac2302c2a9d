import Foundation
import Testing

/// What a provider does wrong costs time, never labels; and its key is in nothing that is left behind.
struct LiveFaultTests {
    private static let rows = ["--tasks.train_rows", "4", "--tasks.validation_rows", "2", "--tasks.test_rows", "2"]
    private static let key = "sk-live-4f9bA7c2E8d1"

    private func label(_ workshop: Workshop, _ provider: LiveProvider) throws -> Command.Ending {
        try workshop.writePool(port: provider.port)
        return try Command.baton(["label", "recipe.yaml", "--threads", "1", "--quiet"] + Self.rows, in: workshop.url)
    }

    /// 5,000 cells, a third of whose first and second calls go wrong in one of thirteen ways.
    @Test func aProviderThatFailsInEveryWayGivesTheLabelsOfAFaultlessOne() throws {
        let workshop = try Workshop.live(), calm = try LiveProvider(), faulty = try LiveProvider("--faults", "0.3")
        try workshop.writeTasks(train: 600, validation: 200, test: 200)
        try workshop.writePool(port: calm.port)
        try #require(try workshop.live("label", "recipe.yaml").status == 0)
        let expected = try workshop.labels()
        #expect(expected.count == 5000 && calm.asked.count == 5000)
        try workshop.remove("runs")
        // On a machine that is busy these end a call that would have gone well: that's one more fault.
        try workshop.writePool(port: faulty.port, keys: "timeouts: {first_byte: 2, stall: 1}")
        for _ in 0..<5 {
            let ending = try workshop.live("label", "recipe.yaml")
            if ending.status == 0 { break }
            try #require(ending.status == 1, "\(ending.messages)")
        }
        let labels = try workshop.labels()
        #expect(labels == expected, "\(zip(labels, expected).first { $0 != $1 } ?? ("", ""))")
        let faults = Dictionary(grouping: faulty.asked.compactMap(\.fault)) { $0 }.mapValues(\.count)
        #expect(faults.count == 13 && faults.values.allSatisfy { $0 > 4 }, "\(faults)")
        try workshop.expectWholeLedger()
    }

    /// 401: the key; 402: the account; 404: the address or the model. None says anything about the task.
    @Test(arguments: [401, 402, 404])
    func aWorkerThatIsDownLeavesTheOthersLabelsAndIsAskedAgain(status: Int) throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--down", "gamma-1=\(status)")
        let down = try label(workshop, provider)
        #expect(down.status == 1)
        #expect(down.lines.count == 1 && down.messages.contains("gamma") && down.messages.contains("same command"))
        #expect(try workshop.labels(filter: "status!=failed").count == 8 * 3)
        #expect(try !workshop.labels(filter: "status=failed").isEmpty)
        let healthy = try LiveProvider()
        let second = try label(workshop, healthy)
        #expect(second.status == 0, "\(second.messages)")
        #expect(healthy.asked.count == 8 * 2 && healthy.asked.allSatisfy { $0.model == "gamma-1" })
        #expect(try workshop.labels(filter: "status=failed").isEmpty)
        #expect(try workshop.labels().count == 8 * 5)
    }

    @Test func aRequestThatIsRefusedForGoodIsNotAskedAgain() throws {
        let workshop = try Workshop.live(), provider = try LiveProvider("--down", "gamma-1=400")
        #expect(try label(workshop, provider).status == 1)
        #expect(try workshop.labels(filter: "status=failed").count == 8 * 2)
        let asked = provider.asked.count
        #expect(asked == 8 * 5)
        #expect(try label(workshop, provider).status == 0)
        #expect(provider.asked.count == asked)
    }

    @Test func aKeyIsNowhereEvenWhereTheProviderRepeatsIt() throws {
        let workshop = try Workshop.live()
        let provider = try LiveProvider("--key", Self.key, "--echo-key", "--down", "gamma-1=401")
        try workshop.writePool(port: provider.port, key: "TEST_KEY")
        let command = ["label", "recipe.yaml", "--threads", "1"] + Self.rows
        let ending = try Command.baton(command, in: workshop.url, environment: ["TEST_KEY": Self.key])
        #expect(ending.status == 1)
        #expect(ending.messages.contains("status 401"), "\(ending.messages)")
        #expect(try workshop.labels(filter: "status!=failed").count == 8 * 3)
        // The wrong key is a key too.
        let other = "sk-live-0000wrong1111"
        let refused = try Command.baton(command, in: workshop.url, environment: ["TEST_KEY": other])
        #expect(refused.status == 1)
        for secret in [Self.key, other] {
            for said in [ending, refused] { #expect(!(said.output + said.messages).contains(secret)) }
            for (name, data) in try workshop.snapshot() {
                #expect(data.range(of: Data(secret.utf8)) == nil, "\(name)")
            }
        }
    }
}
