import Chat
import Files
import Foundation
import Ledger
import Testing

/// No cent beyond the budget, none twice, none lost.
struct LedgerMoneyTests {
    private typealias Shop = LedgerWorkshop

    @Test func aReservationFitsExactlyOrNotAtAll() async throws {
        let shop = try Shop(), ledger = try await shop.open(budget: Money(nanos: 100))
        let first = try await ledger.lease(Shop.claim(0, reservation: 60))
        #expect(try await ledger.claim(Shop.claim(1, reservation: 41)).isOverBudget)
        #expect(try await ledger.claim(Shop.claim(1, reservation: 40)).isLeased)
        #expect(try await ledger.claim(Shop.claim(2, reservation: 1)).isOverBudget)
        #expect(try await ledger.claim(Shop.claim(2)).isLeased)
        // What a refused claim asked for leaves no trace.
        #expect(try await ledger.calls().count == 3)
        #expect(try await ledger.settle(first, Shop.reply(cost: 10)))
        #expect(try await ledger.claim(Shop.claim(3, reservation: 51)).isOverBudget)
        #expect(try await ledger.claim(Shop.claim(3, reservation: 50)).isLeased)
        await ledger.close()
    }

    @Test func anAnswerThatCostMoreThanReservedIsCountedInFull() async throws {
        let shop = try Shop(), ledger = try await shop.open(budget: Money(nanos: 100))
        let lease = try await ledger.lease(Shop.claim(0, reservation: 60))
        #expect(try await ledger.settle(lease, Shop.reply(cost: 130)))
        #expect(ledger.spending.spent == Money(nanos: 130))
        #expect(try await ledger.claim(Shop.claim(1)).isOverBudget)
        await ledger.close()
    }

    @Test func whatAFailedAttemptMayHaveCostStaysUnsettled() async throws {
        let shop = try Shop(), ledger = try await shop.open(budget: Money(nanos: 100))
        let first = try await ledger.lease(Shop.claim(0, reservation: 60))
        #expect(try await ledger.settle(first, Shop.failure(cost: 60)))
        #expect(try await ledger.claim(Shop.claim(0, reservation: 41)).isOverBudget)
        let second = try await ledger.lease(Shop.claim(0, reservation: 40))
        #expect(try await ledger.settle(second, Shop.reply(cost: 30)))
        let spending = ledger.spending
        #expect(spending.spent == Money(nanos: 30) && spending.unsettled == Money(nanos: 60) && spending.reserved == .zero)
        await ledger.close()
    }

    @Test func sixtyFourAtOnceNeverGoBeyondTheBudgetAndMoneyAddsUp() async throws {
        let shop = try Shop(), budget = Money(nanos: 100_000), ledger = try await shop.open(budget: budget)
        let paid = await withTaskGroup(of: (paid: Int64, refused: Int).self) { group in
            for task in 0..<64 {
                group.addTask {
                    var paid: Int64 = 0, refused = 0
                    for round in 0..<8 {
                        let index = task * 8 + round, reservation = Int64(300 + index % 97)
                        guard
                            case .leased(let lease)? = try? await ledger.claim([
                                Shop.claim(index, reservation: reservation)
                            ]).first
                        else {
                            refused += 1
                            continue
                        }
                        #expect(ledger.spending.committed <= budget)
                        // The last round stays reserved: the sums hold in the middle of a run, too.
                        if round == 7 { continue }
                        let cost = reservation - Int64(index % 13)
                        if (try? await ledger.settle(lease, Shop.reply(cost: cost))) == true { paid += cost }
                    }
                    return (paid, refused)
                }
            }
            return await group.reduce(into: (paid: Int64(0), refused: 0)) { $0 = ($0.paid + $1.paid, $0.refused + $1.refused) }
        }
        let spending = ledger.spending
        #expect(paid.refused > 0 && spending.spent == Money(nanos: paid.paid) && spending.committed <= budget)
        // Less is left than the smallest claim asks for.
        #expect(budget - spending.committed < Money(nanos: 397))
        #expect(try await ledger.reader.spending() == spending)
        #expect(try await ledger.calls().values.reduce(Money.zero) { $0 + $1.cost } == spending.spent)
        await ledger.close()
        let sums = try Shop.sqlite(shop.file, "SELECT sum(cost), sum(reservation), sum(unsettled) FROM calls")
        #expect(sums == ["\(spending.spent.nanos) \(spending.reserved.nanos) 0"])
    }

    @Test func sumsBeyondSixtyThreeBitsStopAtTheLargestAmount() async throws {
        let shop = try Shop(), ledger = try await shop.open()
        for index in 0..<3 {
            let lease = try await ledger.lease(Shop.claim(index, reservation: .max))
            #expect(try await ledger.settle(lease, Shop.reply(cost: .max)))
        }
        #expect(ledger.spending.spent == Money(nanos: .max))
        await ledger.close()
        let again = try await shop.open(budget: Money(nanos: .max))
        #expect(again.spending.spent == Money(nanos: .max))
        #expect(try await again.claim(Shop.claim(5, reservation: 1)).isOverBudget)
        await again.close()
    }
}
