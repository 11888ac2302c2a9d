/// One operation of the language in which programs are searched, and the same operation in Python.
struct ProgramStep: Sendable {
    let name: String
    /// An expression, `a` standing for the operand, and `b` for the second one.
    let python: String
    let operands: [ProgramValue.Kind]
    /// `nil` where Python raises, or a number or a text grows beyond reason.
    let apply: @Sendable ([ProgramValue]) -> ProgramValue?

    /// No value is longer.
    static let longestValue = 600

    private init(
        _ name: String, _ python: String, _ operands: [ProgramValue.Kind],
        _ apply: @escaping @Sendable ([ProgramValue]) -> ProgramValue?
    ) {
        self.name = name
        self.python = python
        self.operands = operands
        self.apply = apply
    }

    private static func numbers(_ name: String, _ python: String, _ body: @escaping @Sendable ([Int]) -> [Int]?) -> ProgramStep
    {
        ProgramStep(name, python, [.numbers]) { values in
            guard case .numbers(let list)? = values.first, let result = body(list), result.count <= longestValue else {
                return nil
            }
            return .numbers(result)
        }
    }

    private static func fold(_ name: String, _ python: String, _ body: @escaping @Sendable ([Int]) -> Int?) -> ProgramStep {
        ProgramStep(name, python, [.numbers]) { values in
            guard case .numbers(let list)? = values.first else { return nil }
            return body(list).map { .number($0) }
        }
    }

    private static func text(_ name: String, _ python: String, _ body: @escaping @Sendable ([UInt8]) -> [UInt8]) -> ProgramStep
    {
        ProgramStep(name, python, [.text]) { values in
            guard case .text(let text)? = values.first else { return nil }
            let result = body(text)
            return result.count <= longestValue ? .text(result) : nil
        }
    }

    private static func words(_ name: String, _ python: String, _ body: @escaping @Sendable ([[UInt8]]) -> ProgramValue?)
        -> ProgramStep
    {
        ProgramStep(name, python, [.words]) { values in
            guard case .words(let words)? = values.first else { return nil }
            return body(words)
        }
    }
}

// MARK: The language

extension ProgramStep {
    /// Every operation, in a fixed order.
    static let all =
        onLists + onListsWithConstants + listsToNumbers + onTexts + onTextsWithConstants + onWords + onNumbers + ofTwo

    private static let onLists: [ProgramStep] = [
        numbers("reverse", "a[::-1]") { $0.reversed() },
        numbers("sort", "sorted(a)") { $0.sorted() },
        numbers("sort down", "sorted(a, reverse=True)") { $0.sorted(by: >) },
        numbers("tail", "a[1:]") { Array($0.dropFirst()) },
        numbers("init", "a[:-1]") { Array($0.dropLast()) },
        numbers("every other", "a[::2]") { list in list.indices.filter { $0 % 2 == 0 }.map { list[$0] } },
        numbers("square", "[v * v for v in a]") { list in mapped(list) { $0.multipliedReportingOverflow(by: $0) } },
        numbers("negate", "[-v for v in a]") { list in mapped(list) { 0.subtractingReportingOverflow($0) } },
        numbers("absolute", "[abs(v) for v in a]") { list in list.contains(.min) ? nil : list.map { abs($0) } },
        numbers("evens", "[v for v in a if v % 2 == 0]") { $0.filter { $0 % 2 == 0 } },
        numbers("odds", "[v for v in a if v % 2 != 0]") { $0.filter { $0 % 2 != 0 } },
        numbers("positives", "[v for v in a if v > 0]") { $0.filter { $0 > 0 } },
        numbers("unique", "list(dict.fromkeys(a))") { unique($0) },
        numbers("running sums", "[sum(a[:i + 1]) for i in range(len(a))]") { list in
            list.reduce(into: [Int]?.some([])) { sums, value in
                let (sum, overflow) = (sums?.last ?? 0).addingReportingOverflow(value)
                if overflow { sums = nil } else { sums?.append(sum) }
            }
        },
    ]

    private static let onListsWithConstants: [ProgramStep] = (2...5).flatMap { k in
        [
            numbers("take \(k)", "a[:\(k)]") { Array($0.prefix(k)) },
            numbers("drop \(k)", "a[\(k):]") { Array($0.dropFirst(k)) },
            numbers("add \(k)", "[v + \(k) for v in a]") { list in mapped(list) { $0.addingReportingOverflow(k) } },
            numbers("times \(k)", "[v * \(k) for v in a]") { list in mapped(list) { $0.multipliedReportingOverflow(by: k) } },
            numbers("above \(k)", "[v for v in a if v > \(k)]") { $0.filter { $0 > k } },
            numbers("below \(k)", "[v for v in a if v < \(k)]") { $0.filter { $0 < k } },
        ]
    }

    private static let listsToNumbers: [ProgramStep] = [
        fold("sum", "sum(a)") { total($0, 0) { $0.addingReportingOverflow($1) } },
        fold("product", "prod(a)") { total($0, 1) { $0.multipliedReportingOverflow(by: $1) } },
        fold("maximum", "max(a)") { $0.max() },
        fold("minimum", "min(a)") { $0.min() },
        fold("length", "len(a)") { $0.count },
        fold("first", "a[0]") { $0.first },
        fold("last", "a[-1]") { $0.last },
        fold("count evens", "sum(v % 2 == 0 for v in a)") { $0.count { $0 % 2 == 0 } },
    ]

