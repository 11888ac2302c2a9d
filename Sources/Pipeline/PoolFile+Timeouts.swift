import Chat
import Files

// How patient, and how greedy, calls to one provider are.
extension Timeouts {
    /// Keys of a pool file, each a number of seconds.
    private static let keys: [(name: String, path: any WritableKeyPath<Timeouts, Duration> & Sendable)] = [
        ("connect", \.connect), ("first_byte", \.firstByte), ("stall", \.stall), ("whole", \.whole),
    ]

    /// Seconds. A millisecond is less than any network needs, and beyond a day nobody waits.
    private static let range = 0.001...86400.0

    /// What `node` doesn't name stays as it is by default. Throws ``InputError``.
    init(from node: YAMLNode) throws {
        try node.expect(keys: Self.keys.map(\.name))
        self.init()
        for (name, path) in Self.keys {
            guard let value = node[name] else { continue }
            let text = try value.string()
            guard let seconds = Double(text), Self.range.contains(seconds) else {
                throw InputError(value.place, "\(value.name): expected seconds from 0.001 to 86400, got \"\(text)\"")
            }
            self[keyPath: path] = .seconds(seconds)
        }
        let phases = max(connect, firstByte, stall)
        guard let given = node["whole"] else {
            // Whoever is patient with a phase is so with the call.
            whole = max(whole, .seconds((connect + firstByte + stall).inSeconds))
            return
        }
        guard phases <= whole else {
            throw InputError(given.place, "\(given.name): ends calls before connect, first_byte or stall would; make it longer")
        }
    }

    /// What differs from the defaults, as it stands in a pool file; `nil` where nothing does.
    var changed: JSON? {
        let standard = Timeouts()
        var members = JSONObject()
        for (name, path) in Self.keys where self[keyPath: path] != standard[keyPath: path] {
            members[name] = JSON(self[keyPath: path].inSeconds)
        }
        return members.members.isEmpty ? nil : .object(members)
    }
}

extension Duration {
    /// The nearest number; dividing durations rounds twice.
    fileprivate var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension YAMLNode {
    /// A whole number in `range`. Throws ``InputError``.
    func integer(in range: ClosedRange<Int>) throws -> Int {
        let text = try string()
        guard let value = Int(text), range.contains(value) else {
            throw InputError(
                place, "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), got \"\(text)\"")
        }
        return value
    }
}
