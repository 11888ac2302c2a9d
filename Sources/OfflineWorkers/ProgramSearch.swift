/// Bottom-up enumeration of programs: all of one size before the next, and of those that agree on every example only the
/// first. The budget is a number of programs, so it doesn't depend on the machine.
struct ProgramSearch {
    /// A program: the argument itself, or a step on programs that stand before it.
    private struct Node {
        var step: ProgramStep?
        var operands: [Int]
        /// What it gives on each example.
        var values: [ProgramValue]
    }

    /// How it ended.
    enum Outcome: Equatable {
        /// Python source, and the number of programs tried.
        case found(python: String, tried: Int)
        case outOfBudget(tried: Int)
        /// No program up to the greatest size fits.
        case exhausted(tried: Int)
    }

    private let examples: [ProgramQuestion.Example]
    private let results: [ProgramValue]
    private var nodes: [Node]
    private var seen: Set<[ProgramValue]>
    private var tried = 0
    private let budget: Int
    /// Numbers and letters that are kept; a second budget, which only long examples meet.
    private var volume = 0
    private static let largestVolume = 2_000_000

    private init(_ examples: [ProgramQuestion.Example], budget: Int) {
        self.examples = examples
        self.budget = budget
        results = examples.map(\.result)
        let arguments = examples.map(\.argument)
        nodes = [Node(step: nil, operands: [], values: arguments)]
        seen = [arguments]
    }

    /// Looks for a program of at most `depth` sizes above the argument that fits all examples. `draws` decides which of
    /// equally large programs come first.
    static func run(
        _ examples: [ProgramQuestion.Example], depth: Int, budget: Int, draws: inout some RandomNumberGenerator
    ) -> Outcome {
        var search = ProgramSearch(examples, budget: budget)
        if search.nodes[0].values == search.results { return .found(python: search.python(0), tried: 1) }
        // sizes[s]: the programs of s + 1 parts.
        var sizes = [0..<1]
        for size in 1...max(depth, 1) {
            let start = search.nodes.count
            let candidates = search.candidates(size: size, sizes: sizes).shuffled(using: &draws)
            for (step, operands) in candidates {
                guard search.tried < budget, search.volume < largestVolume else { return .outOfBudget(tried: search.tried) }
                if let found = search.attempt(step, operands) {
                    return .found(python: search.python(found), tried: search.tried)
                }
            }
            sizes.append(start..<search.nodes.count)
        }
        return .exhausted(tried: search.tried)
    }

    /// Every step on programs that stand already, such that the whole has `size + 1` parts. Cut at a multiple of the budget, since
    /// more would not be tried.
    private func candidates(size: Int, sizes: [Range<Int>]) -> [(ProgramStep, [Int])] {
        var found: [(ProgramStep, [Int])] = []
        for step in ProgramStep.all {
            if step.operands.count == 1 {
                for index in sizes[size - 1] where kind(index) == step.operands[0] { found.append((step, [index])) }
            } else {
                guard size >= 2 else { continue }
                for left in 0...(size - 2) {
                    for first in sizes[left] where kind(first) == step.operands[0] {
                        for second in sizes[size - 2 - left] where kind(second) == step.operands[1] {
                            guard found.count < 4 * budget else { return found }
                            found.append((step, [first, second]))
                        }
                    }
                }
            }
        }
        return found
    }

    private func kind(_ index: Int) -> ProgramValue.Kind? { nodes[index].values.first?.kind }

    /// Tries one program; its index where it fits.
    private mutating func attempt(_ step: ProgramStep, _ operands: [Int]) -> Int? {
        tried += 1
        var values: [ProgramValue] = []
        for example in examples.indices {
            guard let value = step.apply(operands.map { nodes[$0].values[example] }) else { return nil }
            values.append(value)
        }
        guard seen.insert(values).inserted else { return nil }
        volume += values.reduce(0) { $0 + $1.size }
        nodes.append(Node(step: step, operands: operands, values: values))
        return values == results ? nodes.count - 1 : nil
    }

    /// A function with one line a step.
    private func python(_ root: Int) -> String {
        var lines = ["def f(x):"], names = [0: "x"]
        func name(_ index: Int) -> String {
            if let name = names[index] { return name }
            let node = nodes[index]
            let operands = node.operands.map(name)
            let name = "v\(names.count)"
            names[index] = name
            lines.append("    \(name) = \(node.step.map { Self.fill($0.python, operands) } ?? "x")")
            return name
        }
        let result = name(root)
        if lines.contains(where: { $0.contains("prod(") }) { lines.insert("from math import prod\n", at: 0) }
        return (lines + ["    return \(result)"]).joined(separator: "\n")
    }

    /// Puts names for the operands, the letters `a` and `b` where they stand alone.
    static func fill(_ expression: String, _ operands: [String]) -> String {
        var filled = "", word = ""
        func flush() {
            filled += word == "a" ? operands[0] : word == "b" && operands.count > 1 ? operands[1] : word
            word = ""
        }
        for character in expression {
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                flush()
                filled.append(character)
            }
        }
        flush()
        return filled
    }
}
