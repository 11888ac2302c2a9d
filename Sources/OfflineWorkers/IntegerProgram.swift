import CGLPK

/// The best choice under a limit, by branch and bound (GLPK), ended by a number of nodes.
///
/// Its weakness: its front end reads items and limit and nothing else, so where a side condition stands behind them it
/// answers another question.
struct IntegerProgram: Solver {
    static let name = "mip"
    static let isDeterministic = true

    /// Nodes of the tree that are looked at.
    static let nodeLimit = 20_000
    /// Items, and the size of a number: GLPK computes in doubles.
    static let mostItems = 500, largestNumber = 1_000_000_000

    /// GLPK keeps an environment per thread, and one solve at a time is enough.
    private static let lanes = Lanes<Void>(name: "GLPK", count: 1) {}

    func answer(to question: String, seed: UInt64) async throws -> String {
        guard let parsed = KnapsackQuestion(question) else {
            return "I choose things under a limit, each with a weight and a value, and don't find such a list here."
        }
        let items = parsed.items, numbers = items.flatMap { [$0.weight, $0.value] } + [parsed.capacity]
        guard items.count <= Self.mostItems, numbers.allSatisfy({ (0...Self.largestNumber).contains($0) }) else {
            return "That is too large for me."
        }
        let chosen = try await Self.lanes.run { _ in
            Self.best(weights: items.map(\.weight), values: items.map(\.value), capacity: parsed.capacity)
        }
        guard let chosen else { return "I could not prove an optimum within my limit on nodes." }
        let names = chosen.map { items[$0].name }.joined(separator: ", ")
        return
            "The best choice is: \(names.isEmpty ? "nothing" : names).\n\nAnswer: \(chosen.reduce(0) { $0 + items[$1].value })"
    }

    /// Indices of the things whose values sum to the most while their weights stay within `capacity`; `nil` where that isn't
    /// proved within the limit on nodes.
    ///
    /// All numbers are from zero to ``largestNumber``: GLPK ends the process over a bad argument, so none may reach it.
    static func best(weights: [Int], values: [Int], capacity: Int) -> [Int]? {
        guard !weights.isEmpty else { return [] }
        glp_term_out(GLP_OFF)
        guard let problem = glp_create_prob() else { return nil }
        defer {
            glp_delete_prob(problem)
            glp_free_env()
        }
        let count = Int32(weights.count)
        glp_set_obj_dir(problem, GLP_MAX)
        glp_add_rows(problem, 1)
        glp_set_row_bnds(problem, 1, GLP_UP, 0, Double(capacity))
        glp_add_cols(problem, count)
        for column in 1...count {
            glp_set_col_kind(problem, column, GLP_BV)
            glp_set_obj_coef(problem, column, Double(values[Int(column) - 1]))
        }
        // GLPK counts from one; the first element isn't read.
        glp_set_mat_row(problem, 1, count, Array(0...count), [0] + weights.map(Double.init))

        var options = glp_iocp()
        glp_init_iocp(&options)
        options.msg_lev = GLP_MSG_OFF
        options.presolve = GLP_ON
        options.cb_func = { tree, _ in
            var nodes: Int32 = 0
            glp_ios_tree_size(tree, nil, nil, &nodes)
            if nodes > IntegerProgram.nodeLimit { glp_ios_terminate(tree) }
        }
        guard glp_intopt(problem, &options) == 0, glp_mip_status(problem) == GLP_OPT else { return nil }
        let chosen = weights.indices.filter { glp_mip_col_val(problem, Int32($0) + 1) > 0.5 }
        return chosen.reduce(0) { $0 + weights[$1] } <= capacity ? chosen : nil
    }
}
