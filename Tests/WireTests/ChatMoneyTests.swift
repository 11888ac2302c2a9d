import Chat
import Testing

@Suite struct ChatMoneyTests {
    @Test func decimalsAreReadToTheNano() {
        let cases: [(String, Int64?)] = [
            ("5", 5_000_000_000), ("0.25", 250_000_000), ("1e-3", 1_000_000), ("0.000000001", 1), ("0.0000000010", 1),
            ("12.5E1", 125_000_000_000),
            ("0", 0), ("0e30", 0), (".5", 500_000_000), ("5.", 5_000_000_000), ("9223372036.854775807", .max),
            ("9223372036.854775808", nil), ("1e30", nil), ("0.0000000001", nil), ("", nil), (".", nil), ("-1", nil),
            ("+1", nil), ("1e", nil),
            ("1e-9223372036854775808", nil), ("1e99999999999999999999", nil), ("1.2.3", nil), ("0x1", nil), ("١", nil),
            (" 1", nil), ("nan", nil),
        ]
        for (text, nanos) in cases { #expect(Money(decimal: text)?.nanos == nanos, "\(text)") }
    }

    @Test func whatIsPrintedIsReadAgain() {
        for nanos in [0, 1, 10, 999_999_999, 1_000_000_000, 1_500_000_000, 31_000, .max] as [Int64] {
            let money = Money(nanos: nanos)
            #expect(Money(decimal: "\(money)") == money)
        }
        #expect(
            "\(Money(nanos: 250_000_000)) \(Money(nanos: -1)) \(Money(nanos: .min))"
                == "0.25 -0.000000001 -9223372036.854775808")
    }

    @Test func sumsStopAtTheBorders() {
        let most = Money(nanos: .max), least = Money(nanos: .min), one = Money(nanos: 1)
        #expect(most + one == most && least - one == least && least + least == least && most - least == most)
    }

    @Test func aPriceIsRoundedUpAndCachedTokensCostTheirOwn() {
        let price = Price(
            input: Money(nanos: 3_000_000_000), output: Money(nanos: 15_000_000_000), cached: Money(nanos: 300_000_000),
            date: "2026-11-01")
        #expect(price.cost(of: Usage(promptTokens: 1_000_000, completionTokens: 0)).nanos == 3_000_000_000)
        #expect(price.cost(of: Usage(promptTokens: 1, completionTokens: 1)).nanos == 18_000)
        #expect(price.cost(of: Usage(promptTokens: 10, completionTokens: 0, cachedTokens: 10)).nanos == 3_000)
        let cheap = Price(input: Money(nanos: 1), output: .zero, date: "2026-11-01")
        #expect(cheap.cost(of: Usage(promptTokens: 1, completionTokens: 0)).nanos == 1)
        #expect(cheap.cost(of: Usage(promptTokens: 1_000_000, completionTokens: 0)).nanos == 1)
        #expect(cheap.cost(of: Usage(promptTokens: 1_000_001, completionTokens: 0)).nanos == 2)
        #expect(price.cost(of: Usage(promptTokens: .max, completionTokens: 0)) == Money(nanos: .max))
    }
}
