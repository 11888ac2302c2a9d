/// A regular expression without back references and look-around, matched in time that grows with the length of the text times
/// the length of the pattern, whatever both hold: all ways through the pattern are followed at once (Thompson 1968). Matchers that
/// go back and try again, Swift's and Foundation's among them, can take years for one answer, and can't be stopped.
///
/// Known are literals, `.`, classes, `\d \w \s \b` and their opposites, `^ $ \A \z`, groups, `|`, `* + ? {m,n}`, and the
/// flags `(?ims)` at the beginning.
struct Pattern: Sendable {
    enum Instruction: Sendable {
        case scalar(Scalars)
        case split(Int, Int)
        case jump(Int)
        case textStart, textEnd, lineStart, lineEnd
        case wordBorder(Bool)
        case match
    }

    /// A set of Unicode scalars.
    struct Scalars: Sendable {
        var ranges: [ClosedRange<UInt32>]
        var isNegated = false

        func contains(_ scalar: UInt32) -> Bool { contains(scalar, scalar) }

        /// The same of a letter of either case: outside of `[^a]` lie both.
        func contains(_ scalar: UInt32, _ otherCase: UInt32) -> Bool {
            ranges.contains { $0.contains(scalar) || $0.contains(otherCase) } != isNegated
        }
    }

    /// What a pattern may grow to once its counts are written out.
    static let longest = 1_000

    private let program: [Instruction]
    private let ignoresCase: Bool

    /// Throws ``PatternError`` for what is no pattern, or none of these.
    init(_ text: String, ignoresCase: Bool = false) throws(PatternError) {
        var parser = try PatternParser(text, ignoresCase: ignoresCase)
        let node = try parser.parse()
        var compiler = PatternCompiler()
        try compiler.append(node)
        program = compiler.program + [.match]
        self.ignoresCase = parser.ignoresCase
    }

    /// Whether the pattern matches somewhere in `text`, or, where `wholly`, all of it.
    func matches(_ text: String, wholly: Bool = false) -> Bool {
        let scalars = text.unicodeScalars.map(\.value)
        let folded = ignoresCase ? text.unicodeScalars.map(Self.otherCase) : scalars
        var current = Threads(count: program.count), next = current
        for position in 0...scalars.count {
            if position == 0 || !wholly { add(0, to: &current, at: position, in: scalars) }
            if current.hasMatch, !wholly || position == scalars.count { return true }
            guard position < scalars.count else { break }
            next.removeAll()
            for index in current.list {
                guard case .scalar(let set) = program[index] else { continue }
                if set.contains(scalars[position], folded[position]) {
                    add(index + 1, to: &next, at: position + 1, in: scalars)
                }
            }
            swap(&current, &next)
            if wholly, current.list.isEmpty, !current.hasMatch { return false }
        }
        return false
    }

    /// Where in the program one may be after some of the text.
    private struct Threads {
        var list: [Int] = []
        private var seen: [Bool]
        private var touched: [Int] = []
        var hasMatch = false

        init(count: Int) { seen = Array(repeating: false, count: count) }

        mutating func removeAll() {
            for index in touched { seen[index] = false }
            touched.removeAll(keepingCapacity: true)
            list.removeAll(keepingCapacity: true)
            hasMatch = false
        }

        mutating func enter(_ index: Int) -> Bool {
            guard !seen[index] else { return false }
            seen[index] = true
            touched.append(index)
            return true
        }
    }

    /// Follows everything that takes no scalar.
    private func add(_ start: Int, to threads: inout Threads, at position: Int, in text: [UInt32]) {
        var stack = [start]
        while let index = stack.popLast() {
            guard threads.enter(index) else { continue }
            switch program[index] {
            case .scalar: threads.list.append(index)
            case .jump(let target): stack.append(target)
            case .split(let first, let second): stack += [second, first]
            case .match: threads.hasMatch = true
            case .textStart: if position == 0 { stack.append(index + 1) }
            case .textEnd: if position == text.count { stack.append(index + 1) }
            case .lineStart: if position == 0 || text[position - 1] == 0x0A { stack.append(index + 1) }
            case .lineEnd: if position == text.count || text[position] == 0x0A { stack.append(index + 1) }
            case .wordBorder(let wanted):
                let before = position > 0 && PatternParser.word.contains(text[position - 1])
                let after = position < text.count && PatternParser.word.contains(text[position])
                if (before != after) == wanted { stack.append(index + 1) }
            }
        }
    }

    private static func otherCase(_ scalar: Unicode.Scalar) -> UInt32 {
        if scalar.isASCII { return scalar.properties.isAlphabetic ? scalar.value ^ 0x20 : scalar.value }
        let lower = scalar.properties.lowercaseMapping.unicodeScalars, upper = scalar.properties.uppercaseMapping.unicodeScalars
        let other = lower.first == scalar ? upper : lower
        return other.count == 1 ? other.first?.value ?? scalar.value : scalar.value
    }
}

/// Why a text is no ``Pattern``.
struct PatternError: Error, CustomStringConvertible {
    let description: String
}

/// Lays a tree out as a program.
struct PatternCompiler {
    private(set) var program: [Pattern.Instruction] = []

    mutating func append(_ node: PatternNode) throws(PatternError) {
        guard program.count < Pattern.longest else {
            throw PatternError(description: "it is too large: more than \(Pattern.longest) steps once counts are written out")
        }
        switch node {
        case .empty: break
        case .step(let instruction): program.append(instruction)
        case .sequence(let nodes): for node in nodes { try append(node) }
        case .choice(let nodes): try append(choiceOf: nodes[...])
        case .repetition(let node, let least, let most):
            for _ in 0..<least { try append(node) }
            guard let most else { return try append(loop: node) }
            var splits: [Int] = []
            for _ in 0..<(most - least) {
                splits.append(program.count)
                program.append(.match)
                try append(node)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }

    private mutating func append(loop node: PatternNode) throws(PatternError) {
        let split = program.count
        program.append(.match)
        try append(node)
        program.append(.jump(split))
        program[split] = .split(split + 1, program.count)
    }

    private mutating func append(choiceOf nodes: ArraySlice<PatternNode>) throws(PatternError) {
        var jumps: [Int] = []
        for (offset, node) in nodes.enumerated() {
            guard offset < nodes.count - 1 else {
                try append(node)
                break
            }
            let split = program.count
            program.append(.match)
            try append(node)
            jumps.append(program.count)
            program.append(.match)
            program[split] = .split(split + 1, program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }
}
