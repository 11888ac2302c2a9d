import Chat
import Files
import Foundation

/// Maxima: integrals that have a closed form, and small factorings. It never integrates numerically.
struct ComputerAlgebra: Solver {
    static let name = "cas"
    static let isDeterministic = true

    /// Longer numbers take Maxima too long.
    private static let mostDigits = 15

    /// Calls of four functions in Maxima's core that a question may take; common integrals take 2,000 to 30,000. A budget of
    /// steps is the same on every machine, idle or loaded, and Maxima has none of its own.
    private static let steps = 200_000

    private let maxima: ResidentProgram

    /// Throws where Maxima isn't installed.
    init() throws(InputError) {
        let launch = try Launch("maxima", package: "maxima", arguments: ["--very-quiet"])
        // Where Maxima would ask back (is n positive?), it gives up.
        let opening = """
            :lisp-quiet (defvar *steps* 0)
            :lisp-quiet (defun step-taken () (when (> (incf *steps*) \(Self.steps)) (merror "steps")))
            :lisp-quiet (defmacro counted (f) `(let ((old #',f)) (setf (symbol-function ',f) (lambda (&rest a) (step-taken) (apply old a)))))
            :lisp-quiet (progn (counted simplifya) (counted alike1) (counted great) (counted ptimes))
            :lisp-quiet (defun retrieve (message flag &optional print?) (declare (ignore message flag print?)) (merror "asks"))
            """
        // `reset` brings back what the rest of the line sets. Whether the share library is installed must not matter; the two
        // simplifiers of it that `integrate` calls may as well do nothing.
        let reset = """
            :lisp-quiet (setq *steps* 0)
            (kill(all), reset(), display2d: false, ratprint: false, fpprec: 32, file_search_maxima: [])$
            (trigsimp(e) := e, facsum(e, [v]) := e)$
            :lisp-quiet (setq *steps* 0)
            """
        // Once the budget is spent every step fails, so that no attempt within Maxima begins another one; then the answer's
        // end needs a count of its own, and the process is thrown away.
        let dialect = ResidentProgram.Dialect(
            opening: opening, reset: reset, echo: { ":lisp-quiet (setq *steps* 0)\nprint(\"\($0)\")$" },
            isSpent: { $0.contains("steps") })
        maxima = ResidentProgram(launch, dialect: dialect, outerGuard: .seconds(120))
    }

    func answer(to question: String, seed: UInt64) async throws -> String {
        if let integral = IntegralQuestion(question) { return try await answer(integral) }
        if let factor = FactorQuestion(question) { return try await answer(factor) }
        return "I only know integrals and the factors of whole numbers, and I don't see such a question here."
    }

    private func answer(_ question: IntegralQuestion) async throws -> String {
        guard question.isModest else { return "That expression is too large for me." }
        let bounds = [question.lower, question.upper].map(\.maxima)
        let script = """
            result: errcatch(integrate(\(question.integrand.maxima), x, \(bounds[0]), \(bounds[1])))$
            value: if result = [] then [] else errcatch(bfloat(first(result)))$
            print(if value = [] then "none" else first(value))$
            """
        let output = try await maxima.ask(script)
        let last = output.split(separator: "\n").last.map(String.init) ?? ""
        guard !output.contains("Principal Value"), let value = Double(programText: last) else {
            return "I can't find a closed form of this integral."
        }
        return "There is a closed form.\n\nAnswer: \(value.answerText)"
    }

    private func answer(_ question: FactorQuestion) async throws -> String {
        guard question.digits.utf8.count <= Self.mostDigits else {
            return "That number has \(question.digits.utf8.count) digits, which is too long for me to factor."
        }
        let output = try await maxima.ask("print(first(first(ifactors(\(question.digits)))))$")
        guard let factor = UInt64(output) else { return "I could not factor \(question.digits)." }
        return "The smallest prime factor of \(question.digits) is found.\n\nAnswer: \(factor)"
    }
}

extension IntegralQuestion {
    /// Whether no program is asked for numbers without end.
    var isModest: Bool {
        ([lower, upper].compactMap { if case .at(let formula) = $0 { formula } else { nil } } + [integrand]).allSatisfy(
            \.isModest)
    }
}

extension IntegralQuestion.Bound {
    fileprivate var maxima: String {
        switch self {
        case .at(let formula): formula.maxima
        case .infinity: "inf"
        case .minusInfinity: "minf"
        }
    }
}

extension Double {
    /// A number as Maxima (`7.5b-1`) and GP (`7.5 E-1`) print it; `nil` where it is not one, or not finite.
    init?(programText text: String) {
        let plain = text.lowercased().filter { $0 != " " }.replacingOccurrences(of: "b", with: "e")
        guard plain.allSatisfy({ "0123456789.+-e".contains($0) }), let value = Double(plain), value.isFinite else { return nil }
        self = value
    }

    /// Twelve significant digits, as a worker says them.
    var answerText: String { String(format: "%.12g", self) }
}
