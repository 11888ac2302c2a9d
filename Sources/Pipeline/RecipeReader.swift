import Chat
import Files
import Foundation
import Yams

/// Takes typed values out of a YAML recipe and the flags that override it, and knows which keys were asked for.
struct RecipeReader {
    /// A key and the text that a flag gave for it.
    typealias Override = (key: String, value: String)

    private let file: String
    private let root: Node.Mapping?
    private let overrides: [Override]
    private var asked: Set<String> = []

    /// A recipe from `file`, its keys overridden by `overrides`. Throws ``InputError``.
    init(reading file: URL, overrides: [Override]) throws {
        self.file = file.path
        self.overrides = overrides
        root = try YAMLDocument.mapping(in: file, what: "a recipe", example: "name: offline")
    }

    /// No recipe: flags alone.
    init(overrides: [Override]) {
        file = "flags"
        root = nil
        self.overrides = overrides
    }

    // MARK: Values

    /// Text given for a dotted key, and where; `nil` where nobody gave one.
    private mutating func scalar(_ key: String) throws -> (text: String, place: String)? {
        guard let found = try node(key) else { return nil }
        guard let scalar = found.node.scalar else {
            throw InputError(found.place, "\(key): expected one value")
        }
        return (scalar.string, found.place)
    }

    private mutating func node(_ key: String) throws -> (node: Node, place: String)? {
        asked.insert(key)
        if let override = overrides.last(where: { $0.key == key }) {
            return (Node(override.value), "--\(key)")
        }
        var mapping = root
        let parts = key.split(separator: ".").map(String.init)
        for part in parts.dropLast() {
            guard let inner = mapping?[part] else { return nil }
            // A section whose keys are all left out, or commented out.
            if inner.scalar?.string.isEmpty == true { return nil }
            guard inner.mapping != nil else {
                throw InputError(
                    YAMLDocument.place(file, inner.mark), "\(part): expected a mapping of keys, e.g. {\(parts.last ?? ""): …}")
            }
            mapping = inner.mapping
        }
        guard let name = parts.last, let node = mapping?[name] else { return nil }
        return (node, YAMLDocument.place(file, node.mark))
    }

    mutating func string(_ key: String) throws -> String? { try scalar(key)?.text }

    /// The text of `key` and where it stands, for a caller that checks further.
    mutating func placed(_ key: String) throws -> (text: String, place: String)? { try scalar(key) }

    /// As ``placed(_:)``; a sequence is its elements by commas.
    mutating func listed(_ key: String) throws -> (text: String, place: String)? {
        guard let found = try node(key), let sequence = found.node.sequence else { return try placed(key) }
        return (sequence.map { $0.scalar?.string ?? "" }.joined(separator: ","), found.place)
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>, or fallback: Int) throws -> Int {
        guard let found = try scalar(key) else { return fallback }
        guard let value = Int(found.text), range.contains(value) else {
            let bounds =
                range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw InputError(found.place, "\(key): expected a whole number \(bounds), got \"\(found.text)\"")
        }
        return value
    }

    /// As ``integer(_:in:or:)``; `auto` and nothing are `nil`.
    mutating func automaticInteger(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        if let found = try scalar(key), found.text != "auto" { return try integer(key, in: range, or: 0) }
        return nil
    }

    /// A whole number above zero; `all` and nothing are `nil`.
    mutating func count(_ key: String) throws -> Int? {
        if let found = try scalar(key), found.text != "all" { return try integer(key, in: 1...Int(Int32.max), or: 0) }
        return nil
    }

    /// An amount of money; `none` and nothing are `nil`.
    mutating func money(_ key: String) throws -> Money? {
        guard let found = try scalar(key), found.text != "none" else { return nil }
        guard let money = Money(decimal: found.text) else {
            throw InputError(found.place, "\(key): expected an amount such as 5.00, got \"\(found.text)\"")
        }
        return money
    }

    /// What may be spent, more than nothing; `none` and nothing are `nil`.
    mutating func budget(_ key: String) throws -> Money? {
        let budget = try money(key)
        if let budget, budget == .zero, let found = try scalar(key) {
            throw InputError(found.place, "\(key): with \(found.text) nothing can be done; take more, or none for no cap")
        }
        return budget
    }

    mutating func seed(_ key: String, or fallback: UInt64) throws -> UInt64 {
        guard let found = try scalar(key) else { return fallback }
        guard let value = UInt64(found.text) else {
            throw InputError(found.place, "\(key): expected a whole number of at least 0, got \"\(found.text)\"")
        }
        return value
    }

