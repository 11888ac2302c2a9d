import Evolution
import Files
public import Foundation
import HDF5
public import Routing
import Tensors

/// Everything that the next generation needs, and what the generations before it showed.
public struct Checkpoint: Sendable, Equatable {
    public var search: HeadSearch
    /// Digest of everything that the search depends on, the number of generations aside.
    public var key: String

    static let format: Int64 = 1

    init(search: HeadSearch, key: String) {
        self.search = search
        self.key = key
    }

    /// The checkpoint in `file`. Throws ``InputError`` or the library's error where it is none or is damaged.
    public init(reading file: URL) throws {
        let archive = try HDF5File(reading: file.path)
        try archive.require(kind: "checkpoint", format: Self.format)
        key = try archive.stringAttribute("key")
        let engine: SepCMAES
        do { engine = try SepCMAES(archive.readSearchState()) } catch let error as StateError {
            throw InputError(file.path, "\(error); the checkpoint is damaged")
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
            history: try archive.readHistory())
    }

    /// Replaces `file` by this checkpoint.
    func write(to file: URL) throws {
        try Durable.replace(file) { beside in
            let archive = try HDF5File(creating: beside.path)
            try archive.setAttribute("format", to: .int64(Self.format))
            try archive.setAttribute("kind", to: .string("checkpoint"))
            try archive.setAttribute("key", to: .string(key))
            try archive.write(search.search.state)
            try archive.setAttribute("scale", to: .double(search.scale), on: "search")
            try archive.write(search.kept.head)
            try archive.setAttribute("generation", to: .int64(Int64(search.kept.generation)), on: "policy")
            try archive.setAttribute("validation_reward", to: .double(search.kept.validationReward), on: "policy")
            try archive.write(search.history)
            try archive.close()
        }
    }
}

extension HDF5File {
    fileprivate borrowing func write(_ history: [GenerationRecord]) throws {
        try write(history.map(\.train), to: "history/mean")
        try write(history.map(\.validation), to: "history/validation")
        try write(history.map(\.sigma), to: "history/sigma")
        try write(history.map(\.bestCandidate), to: "history/best")
    }

    fileprivate borrowing func readHistory() throws -> [GenerationRecord] {
        let train: [Double] = try read("history/mean", rank: 1).values
        let validation: [Double] = try read("history/validation", rank: 1).values
        let sigma: [Double] = try read("history/sigma", rank: 1).values
        let best: [Double] = try read("history/best", rank: 1).values
        guard [validation.count, sigma.count, best.count].allSatisfy({ $0 == train.count }) else {
            throw InputError(path, "the columns of history differ in length; the checkpoint is damaged")
        }
        return train.indices.map {
            GenerationRecord(
                generation: $0, train: train[$0], validation: validation[$0], sigma: sigma[$0], bestCandidate: best[$0])
        }
    }
}
