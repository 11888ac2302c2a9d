/// A factor by the cheap ways: trial division up to a bound, and Fermat's method for a few steps.
enum Fermat {
    /// The least prime factor up to `bound`; the number itself where it is a prime below the bound's square.
    static func smallFactor(of number: Natural, bound: UInt32) -> Natural? {
        let word = number.word
        for divisor in sequence(first: UInt32(2), next: { $0 == 2 ? 3 : $0 + 2 }) {
            if let word, UInt64(divisor) * UInt64(divisor) > word { return number }
            guard divisor <= bound else { return nil }
            if number.remainder(by: divisor) == 0 { return Natural(divisor) }
        }
        return nil
    }

    /// The smaller one of two factors that lie close together: `number` = a² - b², a from its square root upwards.
    /// `number` is odd.
    static func closeFactor(of number: Natural, steps: Int) -> Natural? {
        var a = number.squareRoot
        if a * a < number { a = a + Natural(1) }
        for _ in 0..<steps {
            let rest = a * a - number, b = rest.squareRoot
            if b * b == rest {
                let factor = a - b
                return factor == Natural(1) ? nil : factor
            }
            a = a + Natural(1)
        }
        return nil
    }
}
