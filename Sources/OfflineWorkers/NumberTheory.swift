import Chat
import Files

/// PARI/GP: factors of numbers up to 36 digits, and Gauss–Legendre quadrature, which takes every integrand as smooth.
struct NumberTheory: Solver {
    static let name = "nt"
    static let isDeterministic = true

    /// PARI factors such numbers in well under a second, whatever their factors.
    private static let mostDigits = 36

    private let gp: ResidentProgram

    /// Throws where GP isn't installed.
    init() throws(InputError) {
        let launch = try Launch("gp", package: "pari-gp", arguments: ["-q", "-f", "-s", "128000000"])
        let opening = """
            default(realprecision, 38); default(format, "e.20"); coarse = intnumgaussinit(64); fine = intnumgaussinit(96);
            """
        gp = ResidentProgram(launch, dialect: .init(opening: opening, reset: "setrand(1);", echo: { "print(\"\($0)\")" }))
    }

    func answer(to question: String, seed: UInt64) async throws -> String {
        if let integral = IntegralQuestion(question) { return try await answer(integral) }
        if let factor = FactorQuestion(question) { return try await answer(factor) }
        return "I factor numbers and integrate functions. I see neither here."
    }

    private func answer(_ question: IntegralQuestion) async throws -> String {
        guard case .at(let lower) = question.lower, case .at(let upper) = question.upper else {
            return "I don't integrate to infinity."
        }
        guard question.isModest else { return "That expression is too large for me." }
        func rule(_ nodes: String) -> String {
            "print(intnumgauss(x = \(lower.gp), \(upper.gp), \(question.integrand.gp), \(nodes)))"
        }
        let output = try await gp.ask("iferr(\(rule("coarse")); \(rule("fine")), problem, print(\"error\"))")
        let values = output.split(separator: "\n").compactMap { Double(programText: String($0)) }
        guard values.count == 2 else { return "The integrand has no value somewhere on that interval." }
        // Two rules that agree have found the integral, if the integrand is as smooth as they take it to be.
        guard abs(values[0] - values[1]) <= 1e-7 * max(abs(values[1]), 1e-12) else {
            return "My quadrature doesn't settle: the integrand may be singular, or oscillate too fast for me."
        }
        return "This is by Gauss-Legendre quadrature.\n\nAnswer: \(values[1].answerText)"
    }

    private func answer(_ question: FactorQuestion) async throws -> String {
        guard question.digits.utf8.count <= Self.mostDigits else {
            return "A number of \(question.digits.utf8.count) digits is beyond what I factor."
        }
        let output = try await gp.ask("iferr(print(factorint(\(question.digits))[1, 1]), problem, print(\"error\"))")
        guard !output.isEmpty, output.allSatisfy(\.isNumber) else { return "I could not factor \(question.digits)." }
        return "The smallest prime factor of \(question.digits) is found.\n\nAnswer: \(output)"
    }
}
