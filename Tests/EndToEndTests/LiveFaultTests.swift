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

    @Test func aFaultyProviderGivesTheLabelsOfAFaultlessOne() throws {
        let workshop = try Workshop.live(), calm = try LiveProvider()
        try #require(try label(workshop, calm).status == 0)
        let expected = try workshop.labels()
        try workshop.remove("runs")
        let faulty = try LiveProvider("--faults", "0.4")
        let ending = try label(workshop, faulty)
        #expect(ending.status == 0, "\(ending.messages)")
        #expect(try workshop.labels() == expected)
        #expect(Set(faulty.asked.compactMap(\.fault)).count > 6)
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
