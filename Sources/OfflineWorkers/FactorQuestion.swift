/// Which prime is the least that divides a number.
struct FactorQuestion: Sendable, Hashable {
    /// The number's decimal digits, the first not zero.
    var digits: String

    /// `nil` where the text doesn't ask for a least divisor, or where it isn't clear of which number.
    init?(_ text: String) {
        guard text.utf8.count <= 2000 else { return nil }
        let lower = text.lowercased()
        let isLeast = ["smallest", "least", "lowest"].contains { lower.contains($0) }
        guard isLeast, ["prime", "divi", "factor"].contains(where: { lower.contains($0) }) else { return nil }
        let runs = lower.split { !("0"..."9" ~= $0) }.map { $0.drop { $0 == "0" } }
        let long = runs.filter { $0.count >= 4 }
        // Where no number is long, any will do, but there must be one only.
        let candidates = long.isEmpty ? runs.filter { $0.count > 0 } : long
        guard candidates.count == 1, let digits = candidates.first, digits != "1" else { return nil }
        self.digits = String(digits)
    }
}
