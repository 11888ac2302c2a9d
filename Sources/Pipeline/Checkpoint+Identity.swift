import Evolution
import Files
import HDF5

/// What a search is to come to: it is finished when it has so many generations, or has earned so much. Not a part of what
/// the search is: a longer one goes on with the same search.
public struct SearchAim: Sendable, Equatable {
    public var generations: Int
    /// Reward on validation; `nil` for none.
    public var target: Double?

    init(generations: Int, target: Double?) {
        self.generations = generations
        self.target = target
    }

    init(_ settings: EvolveSettings) { self.init(generations: settings.generations, target: settings.target) }

    /// Whether `search` has come so far.
    func isReached(by search: HeadSearch) -> Bool {
        search.search.generation >= generations || target.map { search.kept.validationReward >= $0 } ?? false
    }
}

/// Attributes of the file itself: what people look for first.
extension HDF5File {
    borrowing func write(_ identity: SearchIdentity, aim: SearchAim) throws {
        try setAttribute("key", to: .string(identity.key))
        for (name, value) in identity.settings.merging(identity.data, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key })
        {
            try setAttribute(name, to: .string(value))
        }
        try setAttribute("evolve.generations", to: .int64(Int64(aim.generations)))
        try setAttribute("evolve.target", to: .double(aim.target ?? .nan))
    }

    borrowing func readIdentity() throws -> SearchIdentity {
        var identity = SearchIdentity(settings: [:], data: [:])
        for (name, value) in try attributes() {
            guard case .string(let text) = value, !["kind", "key"].contains(name) else { continue }
            if name.hasPrefix("data.") { identity.data[name] = text } else { identity.settings[name] = text }
        }
        guard try stringAttribute("key") == identity.key else {
            throw InputError(path, "the settings are not those of its key; the checkpoint is damaged")
        }
        return identity
    }

    borrowing func readAim() throws -> SearchAim {
        let target = try doubleAttribute("evolve.target")
        return SearchAim(
            generations: Int(try int64Attribute("evolve.generations")), target: target.isNaN ? nil : target)
    }
}
