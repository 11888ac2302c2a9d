import Chat
import Files
import Foundation
import Ledger
import Testing

/// What is asked once, settled once, and counted once.
struct LedgerCallTests {
    private typealias Shop = LedgerWorkshop

    @Test func aCallIsMadeOnceAndFoundByTheNextClaim() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let lease = try await ledger.lease(Shop.claim(0, reservation: 9))
        #expect(try await ledger.claim(Shop.claim(0)).isUnderWay)
        #expect(ledger.spending.reserved == Money(nanos: 9))
        #expect(try await ledger.settle(lease, Shop.reply(cost: 4, text: #"{"id":"ö"}"#, ending: .truncated)))
        let record = try #require(try await ledger.claim(Shop.claim(0)).record)
        #expect(record.key == Shop.key(0) && record.state == .done && record.source == .asked && record.attempts == 1)
        #expect(record.ending == .truncated && record.cost == Money(nanos: 4) && record.unsettled == .zero)
        #expect(record.usage == Usage(promptTokens: 7, completionTokens: 5, cachedTokens: 3, isEstimated: true))
        #expect(record.latency == .microseconds(1500) && record.revision == "alpha-large fp1" && record.failure == nil)
        #expect(try await ledger.reply(of: record.id) == Array(#"{"id":"ö"}"#.utf8))
        #expect(try await ledger.calls() == [record.key: record])
        #expect(ledger.spending.spent == Money(nanos: 4) && ledger.spending.reserved == .zero)
        await ledger.close()
    }

    @Test func workerRequestAndRepeatTellCallsApartAndModelAndSeedDoNot() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let claims = [Shop.claim(0), Shop.claim(1), Shop.claim(0, worker: 1), Shop.claim(20)]
        #expect(try await ledger.claim(claims).allSatisfy(\.isLeased))
        var request = Shop.requests[0]
        request.model = "beta"
        request.seed = 3
        #expect(request.digest == Shop.requests[0].digest)
        request.json["temperature"] = 1
        #expect(request.digest != Shop.requests[0].digest)
        #expect(Set(try await ledger.calls(of: [Shop.key(0).worker]).keys) == [Shop.key(0), Shop.key(1), Shop.key(20)])
        await ledger.close()
    }

    @Test func equalClaimsOfOneBatchAreLeasedOnce() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let results = try await ledger.claim([Shop.claim(0), Shop.claim(0)])
        #expect(results[0].isLeased && results[1].isUnderWay)
        await ledger.close()
    }

    @Test func aFailedAttemptIsTriedAgainAndALastOneOnlyWhenAsked() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let first = try await ledger.lease(Shop.claim(0))
        #expect(try await ledger.settle(first, Shop.failure()))
        let waiting = try #require(try await ledger.calls()[Shop.key(0)])
        #expect(waiting.state == .ready && waiting.failure == .init(kind: "overloaded", message: "503"))
        let second = try await ledger.lease(Shop.claim(0))
        #expect(second.attempt == 2 && second.call == first.call)
        #expect(try await ledger.settle(second, Shop.failure(isFinal: true)))
        #expect(try await ledger.claim(Shop.claim(0)).record?.state == .failed)
        let third = try await ledger.lease(Shop.claim(0, retriesFailed: true))
        #expect(try await ledger.settle(third, Shop.reply()))
        let record = try #require(try await ledger.claim(Shop.claim(0, retriesFailed: true)).record)
        #expect(record.state == .done && record.attempts == 3 && record.failure == nil)
        await ledger.close()
    }

    @Test func aLateWriterIsFencedAndChangesNothing() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let late = try await ledger.lease(Shop.claim(0, reservation: 5))
        #expect(try await ledger.settle(late, Shop.failure()))
        #expect(try await !ledger.settle(late, Shop.reply(cost: 100)))
        let current = try await ledger.lease(Shop.claim(0, reservation: 6))
        #expect(try await !ledger.settle(late, Shop.reply(cost: 100)))
        #expect(ledger.spending.reserved == Money(nanos: 6) && ledger.spending.spent == .zero)
        #expect(try await ledger.settle(current, Shop.reply(cost: 2, text: "[2]")))
        #expect(try await !ledger.settle(current, Shop.reply(cost: 3, text: "[3]")))
        #expect(try await ledger.reply(of: current.call) == Array("[2]".utf8))
        #expect(ledger.spending.spent == Money(nanos: 2))
        await ledger.close()
    }

    @Test func gradesStandUnderTaskGraderAndVersionAndTheLastOneWins() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let lease = try await ledger.lease(Shop.claim(0))
        #expect(try await ledger.settle(lease, Shop.reply()))
        func grade(_ value: Double, task: String = "t", grader: String = "number", version: Int = 1) -> Grade {
            let key = Grade.Key(call: lease.call, task: task, grader: grader, version: version)
            return Grade(key, status: "graded", value: value, reason: "because")
        }
        try await ledger.record([grade(0), grade(0.5, task: "u"), grade(0.25, grader: "exact"), grade(0.75, version: 2)])
        try await ledger.record([grade(1)])
        let kept = [grade(1), grade(0.5, task: "u"), grade(0.25, grader: "exact"), grade(0.75, version: 2)]
        let expected = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0) })
        #expect(try await ledger.grades(of: [Shop.key(0).worker]) == expected)
        #expect(try await ledger.grades(of: [Shop.key(0, worker: 1).worker]).isEmpty)
        await ledger.close()
    }

    @Test func aGradeOfNoCallFailsAloneAmongOthers() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        let lost = Grade(.init(call: 99, task: "t", grader: "g", version: 1), status: "graded", value: 1, reason: "")
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<40 {
                group.addTask {
                    do {
                        if index % 8 == 0 {
                            try await ledger.record([lost])
                        } else {
                            _ = try await ledger.claim([Shop.claim(index)])
                        }
                        return true
                    } catch { return !(error is JobError) }
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.count { !$0 } == 5)
        #expect(try await ledger.calls().count == 35 && ledger.spending.attempts == 35)
        await ledger.close()
    }

    /// Labels must not depend on which call ended first.
    @Test func whateverTheOrderOfCompletionTheContentIsTheSame() async throws {
        func content(_ order: [Int]) async throws -> [String] {
            let shop = try Shop(), ledger = try await shop.open()
            for index in order {
                let lease = try await ledger.lease(Shop.claim(index))
                #expect(try await ledger.settle(lease, Shop.reply(cost: Int64(index), text: "\(index)")))
            }
            var content: [String] = []
            for (key, record) in try await ledger.calls().sorted(by: { $0.key < $1.key }) {
                let reply = try await ledger.reply(of: record.id)
                content.append("\(key) \(record.cost) \(String(decoding: reply ?? [], as: UTF8.self))")
            }
            await ledger.close()
            return content
        }
        #expect(try await content([3, 1, 2, 25, 0]) == content([0, 25, 1, 2, 3]))
    }
}
