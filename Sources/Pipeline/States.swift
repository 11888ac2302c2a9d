import Files
public import Foundation
import HDF5
public import Tensors
import Tokenizers

/// Hidden states with the ids of their texts and what made them.
public struct States: Sendable, Equatable {
    /// What a state depends on besides its text.
    public struct Provenance: Sendable, Equatable, Codable {
        /// Name of the model's folder, and the SHA-256 of its weights.
        public var model: String, modelSHA256: String
        /// What of a task was read: `last_user`, `transcript`, `chat`, or `text` where texts were given as they are.
        public var prompt: String
        /// The instruction before each task, if any.
        public var system: String?
        public var readout: String
        /// The levels of the model that stand one behind the other in a state.
        public var layers: [Int]
        public var normalize: Bool
        public var precision: String
        public var maxTokens: Int
        /// The part of a too long text that is left out: `head`, `tail` or `middle`.
        public var cut: String

        enum CodingKeys: String, CodingKey {
            case model, prompt, system, readout, layers, normalize, precision, cut
            case modelSHA256 = "model_sha256"
            case maxTokens = "max_tokens"
        }
    }

    public var ids: [String]
    /// `[ids, width]`.
    public var values: Tensor
    public var provenance: Provenance
    /// Digest of the model, the settings and every id with its text.
    public var key: String
    /// The texts that were longer than `provenance.maxTokens`.
    public var cuts = Cuts()

    static let format: Int64 = 2

    /// The states in `file`. Throws ``InputError`` where it isn't a file of states or is damaged.
    public init(reading file: URL) throws {
        let archive = try HDF5File(reading: file.path)
        try archive.require(kind: "states", format: Self.format)
        provenance = try Provenance(from: archive)
        key = try archive.stringAttribute("key")
        if try archive.hasAttribute("cut_texts") {
            cuts = Cuts(
                count: Int(try archive.int64Attribute("cut_texts")), first: try archive.stringAttribute("first_cut_text"))
        }
        ids = try archive.readStrings("ids")
        let (scalars, shape) = try archive.read("states", as: Float.self, rank: 2)
        guard shape[0] == ids.count else {
            throw InputError(file.path, "\(shape[0]) states for \(ids.count) ids; make the file again")
        }
        guard scalars.allSatisfy(\.isFinite) else {
            throw InputError(file.path, "states: a value is not finite; make the file again")
        }
        values = Tensor(shape: shape, scalars: scalars)
    }

    /// States that were just made.
    public init(ids: [String], values: Tensor, provenance: Provenance, key: String, cuts: Cuts = Cuts()) {
        self.cuts = cuts
        self.ids = ids
        self.values = values
        self.provenance = provenance
        self.key = key
    }

    /// Replaces `file` by these states.
    public func write(to file: URL) throws {
        try Durable.replace(file) { beside in
            let archive = try HDF5File(creating: beside.path)
            try provenance.write(to: archive, key: key, cuts: cuts)
            try archive.write(ids, to: "ids")
            try archive.write(values.scalars, shape: values.shape, to: "states")
            try archive.close()
        }
    }
}

extension States.Provenance {
    init(from archive: borrowing HDF5File) throws {
        model = try archive.stringAttribute("model")
        modelSHA256 = try archive.stringAttribute("model_sha256")
        prompt = try archive.stringAttribute("prompt")
        // Files that were made before these could be chosen haven't got them.
        system = try archive.hasAttribute("system") ? archive.stringAttribute("system") : nil
        cut = try archive.hasAttribute("cut") ? archive.stringAttribute("cut") : Truncation.tail.rawValue
        readout = try archive.stringAttribute("readout")
        layers = try archive.stringAttribute("layers").split(separator: ",").compactMap { Int($0) }
        normalize = try archive.boolAttribute("normalize")
        precision = try archive.stringAttribute("precision")
        maxTokens = Int(try archive.int64Attribute("max_tokens"))
    }

    /// Notes this on a file of states.
    func write(to archive: borrowing HDF5File, key: String, cuts: Cuts) throws {
        try archive.setAttribute("format", to: .int64(States.format))
        try archive.setAttribute("kind", to: .string("states"))
        try archive.setAttribute("key", to: .string(key))
        try archive.setAttribute("model", to: .string(model))
        try archive.setAttribute("model_sha256", to: .string(modelSHA256))
        try archive.setAttribute("prompt", to: .string(prompt))
        try archive.setAttribute("readout", to: .string(readout))
        try archive.setAttribute("layers", to: .string(layers.map(String.init).joined(separator: ",")))
        try archive.setAttribute("normalize", to: .bool(normalize))
        try archive.setAttribute("precision", to: .string(precision))
        try archive.setAttribute("max_tokens", to: .int64(Int64(maxTokens)))
        try archive.setAttribute("cut", to: .string(cut))
        if let system { try archive.setAttribute("system", to: .string(system)) }
        if let first = cuts.first {
            try archive.setAttribute("cut_texts", to: .int64(Int64(cuts.count)))
            try archive.setAttribute("first_cut_text", to: .string(first))
        }
    }
}

extension HDF5File {
    /// Throws ``InputError`` unless this is a file of ours of that kind and format.
    borrowing func require(kind: String, format: Int64) throws {
        guard try hasAttribute("kind"), try stringAttribute("kind") == kind else {
            throw InputError(path, "is not a file of \(kind) that baton wrote")
        }
        let found = try int64Attribute("format")
        guard found == format else {
            throw InputError(path, "has format \(found); this baton reads format \(format)")
        }
    }
}