    private static let onTexts: [ProgramStep] = [
        text("reverse text", "a[::-1]") { $0.reversed() },
        text("upper", "a.upper()") { $0.map(upper) },
        text("lower", "a.lower()") { $0.map(lower) },
        text("swap case", "a.swapcase()") { $0.map { upper($0) == $0 ? lower($0) : upper($0) } },
        text("no vowels", "''.join(c for c in a if c not in 'aeiouAEIOU')") { $0.filter { !vowels.contains($0) } },
        text("every other letter", "a[::2]") { text in text.indices.filter { $0 % 2 == 0 }.map { text[$0] } },
        text("sort letters", "''.join(sorted(a))") { $0.sorted() },
        text("unique letters", "''.join(dict.fromkeys(a))") { unique($0) },
        text("no spaces", "a.replace(' ', '')") { $0.filter { $0 != space } },
        text("double letters", "''.join(c * 2 for c in a)") { $0.flatMap { [$0, $0] } },
        ProgramStep("text length", "len(a)", [.text]) { values in
            if case .text(let text)? = values.first { .number(text.count) } else { nil }
        },
        ProgramStep("count vowels", "sum(c in 'aeiouAEIOU' for c in a)", [.text]) { values in
            if case .text(let text)? = values.first { .number(text.count { vowels.contains($0) }) } else { nil }
        },
        ProgramStep("split", "a.split()", [.text]) { values in
            guard case .text(let text)? = values.first else { return nil }
            return .words(text.split { $0 == space || (9...13).contains($0) }.map(Array.init))
        },
    ]

    private static let onTextsWithConstants: [ProgramStep] = (1...5).flatMap { k in
        [
            text("take \(k) letters", "a[:\(k)]") { Array($0.prefix(k)) },
            text("drop \(k) letters", "a[\(k):]") { Array($0.dropFirst(k)) },
        ]
    }

    private static let onWords: [ProgramStep] = [
        words("join", "' '.join(a)") { .text(Array($0.joined(separator: [space]))) },
        words("join closely", "''.join(a)") { .text($0.flatMap { $0 }) },
        words("reverse words", "a[::-1]") { .words($0.reversed()) },
        words("sort words", "sorted(a)") { .words($0.sorted { $0.lexicographicallyPrecedes($1) }) },
        words("first letters", "[w[:1] for w in a]") { .words($0.map { Array($0.prefix(1)) }) },
        words("capitalise", "[w[:1].upper() + w[1:] for w in a]") {
            .words($0.map { $0.prefix(1).map(upper) + $0.dropFirst() })
        },
        words("reverse each", "[w[::-1] for w in a]") { .words($0.map { $0.reversed() }) },
        words("count words", "len(a)") { .number($0.count) },
    ]

    private static let onNumbers: [ProgramStep] = [("next", "a + 1", 1), ("previous", "a - 1", -1)].map {
        name, python, difference in
        ProgramStep(name, python, [.number]) { values in
            guard case .number(let number)? = values.first else { return nil }
            let (sum, overflow) = number.addingReportingOverflow(difference)
            return overflow ? nil : .number(sum)
        }
    }

    private static let ofTwo: [ProgramStep] = [
        ProgramStep("concatenate", "a + b", [.numbers, .numbers]) { values in
            guard case .numbers(let a) = values[0], case .numbers(let b) = values[1], a.count + b.count <= longestValue else {
                return nil
            }
            return .numbers(a + b)
        },
        ProgramStep("append", "a + b", [.text, .text]) { values in
            guard case .text(let a) = values[0], case .text(let b) = values[1], a.count + b.count <= longestValue else {
                return nil
            }
            return .text(a + b)
        },
        ProgramStep("plus", "a + b", [.number, .number]) { values in
            guard case .number(let a) = values[0], case .number(let b) = values[1] else { return nil }
            let (sum, overflow) = a.addingReportingOverflow(b)
            return overflow ? nil : .number(sum)
        },
    ]
}

// MARK: Helpers

private let space = UInt8(ascii: " ")
private let vowels = Set("aeiouAEIOU".utf8)

private func upper(_ byte: UInt8) -> UInt8 { (0x61...0x7A).contains(byte) ? byte - 0x20 : byte }
private func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

private func unique<Element: Hashable>(_ list: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return list.filter { seen.insert($0).inserted }
}

private func mapped(_ list: [Int], _ body: (Int) -> (partialValue: Int, overflow: Bool)) -> [Int]? {
    let results = list.map(body)
    return results.contains { $0.overflow } ? nil : results.map(\.partialValue)
}

private func total(_ list: [Int], _ start: Int, _ body: (Int, Int) -> (partialValue: Int, overflow: Bool)) -> Int? {
    list.reduce(start as Int?) { sum, value in
        guard let sum else { return nil }
        let (next, overflow) = body(sum, value)
        return overflow ? nil : next
    }
}
