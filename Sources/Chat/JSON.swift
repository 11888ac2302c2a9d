/// A JSON value as it stood on the wire: objects keep the order of their members, numbers their digits. So what we don't
/// know passes through unchanged, which `Codable` types would not give.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The digits as written: `1.0` is not `1`.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// Members in the order in which they stood.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: JSON

        public init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var members: [Member]

    public init(_ members: [Member] = []) { self.members = members }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        members = elements.map { Member(key: $0.0, value: $0.1) }
    }

    /// The value of `key`, the last one where it stands twice. Setting it to `nil` removes the member.
    public subscript(key: String) -> JSON? {
        get { members.last { $0.key == key }?.value }
        set {
            guard let newValue else { return members.removeAll { $0.key == key } }
            if let index = members.lastIndex(where: { $0.key == key }) {
                members[index].value = newValue
            } else {
                members.append(Member(key: key, value: newValue))
            }
        }
    }

    mutating func append(_ key: String, _ value: JSON) { members.append(Member(key: key, value: value)) }
}

// MARK: Looking inside

extension JSON {
    /// The member `key` of an object; `nil` for everything else.
    public subscript(key: String) -> JSON? { object?[key] }

    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var double: Double? { if case .number(let digits) = self { Double(digits) } else { nil } }
    public var isNull: Bool { self == .null }

    /// A whole number, also where it is written as `3.0`.
    public var int: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    }
}

// MARK: Writing it in code

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    public init(_ value: Int) { self = .number(String(value)) }

    /// `null` where the number is not finite: JSON has no word for it.
    public init(_ value: Double) { self = value.isFinite ? .number("\(value)") : .null }
}
