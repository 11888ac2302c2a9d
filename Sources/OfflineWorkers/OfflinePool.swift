public import Chat
public import Files

/// The embedded pool: programs of different kinds, each behind a worker's face.
///
/// Its prices are invented, so that money has a meaning in demonstrations: a class for each kind of program, dear where a
/// model of such ability would be dear. Nobody charges them.
public struct OfflinePool: Sendable {
    private struct Entry: Sendable {
        let solver: any Solver.Type
        /// Per million tokens.
        let input: String, output: String
        let make: @Sendable () throws(InputError) -> any Solver

        var name: String { solver.name }
    }

    /// All there are, in the order of the pool.
    private static let entries = [
        Entry(solver: ComputerAlgebra.self, input: "2", output: "6") { () throws(InputError) in try ComputerAlgebra() },
        Entry(solver: NumberTheory.self, input: "1.5", output: "5") { () throws(InputError) in try NumberTheory() },
        Entry(solver: ConstraintSolver.self, input: "3", output: "9") { () throws(InputError) in try ConstraintSolver() },
        Entry(solver: IntegerProgram.self, input: "0.8", output: "3") { () throws(InputError) in IntegerProgram() },
        Entry(solver: Lexicon.self, input: "0.5", output: "2") { () throws(InputError) in try Lexicon() },
        Entry(solver: ProgramSynthesis.self, input: "2.5", output: "8") { () throws(InputError) in ProgramSynthesis() },
        Entry(solver: Generalist.self, input: "0.1", output: "0.4") { () throws(InputError) in Generalist() },
        Entry(solver: Decoy.self, input: "0.2", output: "0.6") { () throws(InputError) in Decoy() },
    ]

    /// The day on which the prices were invented.
    private static let priceDate = "2026-11-21"

    private let workers: [String: OfflineWorker]

    /// The pool with all its workers. Programs start with their first question.
    ///
    /// Throws ``Files/InputError`` that names the Debian package of a program that isn't installed.
    public init() throws(InputError) {
        var workers: [String: OfflineWorker] = [:]
        for entry in Self.entries { workers[entry.name] = OfflineWorker(try entry.make()) }
        self.workers = workers
    }

    /// The workers' names, which are their model ids too.
    public var names: [String] { Self.entries.map(\.name) }

    /// The worker `name`; `nil` where there is none of that name.
    public func worker(named name: String) -> (any Worker)? { workers[name] }

    /// The pool's description, for workers that are reached at `baseURL` (up to and with `/v1`).
    public static func pool(baseURL: String) -> Pool {
        let provider = Provider(name: "offline", baseURL: baseURL)
        return Pool(
            workers: entries.map { entry in
                let price = Price(
                    input: Money(decimal: entry.input) ?? .zero, output: Money(decimal: entry.output) ?? .zero, date: priceDate)
                return WorkerSpec(
                    name: entry.name, provider: provider, model: entry.name, price: price,
                    isDeterministic: entry.solver.isDeterministic)
            })
    }
}
