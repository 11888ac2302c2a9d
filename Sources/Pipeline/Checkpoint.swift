import Evolution
import Files
public import Foundation
import HDF5
import Routing
import Tensors

/// A checkpoint that cannot even be opened: it was cut off, or is gone. The one before it will do.
struct TornCheckpoint: Error, CustomStringConvertible {
    let description: String
}

/// Everything that the next generation needs, and what the generations before it showed.
public struct Checkpoint: Sendable, Equatable {
    public var search: HeadSearch
    /// What the search depends on, and how far it is to go.
    public var identity: SearchIdentity, aim: SearchAim

    /// Digest of everything that the search depends on, the number of generations aside.
    public var key: String { identity.key }
    var generation: Int { search.search.generation }
    /// Whether the search had come as far as it was to.
    var isFinished: Bool { aim.isReached(by: search) }

    static let format: Int64 = 3

    init(search: HeadSearch, identity: SearchIdentity, aim: SearchAim) {
        self.search = search
        self.identity = identity
        self.aim = aim
    }

    /// The checkpoint in `file`. Throws one line where it is none or is damaged.
    public init(reading file: URL) throws {
        let archive = try Self.open(file)
        do {
            try archive.require(kind: "checkpoint", format: Self.format)
            identity = try archive.readIdentity()
            aim = try archive.readAim(identity)
            let engine: SepCMAES
            do { engine = try SepCMAES(archive.readSearchState()) } catch let error as StateError {
                throw InputError(file.path, "\(error)")
            }
            let kept = HeadSearch.Kept(
                head: try archive.readHead(), generation: Int(try archive.int64Attribute("generation", on: "policy")),
                validationReward: try archive.doubleAttribute("validation_reward", on: "policy"))
            guard kept.head.weight.scalars.count == engine.mean.count else {
                throw InputError(
                    file.path, "the policy has \(kept.head.weight.scalars.count) weights, the search \(engine.mean.count)")
            }
            search = HeadSearch(
                search: engine, scale: try archive.doubleAttribute("scale", on: "search"), kept: kept,
                history: try archive.readHistory(),
                startRewards: try archive.read("history/start_validation", rank: 1).values.map { $0.isNaN ? nil : $0 })
            guard search.history.count == engine.generation + 1 else {
                throw InputError(
                    file.path, "history has \(search.history.count) generations, the search \(engine.generation)")
            }
        } catch {
            // It is whole, and is not what we write: that is for its owner to see.
            throw InputError("\(error)", "remove the file to go on from the one before, or give --restart")
        }
    }

    private static func open(_ file: URL) throws -> HDF5File {
        do { return try HDF5File(reading: file.path) } catch { throw TornCheckpoint(description: "\(error)") }
    }

    /// Replaces `file` by this checkpoint.
    func write(to file: URL) throws {
        try Durable.replace(file) { beside in
            let archive = try HDF5File(creating: beside.path)
            try archive.setAttribute("format", to: .int64(Self.format))
            try archive.setAttribute("kind", to: .string("checkpoint"))
            try archive.write(identity, aim: aim)
            try archive.write(search.search.state)
            try archive.setAttribute("scale", to: .double(search.scale), on: "search")
            try archive.write(search.kept.head)
            try archive.setAttribute("generation", to: .int64(Int64(search.kept.generation)), on: "policy")
            try archive.setAttribute("validation_reward", to: .double(search.kept.validationReward), on: "policy")
            try archive.write(search.history)
            try archive.write(search.startRewards.map { $0 ?? .nan }, to: "history/start_validation")
            try archive.close()
        }
    }
}
