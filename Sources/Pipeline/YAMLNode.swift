import Chat
import Files
import Yams

/// A node of a YAML file that knows its name and its line, and gives typed values or one line on what is wrong.
struct YAMLNode {
    private let node: Node
    private let file: String
    /// The key under which it stands, with those above: `workers.price`.
    let name: String

    init(_ node: Node, in file: String, called name: String) {
        self.node = node
        self.file = file
        self.name = name
    }

    var place: String { YAMLDocument.place(file, node.mark) }

    private func child(_ key: String, _ node: Node) -> YAMLNode {
        YAMLNode(node, in: file, called: name.isEmpty ? key : "\(name).\(key)")
    }

    private var label: String { name.isEmpty ? "" : "\(name): " }

    /// The member `key`; `nil` where there is none, or nothing behind it.
    subscript(key: String) -> YAMLNode? {
        guard let value = node.mapping?[key], value.scalar?.string.isEmpty != true || value.scalar?.style != .plain else {
            return nil
        }
        return child(key, value)
    }

    func required(_ key: String) throws -> YAMLNode {
        guard node.mapping != nil else { throw InputError(place, "\(label)expected a mapping of keys, e.g. {\(key): …}") }
        guard let value = self[key] else { throw InputError(place, "\(label)key \(key) is missing") }
        return value
    }

    /// Refuses members other than `keys`, and nodes that are no mapping.
    func expect(keys: [String]) throws {
        guard let mapping = node.mapping else {
            throw InputError(place, "\(label)expected a mapping of keys, e.g. {\(keys[0]): …}")
        }
        for (key, _) in mapping {
            let found = key.scalar?.string ?? "?"
            guard keys.contains(found) else {
                throw InputError(
                    YAMLDocument.place(file, key.mark), "unknown key \(found)\(YAMLDocument.hint(for: found, among: keys))")
            }
        }
    }

    /// All members in their order.
    func members() throws -> [(key: String, value: YAMLNode)] {
        guard let mapping = node.mapping else { throw InputError(place, "\(label)expected a mapping of keys to values") }
        return try mapping.map { key, value in
            guard let text = key.scalar?.string, !text.isEmpty else { throw InputError(place, "\(label)a key must be a text") }
            return (text, child(text, value))
        }
    }

    func items() throws -> [YAMLNode] {
        guard let sequence = node.sequence else { throw InputError(place, "\(label)expected a list, e.g. - {name: …}") }
        return sequence.map { YAMLNode($0, in: file, called: name) }
    }

    func string() throws -> String {
        guard let scalar = node.scalar else { throw InputError(place, "\(label)expected one value") }
        return scalar.string
    }

    func bool() throws -> Bool {
        switch try string() {
        case "true": return true
        case "false": return false
        case let text: throw InputError(place, "\(label)expected true or false, got \"\(text)\"")
        }
    }

    /// The value as JSON: plain scalars that read as numbers, true, false or null are those, all others texts.
    func json() throws -> JSON {
        switch node {
        case .mapping: return .object(JSONObject(try members().map { .init(key: $0.key, value: try $0.value.json()) }))
        case .sequence: return .array(try items().map { try $0.json() })
        default:
            let text = try string()
            guard node.scalar?.style == .plain else { return .string(text) }
            if let value = try? JSON(parsing: text), value.string == nil, value.array == nil, value.object == nil {
                return value
            }
            return .string(text)
        }
    }
}
