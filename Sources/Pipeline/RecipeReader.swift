import Files
import Foundation
import Yams

/// Takes typed values out of a YAML recipe and the flags that override it, and knows which keys were asked for.
///
/// Anchors and aliases are refused: a few lines of them can stand for more nodes than a machine has memory.
struct RecipeReader {
    /// A key and the text that a flag gave for it.
    typealias Override = (key: String, value: String)

    private let file: String
    private let root: Node.Mapping?
    private let overrides: [Override]
    private var asked: Set<String> = []

    /// A recipe from `file`, its keys overridden by `overrides`. Throws ``InputError``.
    init(reading file: URL, overrides: [Override]) throws {
        guard let text = String(bytes: try readFile(file), encoding: .utf8) else {
            throw InputError(file.path, "is not UTF-8 text")
        }
        try self.init(text: text, file: file.path, overrides: overrides)
    }

    /// No recipe: flags alone.
    init(overrides: [Override]) {
        file = "flags"
        root = nil
        self.overrides = overrides
    }

    private init(text: String, file: String, overrides: [Override]) throws {
        self.file = file
        self.overrides = overrides
        let parser: Parser, node: Node?
        do {
            parser = try Parser(yaml: text)
            node = try parser.singleRoot()
        } catch let error as YamlError {
            throw InputError(Self.place(file, error.mark), error.oneLine)
        }
        guard let mapping = node?.mapping else {
            throw InputError("\(file):1", "a recipe is a mapping of keys to values, e.g. \"name: offline\"")
        }
        // Nodes refer to their anchors weakly: only the parser keeps them.
        try withExtendedLifetime(parser) { try Self.refuseAnchors(.mapping(mapping), file: file, depth: 0) }
        root = mapping
    }

    private static func place(_ file: String, _ mark: Mark?) -> String { mark.map { "\(file):\($0.line)" } ?? file }

    private static func refuseAnchors(_ node: Node, file: String, depth: Int) throws {
        guard node.anchor == nil else {
            throw InputError(place(file, node.mark), "YAML anchors and aliases are not read; write the value out")
        }
        guard depth < 16 else { throw InputError(place(file, node.mark), "is nested too deeply for a recipe") }
        switch node {
        case .mapping(let pairs):
            for (key, value) in pairs {
                try refuseAnchors(key, file: file, depth: depth + 1)
                try refuseAnchors(value, file: file, depth: depth + 1)
            }
        case .sequence(let items):
            for item in items { try refuseAnchors(item, file: file, depth: depth + 1) }
        default: break
        }
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
                    Self.place(file, inner.mark), "\(part): expected a mapping of keys, e.g. {\(parts.last ?? ""): …}")
            }
            mapping = inner.mapping
        }
        guard let name = parts.last, let node = mapping?[name] else { return nil }
        return (node, Self.place(file, node.mark))
    }

    mutating func string(_ key: String) throws -> String? { try scalar(key)?.text }

    /// The text of `key` and where it stands, for a caller that checks further.
    mutating func placed(_ key: String) throws -> (text: String, place: String)? { try scalar(key) }

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

    mutating func seed(_ key: String, or fallback: UInt64) throws -> UInt64 {
        guard let found = try scalar(key) else { return fallback }
        guard let value = UInt64(found.text) else {
            throw InputError(found.place, "\(key): expected a whole number of at least 0, got \"\(found.text)\"")
        }
        return value
    }

    /// One number or several, all above `bound` (or at it, where `inclusive`); `auto` and nothing are `nil`.
    mutating func numbers(_ key: String, above bound: Double, inclusive: Bool = false) throws -> [Double]? {
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
            values.allSatisfy({ $0.isFinite && (inclusive ? $0 >= bound : $0 > bound) })
        else {
            let given = texts.isEmpty ? "" : ", got \"\(texts.joined(separator: ", "))\""
            throw InputError(
                found.place, "\(key): expected numbers \(inclusive ? "of at least" : "above") \(bound.short)\(given)")
        }
        return values
    }

    /// One number; `nil` where nobody gave one.
    mutating func number(_ key: String, atLeast bound: Double) throws -> Double? {
        guard let found = try scalar(key) else { return nil }
        guard let value = Double(found.text), value.isFinite, value >= bound else {
            throw InputError(found.place, "\(key): expected a number of at least \(bound.short), got \"\(found.text)\"")
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
                throw InputError(Self.place(file, key.mark), "unknown key \(name); nest it: a dotted key is a flag's form")
            }
            if asked.contains(path) { continue }
            guard let inner = value.mapping, asked.contains(where: { $0.hasPrefix(path + ".") }) else {
                if value.scalar?.string.isEmpty == true, asked.contains(where: { $0.hasPrefix(path + ".") }) { continue }
                throw unknown(path, at: Self.place(file, key.mark))
            }
            try finish(inner, prefix: path + ".")
        }
    }

    private func unknown(_ key: String, at place: String) -> InputError {
        let known = asked.union(asked.compactMap { $0.split(separator: ".").first.map(String.init) })
        let nearest = known.sorted().min { editDistance($0, key) < editDistance($1, key) } ?? ""
        let hint =
            editDistance(nearest, key) <= max(2, key.count / 3)
            ? "; did you mean \(nearest)?" : "; README.md lists the keys"
        return InputError(place, "unknown key \(key)\(hint)")
    }
}

/// Levenshtein's distance.
private func editDistance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in right.indices {
            let change = diagonal + (right[j] == character ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(change, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}

extension YamlError {
    fileprivate var mark: Mark? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark
        case .duplicatedKeysInMapping(_, let context): context.mark
        default: nil
        }
    }

    fileprivate var oneLine: String {
        switch self {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
            "is not valid YAML: \(problem)"
        case .duplicatedKeysInMapping(let duplicates, _):
            "key \(duplicates.first.map { "\($0)" } ?? "") stands twice"
        default: "is not valid YAML"
        }
    }
}
