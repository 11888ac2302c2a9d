import Chat
import Files
import Foundation
import Ledger
import Testing

/// Outcomes from elsewhere become calls like any other.
struct LedgerImportTests {
    private typealias Shop = LedgerWorkshop

    private func outcome(
        _ worker: String, _ task: Int, _ successes: Double, _ samples: Int, digest: String = "recorded"
    ) -> ImportedOutcome {
        ImportedOutcome(
            worker: Self.worker(worker), task: "task-\(task)", digest: digest, request: Shop.requests[task],
            successes: successes, samples: samples)
    }

    private static func worker(_ name: String) -> LedgerWorker {
        LedgerWorker(fingerprint: "fingerprint of \(name)", name: name, identity: "{}")
    }

    private func values(
        _ ledger: RunLedger, _ worker: String, _ task: Int, digest: String = "recorded"
    ) async throws -> [Double?] {
        let calls = try await ledger.calls(of: [Self.worker(worker).fingerprint])
        let grades = try await ledger.grades()
        return calls.values.filter { $0.key.request == Shop.requests[task].digest }.sorted { $0.key < $1.key }.map {
            grades[Grade.Key(call: $0.id, task: digest, grader: ImportedOutcome.grader, version: 1)]?.value
        }
    }

    @Test func successesOfSamplesAreSoManyOnesAndAFractionIsShared() async throws {
        let shop = try Shop(), ledger = try RunLedger(opening: shop.file, budget: .zero)
        let outcomes = [outcome("cas", 0, 1, 3), outcome("cas", 1, 0, 1), outcome("brute", 0, 1.5, 4)]
        #expect(try await ledger.importOutcomes(outcomes) == 8)
        #expect(try await values(ledger, "cas", 0) == [1, 0, 0])
        #expect(try await values(ledger, "cas", 1) == [0])
        #expect(try await values(ledger, "brute", 0) == [0.375, 0.375, 0.375, 0.375])
        let calls = try await ledger.calls().values
        #expect(calls.allSatisfy { $0.state == .done && $0.source == .imported && $0.attempts == 0 && $0.cost == .zero })
        #expect(ledger.spending == Spending())
        #expect(try await ledger.reader.tasks().map(\.id) == ["task-0", "task-1"])
        #expect(try await ledger.reader.workers().map(\.name) == ["brute", "cas"])
        await ledger.close()
        let rows = try Shop.sqlite(shop.file, "SELECT task, worker, repeat, status, value FROM labels WHERE worker = 'cas'")
        #expect(
            rows == [
                "task-0 cas 0 graded 1.0", "task-0 cas 1 graded 0.0", "task-0 cas 2 graded 0.0", "task-1 cas 0 graded 0.0",
            ])
    }

    @Test func importingAgainAddsNothingAndMoreAddsOnlyThat() async throws {
        let shop = try Shop(), ledger = try RunLedger(opening: shop.file)
        let first = [outcome("cas", 0, 1, 2), outcome("nt", 0, 1, 1)]
        #expect(try await ledger.importOutcomes(first) == 3)
        #expect(try await ledger.importOutcomes(first) == 0)
        #expect(try await ledger.importOutcomes(first + [outcome("nt", 1, 0, 2)]) == 2)
        #expect(try await ledger.calls().count == 5)
        #expect(try await ledger.grades().count == 5)
        await ledger.close()
    }

    @Test(arguments: [(0.0, 2), (1, 3), (1, 1)])
    func anOutcomeThatContradictsIsRefusedAndNothingOfItsImportIsKept(successes: Double, samples: Int) async throws {
        let shop = try Shop(), ledger = try RunLedger(opening: shop.file)
        #expect(try await ledger.importOutcomes([outcome("cas", 0, 1, 2)]) == 2)
        await #expect(throws: InputError.self) {
            try await ledger.importOutcomes([outcome("cas", 1, 1, 1), outcome("cas", 0, successes, samples)])
        }
        #expect(try await ledger.calls().count == 2)
        await ledger.close()
    }

    @Test func tasksThatAskTheSameShareCallsAndHaveOutcomesOfTheirOwn() async throws {
        let shop = try Shop(), ledger = try RunLedger(opening: shop.file)
        #expect(try await ledger.importOutcomes([outcome("cas", 0, 1, 2), outcome("cas", 0, 0, 3, digest: "other")]) == 5)
        #expect(try await ledger.calls().count == 3)
        #expect(try await values(ledger, "cas", 0) == [1, 0, nil])
        #expect(try await values(ledger, "cas", 0, digest: "other") == [0, 0, 0])
        #expect(try await ledger.importOutcomes([outcome("cas", 0, 0, 3, digest: "other")]) == 0)
        await ledger.close()
    }

    @Test func outcomesOfAWorkerThatWasAskedItselfAreRefused() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        #expect(try await ledger.settle(ledger.lease(Shop.claim(0)), Shop.reply()))
        let outcome = ImportedOutcome(
            worker: LedgerWorker(Shop.workers[0]), task: "t", digest: "d", request: Shop.requests[0], successes: 1, samples: 1)
        await #expect(throws: InputError.self) { try await ledger.importOutcomes([outcome]) }
        #expect(try await ledger.grades().isEmpty)
        await ledger.close()
    }

    @Test func anImportedCallIsNeverAskedAgain() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let known = LedgerWorker(Shop.workers[0])
        let outcome = ImportedOutcome(
            worker: known, task: "t", digest: "d", request: Shop.requests[0], successes: 2, samples: 2)
        #expect(try await ledger.importOutcomes([outcome]) == 2)
        #expect(try await ledger.claim(Shop.claim(0)).record?.source == .imported)
        #expect(try await ledger.claim(Shop.claim(40)).isLeased)
        await ledger.close()
    }
}
