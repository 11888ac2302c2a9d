public import Evolution
import Files
import HDF5

/// What a search is to come to: it is finished when it has so many generations, has earned so much, or can get no further.
/// Not a part of what the search is: a longer one goes on with the same search.
public struct SearchAim: Sendable, Equatable {
    public var generations: Int
    /// Reward on validation; `nil` for none.
    public var target: Double?
    /// When it can get no further; `nil` where it is not asked.
    public var rules: StopRules?

    init(generations: Int, target: Double?, rules: StopRules?) {
        self.generations = generations
        self.target = target
        self.rules = rules
    }

    init(_ settings: EvolveSettings) {
        self.init(
            generations: settings.generations, target: settings.target,
            rules: settings.stop == .auto ? Self.rules(for: settings.draws) : nil)
    }

    /// The engine's, by whether luck has a part in fitness.
    fileprivate static func rules(for draws: EvolveSettings.Draws) -> StopRules {
        switch draws {
        case .exact: .deterministic
        case .sampled: .noisy
        }
    }

    /// Whether `search` has come so far.
    func isReached(by search: HeadSearch) -> Bool { hasArrived(search) || stop(of: search) != nil }

    /// Why `search` can get no further before it has come so far; `nil` where it can, or has. A function of the search as it
    /// stands: one that was interrupted ends where it would have.
    func stop(of search: HeadSearch) -> StopReason? {
        hasArrived(search) ? nil : rules.flatMap { search.search.stopReason($0) }
    }

    private func hasArrived(_ search: HeadSearch) -> Bool {
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
        let stop = aim.rules == nil ? EvolveSettings.Stop.none : .auto
        try setAttribute("evolve.stop", to: .string(stop.rawValue))
    }

    borrowing func readIdentity() throws -> SearchIdentity {
        var identity = SearchIdentity(settings: [:], data: [:])
        for (name, value) in try attributes() {
            guard case .string(let text) = value, !["kind", "key", "evolve.stop"].contains(name) else { continue }
            if name.hasPrefix("data.") { identity.data[name] = text } else { identity.settings[name] = text }
        }
        guard try stringAttribute("key") == identity.key else {
            throw InputError(path, "the settings are not those of its key; the checkpoint is damaged")
        }
        return identity
    }

    borrowing func readAim(_ identity: SearchIdentity) throws -> SearchAim {
        let target = try doubleAttribute("evolve.target")
        let draws = identity.settings["evolve.draws"].flatMap { EvolveSettings.Draws(rawValue: $0) }
        guard let stop = EvolveSettings.Stop(rawValue: try stringAttribute("evolve.stop")), let draws else {
            throw InputError(path, "evolve.stop or evolve.draws is none that this baton knows")
        }
        return SearchAim(
            generations: Int(try int64Attribute("evolve.generations")), target: target.isNaN ? nil : target,
            rules: stop == .auto ? SearchAim.rules(for: draws) : nil)
    }
}
