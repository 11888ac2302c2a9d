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

    static let format: Int64 = 2

    /// The head in `file`. Throws ``InputError`` or the library's error where it is no such file.
    public init(reading file: URL) throws {
        let archive = try HDF5File(reading: file.path)
        try archive.require(kind: "sft", format: Self.format)
        key = try archive.stringAttribute("key")
        trained = TrainedHead(
            policy: try archive.readPolicy(), center: try archive.readCenter(),
            temperature: try archive.doubleAttribute("temperature"),
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
            try archive.write(trained.policy)
            if trained.policy.prior != nil { try archive.write(trained.center, to: "policy/center") }
            try archive.close()
        }
    }
}

// A policy in a file: its head, and the prior that it stands on.
extension HDF5File {
    borrowing func write(_ head: RoutingHead) throws {
        try write(head.weight.scalars, shape: head.weight.shape, to: "policy/head")
        try write(head.workers, to: "policy/workers")
    }

    borrowing func readHead() throws -> RoutingHead {
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

    borrowing func write(_ policy: RoutingPolicy) throws {
        try write(policy.head)
        try setAttribute("has_prior", to: .bool(policy.prior != nil), on: "policy")
        guard let prior = policy.prior else { return }
        try write(prior.classifier.scalars, shape: prior.classifier.shape, to: "policy/classifier")
        try write(prior.table.scalars, shape: prior.table.shape, to: "policy/table")
    }

    /// Empty where there is no prior.
    borrowing func readCenter() throws -> [Float] {
        guard try boolAttribute("has_prior", on: "policy") else { return [] }
        let (center, _) = try read("policy/center", as: Float.self, rank: 1)
        let (_, shape) = try read("policy/head", as: Float.self, rank: 2)
        guard center.count == shape[1], center.allSatisfy(\.isFinite) else {
            throw InputError(path, "policy/center [\(center.count)] does not fit policy/head \(shape), or is not finite")
        }
        return center
    }

    borrowing func readPolicy() throws -> RoutingPolicy {
        let head = try readHead()
        guard try boolAttribute("has_prior", on: "policy") else { return RoutingPolicy(head: head) }
        let (classifier, shape) = try read("policy/classifier", as: Float.self, rank: 2)
        let (table, tableShape) = try read("policy/table", as: Float.self, rank: 2)
        guard shape[1] == head.width + 1, shape[0] > 0, tableShape == [shape[0], head.workers.count],
            (classifier + table).allSatisfy(\.isFinite)
        else {
            throw InputError(
                path, "policy/classifier \(shape) and policy/table \(tableShape) do not fit the head, or are not finite")
        }
        return RoutingPolicy(
            head: head,
            prior: DomainPrior(
                classifier: Tensor(shape: shape, scalars: classifier), table: Tensor(shape: tableShape, scalars: table)))
    }
}
