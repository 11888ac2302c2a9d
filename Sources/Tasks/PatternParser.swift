/// The tree of a pattern.
indirect enum PatternNode {
    case empty
    case step(Pattern.Instruction)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, Int, Int?)
}

/// Reads the text of a ``Pattern``.
struct PatternParser {
    private let text: [Unicode.Scalar]
    private var next = 0, depth = 0
    private(set) var ignoresCase: Bool
    private var isMultiline = false, dotTakesAll = false

    static let word = Pattern.Scalars(ranges: [
        0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A, 0xAA...0xAA, 0xC0...0x24F, 0x370...0x3FF,
    ])
    private static let digit = Pattern.Scalars(ranges: [0x30...0x39])
    private static let space = Pattern.Scalars(ranges: [
        0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x2000...0x200A, 0x202F...0x202F,
    ])

    init(_ text: String, ignoresCase: Bool) throws(PatternError) {
        self.text = Array(text.unicodeScalars)
        self.ignoresCase = ignoresCase
        guard self.text.count > 2, self.text[0] == "(", self.text[1] == "?", "ims".unicodeScalars.contains(self.text[2]) else {
            return
        }
        next = 2
        while let flag = peek, flag != ")" {
            switch flag {
            case "i": self.ignoresCase = true
            case "m": isMultiline = true
            case "s": dotTakesAll = true
            default: throw error("unknown flag")
            }
            next += 1
        }
        guard take(")") else { throw error("flags stand alone, as (?i)") }
    }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try choice()
        guard next == text.count else { throw error("a ) too many") }
        return node
    }

    private var peek: Unicode.Scalar? { next < text.count ? text[next] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        next += 1
        return true
    }

    private func error(_ problem: String) -> PatternError { PatternError(description: "\(problem), at character \(next + 1)") }

    private mutating func choice() throws(PatternError) -> PatternNode {
        guard depth < 50 else { throw error("groups lie too deep in each other") }
        depth += 1
        defer { depth -= 1 }
        var ways = [try sequence()]
        while take("|") { ways.append(try sequence()) }
        return ways.count == 1 ? ways[0] : .choice(ways)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" { nodes.append(try repeated(try atom())) }
        return nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
        var least = 1, most: Int? = 1
        switch peek {
        case "*": (least, most) = (0, nil)
        case "+": (least, most) = (1, nil)
        case "?": (least, most) = (0, 1)
        case "{":
            guard let (first, second, end) = counts() else { return node }
            guard first <= Pattern.longest, second ?? 0 <= Pattern.longest, second.map({ $0 >= first }) ?? true else {
                throw error("a count that is too large or runs backwards")
            }
            (least, most) = (first, second)
            next = end - 1
        default: return node
        }
        next += 1
        // Whether a loop takes much or little does not change whether there is a match.
        if !take("?"), peek == "+" { throw error("possessive loops are not known") }
        if let scalar = peek, "*+?".unicodeScalars.contains(scalar) || scalar == "{" && counts() != nil {
            throw error("nothing to repeat")
        }
        return .repetition(node, least, most)
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is text.
    private func counts() -> (Int, Int?, end: Int)? {
        guard let close = text[next...].firstIndex(of: "}"), close - next < 12 else { return nil }
        let inside = String(String.UnicodeScalarView(text[next + 1..<close])).split(
            separator: ",", omittingEmptySubsequences: false)
        guard (1...2).contains(inside.count), let first = Int(inside[0]), first >= 0 else { return nil }
        if inside.count == 1 { return (first, first, close + 1) }
        if inside[1].isEmpty { return (first, nil, close + 1) }
        return Int(inside[1]).map { (first, $0, close + 1) }
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let scalar = peek else { return .empty }
        next += 1
        switch scalar {
        case "(": return try group()
        case "[": return .step(.scalar(try set()))
        case ".": return .step(.scalar(Pattern.Scalars(ranges: dotTakesAll ? [] : [0x0A...0x0A], isNegated: true)))
        case "^": return .step(isMultiline ? .lineStart : .textStart)
        case "$": return .step(isMultiline ? .lineEnd : .textEnd)
        case "\\": return try escape()
        case "*", "+", "?": throw error("nothing to repeat")
        default: return .step(.scalar(one(scalar)))
        }
    }

    private func one(_ scalar: Unicode.Scalar) -> Pattern.Scalars { Pattern.Scalars(ranges: [scalar.value...scalar.value]) }

    private mutating func group() throws(PatternError) -> PatternNode {
        if take("?") {
            if take("P") || peek == "<" {
                guard take("<"), peek != "=", peek != "!", let close = text[next...].firstIndex(of: ">") else {
                    throw error("look-around is not known")
                }
                next = close + 1
            } else if !take(":") {
                throw error("of groups with (? only (?:…) and names are known, no look-around")
            }
        }
        let node = try choice()
        guard take(")") else { throw error("a group without )") }
        return node
    }

    private mutating func escape() throws(PatternError) -> PatternNode {
        switch peek {
        case "b", "B":
            next += 1
            return .step(.wordBorder(text[next - 1] == "b"))
        case "A":
            next += 1
            return .step(.textStart)
        case "z", "Z":
            next += 1
            return .step(.textEnd)
        default: return .step(.scalar(try escapedSet()))
        }
    }

    /// What an escape means both in a class and outside.
    private mutating func escapedSet() throws(PatternError) -> Pattern.Scalars {
        guard let scalar = peek else { throw error("nothing behind \\") }
        next += 1
        switch scalar {
        case "d": return Self.digit
        case "w": return Self.word
        case "s": return Self.space
        case "D": return Pattern.Scalars(ranges: Self.digit.ranges, isNegated: true)
        case "W": return Pattern.Scalars(ranges: Self.word.ranges, isNegated: true)
        case "S": return Pattern.Scalars(ranges: Self.space.ranges, isNegated: true)
        case "n": return one("\n")
        case "r": return one("\r")
        case "t": return one("\t")
        case "1"..."9", "k": throw error("back references are not known")
        case _ where scalar.isASCII && (scalar.properties.isAlphabetic || scalar == "0"):
            throw error("unknown escape \\\(scalar)")
        default: return one(scalar)
        }
    }

    private mutating func set() throws(PatternError) -> Pattern.Scalars {
        var result = Pattern.Scalars(ranges: [], isNegated: take("^"))
        var isFirst = true
        while let scalar = peek, scalar != "]" || isFirst {
            isFirst = false
            next += 1
            var member = scalar == "\\" ? try escapedSet() : one(scalar)
            if member.isNegated { member = member.complement }
            if peek == "-", next + 1 < text.count, text[next + 1] != "]", let low = member.single {
                next += 1
                let last = text[next]
                next += 1
                guard let high = last == "\\" ? try escapedSet().single : last.value, low <= high else {
                    throw error("a range that runs backwards")
                }
                member = Pattern.Scalars(ranges: [low...high])
            }
            result.ranges += member.ranges
        }
        guard take("]") else { throw error("a class without ]") }
        return result
    }
}

extension Pattern.Scalars {
    fileprivate var single: UInt32? { ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil }

    /// The same set, not negated; the ranges are in order.
    fileprivate var complement: Self {
        var ranges: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in self.ranges {
            if range.lowerBound > next { ranges.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        return Self(ranges: ranges + [next...0x10FFFF])
    }
}
