import Chat
import Files
import Foundation
import Ledger
import Testing

/// Files that are no ledger, no more, or not this one; disks that are full.
struct LedgerFileTests {
    private typealias Shop = LedgerWorkshop

    /// A ledger of a hundred calls, closed.
    private func finished() async throws -> Shop {
        let shop = try Shop(), ledger = try await shop.open()
        for lease in try await ledger.claim((0..<100).map { Shop.claim($0) }) {
            guard case .leased(let lease) = lease else { continue }
            #expect(try await ledger.settle(lease, Shop.reply(text: String(repeating: "x", count: 500))))
        }
        await ledger.close()
        return shop
    }

    /// Opening `file` for writing and for reading, and reading all of it, must fail in one line.
    private func expectRefused(_ file: URL, _ words: String, _ location: SourceLocation = #_sourceLocation) async {
        for reading in [false, true] {
            do {
                let reader = try reading ? LedgerReader(reading: file) : RunLedger(opening: file).reader
                _ = try await reader.calls()
                _ = try await reader.grades()
                for call in 1...100 { _ = try await reader.reply(of: Int64(call)) }
                Issue.record("\(file.path) was taken for a ledger", sourceLocation: location)
            } catch {
                #expect(error is InputError, sourceLocation: location)
                let line = "\(error)"
                #expect(line.hasPrefix(file.path) && !line.contains("\n"), "\(line)", sourceLocation: location)
                #expect(line.contains(words), "\(line)", sourceLocation: location)
            }
        }
    }

