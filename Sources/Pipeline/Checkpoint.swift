import Evolution
import Files
public import Foundation
import HDF5
public import Routing
import Tensors

/// The head after SFT, and how it was chosen: `checkpoints/sft.h5`.
public struct SFTCheckpoint: Sendable, Equatable {
    public var trained: TrainedHead
    /// Digest of everything that the head depends on.
    public var key: String

    static let format: Int64 = 1

    /// The head in `file`. Throws ``InputError`` or the library's error where it is no such file.
    public init(reading file: URL) throws {
        let archive = try HDF5File(reading: file.path)
        try archive.require(kind: "sft", format: Self.format)
        key = try archive.stringAttribute("key")
        trained = TrainedHead(
            head: try archive.readHead(), temperature: try archive.doubleAttribute("temperature"),
            ridge: try archive.doubleAttribute("ridge"),
            validationReward: try archive.doubleAttribute("validation_reward"),
            gradientNorm: try archive.doubleAttribute("gradient_norm"),
            iterations: Int(try archive.int64Attribute("iterations")))
    }

    init(trained: TrainedHead, key: String) {
        self.trained = trained
        self.key = key
    }

    func write(to file: URL) throws {
        try Durable.replace(file) { beside in
            let archive = try HDF5File(creating: beside.path)
            try archive.setAttribute("format", to: .int64(Self.format))
            try archive.setAttribute("kind", to: .string("sft"))
            try archive.setAttribute("key", to: .string(key))
            try archive.setAttribute("temperature", to: .double(trained.temperature))
            try archive.setAttribute("ridge", to: .double(trained.ridge))
            try archive.setAttribute("validation_reward", to: .double(trained.validationReward))
            try archive.setAttribute("gradient_norm", to: .double(trained.gradientNorm))
            try archive.setAttribute("iterations", to: .int64(Int64(trained.iterations)))
            try archive.write(trained.head)
            try archive.close()
        }
    }
}

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

    static let format: Int64 = 2

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
            aim = try archive.readAim()
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
                history: try archive.readHistory())
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
            try archive.write(search.search.state, scale: search.scale)
            try archive.write(search.kept.head)
            try archive.setAttribute("generation", to: .int64(Int64(search.kept.generation)), on: "policy")
            try archive.setAttribute("validation_reward", to: .double(search.kept.validationReward), on: "policy")
            try archive.write(search.history)
            try archive.close()
        }
    }
}

extension HDF5File {
    fileprivate borrowing func write(_ head: RoutingHead) throws {
        try write(head.weight.scalars, shape: head.weight.shape, to: "policy/head")
        try write(head.workers, to: "policy/workers")
    }

    fileprivate borrowing func readHead() throws -> RoutingHead {
        let (scalars, shape) = try read("policy/head", as: Float.self, rank: 2)
        let workers = try readStrings("policy/workers")
        guard workers.count == shape[0] else {
            throw InputError(path, "policy/head \(shape) does not fit \(workers.count) workers")
        }
        if let index = scalars.firstIndex(where: { !$0.isFinite }) {
            throw InputError(path, "policy/head[\(index)] is \(scalars[index]); it must be finite; make the head again")
        }
        return RoutingHead(workers: workers, weight: Tensor(shape: shape, scalars: scalars))
    }

    fileprivate borrowing func write(_ state: SepCMAES.State, scale: Double) throws {
        try write(state.mean, to: "search/mean")
        try write(state.variances, to: "search/variances")
        try write(state.stepPath, to: "search/step_path")
        try write(state.variancePath, to: "search/variance_path")
        try write(state.previousMean, to: "search/two_point/previous_mean")
        try setAttribute("smoothed_rank", to: .double(state.smoothedRank), on: "search/two_point")
        try setAttribute("seed", to: .uint64(state.seed), on: "search")
        try setAttribute("population_size", to: .int64(Int64(state.populationSize)), on: "search")
        try setAttribute("generation", to: .int64(Int64(state.generation)), on: "search")
        try setAttribute("step_size", to: .double(state.stepSize), on: "search")
        try setAttribute("scale", to: .double(scale), on: "search")
        try setAttribute("step_control", to: .string(state.strategy.stepControl.rawValue), on: "search")
        try setAttribute("weights", to: .string(state.strategy.weights.rawValue), on: "search")
        try setAttribute("covariance", to: .string(state.strategy.covariance.rawValue), on: "search")
        try setAttribute("rates", to: .string(state.strategy.rates.rawValue), on: "search")
    }

    fileprivate borrowing func readSearchState() throws -> SepCMAES.State {
        SepCMAES.State(
            strategy: try readStrategy(), seed: try uint64Attribute("seed", on: "search"),
            populationSize: Int(try int64Attribute("population_size", on: "search")),
            generation: Int(try int64Attribute("generation", on: "search")),
            stepSize: try doubleAttribute("step_size", on: "search"),
            mean: try read("search/mean", rank: 1).values, variances: try read("search/variances", rank: 1).values,
            stepPath: try read("search/step_path", rank: 1).values,
            variancePath: try read("search/variance_path", rank: 1).values,
            previousMean: try read("search/two_point/previous_mean", rank: 1).values,
            smoothedRank: try doubleAttribute("smoothed_rank", on: "search/two_point"))
    }

    private borrowing func readStrategy() throws -> Strategy {
        guard let control = Strategy.StepControl(rawValue: try stringAttribute("step_control", on: "search")),
            let weights = Strategy.Weights(rawValue: try stringAttribute("weights", on: "search")),
            let covariance = Strategy.Covariance(rawValue: try stringAttribute("covariance", on: "search")),
            let rates = Strategy.Rates(rawValue: try stringAttribute("rates", on: "search"))
        else { throw InputError(path, "the search names a strategy that this baton hasn't got") }
        return Strategy(stepControl: control, weights: weights, covariance: covariance, rates: rates)
    }
}
