import Chat
import Files
import Foundation
import Ledger
import Synchronization
import Testing

/// What is durable, when, and for whom.
struct LedgerCommitTests {
    private typealias Shop = LedgerWorkshop

    /// A class because tasks share it.
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    /// Claims, and settles with a cost of 1, `indices` from 64 tasks.
    private func play(_ indices: Range<Int>, in ledger: RunLedger) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<64 {
                group.addTask {
                    for index in indices where index % 64 == task {
                        let lease = try await ledger.lease(Shop.claim(index, reservation: 2))
                        #expect(try await ledger.settle(lease, Shop.reply(cost: 1, text: "\(index)")))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Another program holds the file until all have asked, so that they do wait together whatever the disk.
    @Test func operationsThatWaitTogetherAreFlushedTogether() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let leases = try await ledger.claim((0..<1000).map { Shop.claim($0) }).compactMap {
            if case .leased(let lease) = $0 { lease } else { nil }
        }
        let before = ledger.commits, asked = Counter(), holder = try Shop.Holder(of: shop.file)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lease in leases {
                group.addTask {
                    asked.value.add(1, ordering: .relaxed)
                    let isSettled = try await ledger.settle(lease, Shop.reply())
                    #expect(isSettled)
                }
            }
            while asked.value.load(ordering: .relaxed) < leases.count { await Task.yield() }
            holder.letGo()
            try await group.waitForAll()
        }
        let commits = ledger.commits - before
        #expect(commits < 100, "1,000 operations took \(commits) commits")
        #expect(try await ledger.calls().values.count { $0.state == .done } == 1000)
        await ledger.close()
    }

    /// The file and its log, copied between two commits, are what a killed process leaves.
    @Test func whatAKilledProcessLeavesHoldsAllThatWasConfirmedAndFreesItsLeases() async throws {
        let shop = try Shop(), killed = try Shop(), ledger = try await shop.open()
        try await play(0..<128, in: ledger)
        for index in 128..<133 { _ = try await ledger.lease(Shop.claim(index, reservation: 10)) }
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: shop.file.path + suffix, toPath: killed.file.path + suffix)
        }
        await ledger.close()
        let again = try await killed.open(budget: Money(nanos: 128 + 50 + 2))
        var spending = again.spending
        #expect(spending.spent == Money(nanos: 128) && spending.unsettled == Money(nanos: 50) && spending.reserved == .zero)
        let calls = try await again.calls().values
        #expect(calls.count { $0.state == .done } == 128 && calls.count { $0.state == .ready } == 5)
        for index in 128..<130 {
            let lease = try await again.lease(Shop.claim(index, reservation: 1))
            #expect(lease.attempt == 2)
            #expect(try await again.settle(lease, Shop.reply(cost: 1)))
        }
        #expect(try await again.claim(Shop.claim(131, reservation: 1)).isOverBudget)
        spending = again.spending
        #expect(spending.spent == Money(nanos: 130) && spending.unsettled == Money(nanos: 50))
        await again.close()
        #expect(try Shop.sqlite(killed.file, "PRAGMA integrity_check") == ["ok"])
        #expect(try Shop.sqlite(killed.file, "PRAGMA foreign_key_check").isEmpty)
        let third = try await killed.open()
        #expect(third.spending == spending)
        await third.close()
    }

    @Test func aLeaseFromBeforeAReopeningIsFenced() async throws {
        let shop = try Shop(), abandoned = try await shop.open()
        let lost = try await abandoned.lease(Shop.claim(0, reservation: 7))
        let ledger = try await shop.open()
        #expect(ledger.spending.unsettled == Money(nanos: 7))
        #expect(try await !ledger.settle(lost, Shop.reply(cost: 1)))
        let current = try await ledger.lease(Shop.claim(0))
        #expect(try await !abandoned.settle(lost, Shop.reply(cost: 1)))
        #expect(try await ledger.settle(current, Shop.reply(cost: 1)))
        await abandoned.close()
        await ledger.close()
    }

    @Test func aReaderSeesWhatIsCommittedWhileAnotherWrites() async throws {
        let shop = try Shop(), ledger = try await shop.open(), reader = try LedgerReader(reading: shop.file)
        #expect(try await reader.calls().isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await play(0..<640, in: ledger) }
            var seen = 0
            while seen < 640 {
                let calls = try await reader.calls().values.filter { $0.state == .done }
                #expect(calls.count >= seen && calls.allSatisfy { $0.cost == Money(nanos: 1) })
                seen = calls.count
            }
            try await group.waitForAll()
        }
        #expect(try Shop.sqlite(shop.file, "SELECT count(*), sum(cost) FROM calls") == ["640 640"])
        #expect(try await reader.spending() == ledger.spending)
        await reader.close()
        await ledger.close()
    }

    @Test func aClosedLedgerIsOneFileAndTakesNothingMore() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        _ = try await ledger.lease(Shop.claim(0))
        await ledger.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.folder.path) == ["ledger.sqlite"])
        await #expect(throws: JobError.self) { try await ledger.claim([Shop.claim(1)]) }
        let reader = try LedgerReader(reading: shop.file)
        #expect(try await reader.calls().count == 1)
        await reader.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.folder.path) == ["ledger.sqlite"])
    }

    @Test func aNameMayChangeAndTheTablesNameNothingTwice() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        var renamed = LedgerWorker(Shop.workers[0])
        renamed.name = "gamma"
        try await ledger.register(workers: [renamed], requests: Shop.requests)
        #expect(try await ledger.reader.workers().map(\.name) == ["beta", "gamma"])
        await ledger.close()
        #expect(try Shop.sqlite(shop.file, "SELECT count(*) FROM requests") == ["20"])
    }
}
