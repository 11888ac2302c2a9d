import Files
import Foundation
import Yams

/// A YAML file whose root is a mapping, as nodes that know their lines.
///
/// Anchors and aliases are refused: a few lines of them can stand for more nodes than a machine has memory.
enum YAMLDocument {
    /// The root of `file`, which is `what`; `example` says what a line of it looks like. Throws ``InputError``.
    static func mapping(in file: URL, what: String, example: String) throws -> Node.Mapping {
        guard let text = String(bytes: try readFile(file), encoding: .utf8) else {
            throw InputError(file.path, "is not UTF-8 text")
        }
        let parser: Parser, node: Node?
        do {
            parser = try Parser(yaml: text)
            node = try parser.singleRoot()
        } catch let error as YamlError {
            throw InputError(place(file.path, error.mark), error.oneLine)
        }
        guard let mapping = node?.mapping else {
            throw InputError("\(file.path):1", "\(what) is a mapping of keys to values, e.g. \"\(example)\"")
        }
        // Nodes refer to their anchors weakly: only the parser keeps them.
        try withExtendedLifetime(parser) { try refuseAnchors(.mapping(mapping), file: file.path, depth: 0) }
        return mapping
    }

    /// `file:line`.
    static func place(_ file: String, _ mark: Mark?) -> String { mark.map { "\(file):\($0.line)" } ?? file }

    /// What to say behind an unknown key: the nearest known one, where it is near.
    static func hint(for key: String, among known: [String]) -> String {
        suggestion(for: key, among: known).map { "; did you mean \($0)?" } ?? "; README.md lists the keys"
    }

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