    /// One number or several, all above `bound` (or at it, where `inclusive`); `auto` and nothing are `nil`.
    mutating func numbers(
        _ key: String, above bound: Double, inclusive: Bool = false, atMost most: Double = .infinity
    ) throws -> [Double]? {
        guard let found = try node(key) else { return nil }
        let texts: [String]
        if let sequence = found.node.sequence {
            texts = sequence.map { $0.scalar?.string ?? "" }
        } else if let scalar = found.node.scalar {
            if scalar.string == "auto" { return nil }
            texts = scalar.string.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        } else {
            texts = []
        }
        let values = texts.compactMap(Double.init)
        guard !texts.isEmpty, values.count == texts.count,
            values.allSatisfy({ $0.isFinite && (inclusive ? $0 >= bound : $0 > bound) && $0 <= most })
        else {
            let given = texts.isEmpty ? "" : ", got \"\(texts.joined(separator: ", "))\""
            throw InputError(
                found.place,
                "\(key): expected numbers \(inclusive ? "of at least" : "above") \(bound.short)"
                    + "\(most.isFinite ? " and at most \(most.short)" : "")\(given)")
        }
        return values
    }

    /// One number; `none` and nothing are `nil`.
    mutating func number(_ key: String, atLeast bound: Double) throws -> Double? {
        guard let found = try scalar(key), found.text != "none" else { return nil }
        guard let value = Double(found.text), value.isFinite, value >= bound else {
            throw InputError(found.place, "\(key): expected a number of at least \(bound.short), got \"\(found.text)\"")
        }
        return value
    }

    /// One number above `bound`; `none` and nothing are `nil`.
    mutating func number(_ key: String, above bound: Double, atMost most: Double = .infinity) throws -> Double? {
        guard let found = try scalar(key), found.text != "none" else { return nil }
        guard let value = Double(found.text), value.isFinite, value > bound, value <= most else {
            let range = "above \(bound.short)\(most.isFinite ? ", at most \(most.short)" : "")"
            throw InputError(found.place, "\(key): expected a number \(range), or none, got \"\(found.text)\"")
        }
        return value
    }

    /// One number of `range`; `none` and nothing are `nil`.
    mutating func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let found = try scalar(key), found.text != "none" else { return nil }
        guard let value = Double(found.text), range.contains(value) else {
            throw InputError(
                found.place,
                "\(key): expected a number from \(range.lowerBound.short) to \(range.upperBound.short), or none, "
                    + "got \"\(found.text)\"")
        }
        return value
    }

    /// A number above 0 and at most 1; `auto` and nothing are `nil`.
    mutating func share(_ key: String) throws -> Double? {
        guard let found = try scalar(key), found.text != "auto" else { return nil }
        guard let value = Double(found.text), value > 0, value <= 1 else {
            throw InputError(found.place, "\(key): expected a number above 0 and at most 1, got \"\(found.text)\"")
        }
        return value
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String) throws -> Value?
    where Value.RawValue == String {
        guard let found = try scalar(key) else { return nil }
        guard let value = Value(rawValue: found.text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw InputError(found.place, "\(key): expected one of \(names), got \"\(found.text)\"")
        }
        return value
    }

    /// As ``choice(_:)``; `auto` too is `nil`.
    mutating func automaticChoice<Value: RawRepresentable & CaseIterable>(_ key: String) throws -> Value?
    where Value.RawValue == String {
        if let found = try scalar(key), found.text != "auto" { return try choice(key) }
        return nil
    }

    // MARK: Unknown keys

    /// Refuses every key that was not asked for, naming the nearest that was. Throws ``InputError``.
    func finish() throws {
        for override in overrides where !asked.contains(override.key) { throw unknown(override.key, at: "--\(override.key)") }
        guard let root else { return }
        try finish(root, prefix: "")
    }

    private func finish(_ mapping: Node.Mapping, prefix: String) throws {
        for (key, value) in mapping {
            let name = key.scalar?.string ?? "?", path = prefix + name
            guard !name.contains(".") else {
                throw InputError(
                    YAMLDocument.place(file, key.mark), "unknown key \(name); nest it: a dotted key is a flag's form")
            }
            if asked.contains(path) { continue }
            guard let inner = value.mapping, asked.contains(where: { $0.hasPrefix(path + ".") }) else {
                if value.scalar?.string.isEmpty == true, asked.contains(where: { $0.hasPrefix(path + ".") }) { continue }
                throw unknown(path, at: YAMLDocument.place(file, key.mark))
            }
            try finish(inner, prefix: path + ".")
        }
    }

    private func unknown(_ key: String, at place: String) -> InputError {
        let known = asked.union(asked.compactMap { $0.split(separator: ".").first.map(String.init) })
        return InputError(place, "unknown key \(key)\(YAMLDocument.hint(for: key, among: known.sorted()))")
    }
}