    @Test func whatIsNoLedgerIsRefusedInOneLine() async throws {
        let shop = try Shop(), folder = shop.folder.appendingPathComponent("folder")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        await expectRefused(folder, "is not a regular file")
        let contents: [String: Data] = [
            "empty": Data(), "text": Data("task,worker,score\n".utf8), "short": Data("SQLite".utf8),
            "random": Data((0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }),
            "h5": Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) + Data(count: 4096),
        ]
        for (name, data) in contents {
            let file = shop.folder.appendingPathComponent(name)
            try data.write(to: file)
            await expectRefused(file, "is not a ledger")
            #expect(try Data(contentsOf: file) == data)
        }
        let head = shop.folder.appendingPathComponent("head")
        try (Data("SQLite format 3\0".utf8) + Data([0x10, 0]) + Data(repeating: 0xAB, count: 8174)).write(to: head)
        await expectRefused(head, "is not a ledger")
        let other = shop.folder.appendingPathComponent("other")
        _ = try Shop.sqlite(other, "CREATE TABLE calls (id)")
        await expectRefused(other, "is a database, but not a ledger")
        #expect(throws: InputError.self) { try LedgerReader(reading: shop.folder.appendingPathComponent("none")) }
    }

    @Test func aLaterFormatIsRefusedAndLeftAlone() async throws {
        let shop = try await finished()
        var data = try Data(contentsOf: shop.file)
        // SQLite's file format, 1.3: the user version lies at offset 60, most significant byte first.
        #expect(data[60...63].elementsEqual([0, 0, 0, 1]))
        data[63] = 2
        try data.write(to: shop.file)
        await expectRefused(shop.file, "of format 2, and this baton reads up to 1; take a newer baton")
        #expect(try Data(contentsOf: shop.file) == data)
    }

    @Test func aLedgerThatWasCutIsRefusedWhereverItWasCut() async throws {
        let shop = try await finished(), data = try Data(contentsOf: shop.file)
        for length in [20, 100, 4095, 4096, 8192, data.count / 2, data.count - 4096, data.count - 1] {
            try data.prefix(length).write(to: shop.file)
            await expectRefused(shop.file, "is damaged")
        }
    }

    @Test func pagesOfRubbishAreRefusedInOneLine() async throws {
        let shop = try await finished(), data = try Data(contentsOf: shop.file)
        var rubbish = data
        rubbish.replaceSubrange(4096..<data.count, with: (4096..<data.count).map { UInt8(truncatingIfNeeded: $0 &* 151 >> 3) })
        try rubbish.write(to: shop.file)
        await expectRefused(shop.file, "is damaged")
    }

    @Test func theLogOfARemovedLedgerIsNotPlayedIntoTheNext() async throws {
        let shop = try Shop(), abandoned = try await shop.open()
        _ = try await abandoned.lease(Shop.claim(0))
        let log = try Data(contentsOf: URL(fileURLWithPath: shop.file.path + "-wal"))
        #expect(log.count > 4096)
        await abandoned.close()
        try FileManager.default.removeItem(at: shop.file)
        try log.write(to: URL(fileURLWithPath: shop.file.path + "-wal"))
        let ledger = try await shop.open()
        #expect(try await ledger.calls().isEmpty)
        await ledger.close()
        #expect(try Shop.sqlite(shop.file, "PRAGMA integrity_check") == ["ok"])
    }

    @Test func aFinishedLedgerIsReadFromAMediumThatCannotBeWritten() async throws {
        let shop = try await finished(), medium = shop.folder.appendingPathComponent("50% #?")
        try FileManager.default.createDirectory(at: medium, withIntermediateDirectories: false)
        guard try mount(["-t", "tmpfs", "tmpfs", medium.path]) else { return }
        defer { _ = try? Shop.run(["umount", medium.path]) }
        let file = medium.appendingPathComponent("ledger.sqlite")
        try FileManager.default.copyItem(at: shop.file, to: file)
        #expect(try mount(["-o", "remount,ro", medium.path]))
        let reader = try LedgerReader(reading: file)
        #expect(try await reader.calls().count == 100)
        await reader.close()
        #expect(throws: InputError.self) { try RunLedger(opening: file) }
    }

    @Test func aFullDiskFailsWhatItCannotTakeAndTheRestGoesOn() async throws {
        let shop = try Shop(), disk = shop.folder.appendingPathComponent("disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
        guard try mount(["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk.path]) else { return }
        defer { _ = try? Shop.run(["umount", disk.path]) }
        let file = disk.appendingPathComponent("ledger.sqlite"), ledger = try RunLedger(opening: file)
        try await ledger.register(workers: Shop.workers.map(LedgerWorker.init), requests: Shop.requests)
        var lease: Lease?, confirmed = 0, problem: (any Error)?
        for index in 0..<100 where problem == nil {
            do {
                let next = try await ledger.lease(Shop.claim(index, reservation: 3))
                lease = next
                #expect(try await ledger.settle(next, Shop.reply(cost: 1, text: String(repeating: "x", count: 20_000))))
                (lease, confirmed) = (nil, confirmed + 1)
            } catch { problem = error }
        }
        let line = "\(try #require(problem))"
        #expect(problem is JobError && line.hasPrefix(file.path) && line.contains("same command again"), "\(line)")
        #expect(confirmed > 2 && ledger.spending.spent == Money(nanos: Int64(confirmed)))
        #expect(try await ledger.calls().values.count { $0.state == .done } == confirmed)
        #expect(try mount(["-o", "remount,size=64m", disk.path]))
        if let lease { #expect(try await ledger.settle(lease, Shop.reply(cost: 1))) }
        let next = try await ledger.lease(Shop.claim(101))
        #expect(try await ledger.settle(next, Shop.reply()))
        await ledger.close()
        #expect(try Shop.sqlite(file, "PRAGMA integrity_check") == ["ok"])
    }

    @Test func aLedgerForWhichThereIsNoRoomIsNotBegun() async throws {
        let shop = try Shop(), disk = shop.folder.appendingPathComponent("disk")
        try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
        guard try mount(["-t", "tmpfs", "-o", "size=32k", "tmpfs", disk.path]) else { return }
        defer { _ = try? Shop.run(["umount", disk.path]) }
        let file = disk.appendingPathComponent("ledger.sqlite")
        #expect(throws: JobError.self) { try RunLedger(opening: file) }
        #expect(!FileManager.default.fileExists(atPath: file.path))
        #expect(try mount(["-o", "remount,size=64m", disk.path]))
        await (try RunLedger(opening: file)).close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["ledger.sqlite"])
    }

    /// Whether this machine lets us mount.
    private func mount(_ arguments: [String], _ name: String = #function) throws -> Bool {
        let (status, output) = try Shop.run(["mount"] + arguments)
        if status != 0 { print("\(name): skipped, nothing can be mounted here: \(output)") }
        return status == 0
    }
}
