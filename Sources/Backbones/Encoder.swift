import Foundation
import Synchronization
public import Tensors
public import Tokenizers

/// A request, or a text by itself, to the one vector that the routing head reads.
public struct Encoder: Sendable {
    /// What of a request is read, and where it is cut.
    public let reader: RequestReader
    public let model: any Backbone
    public let readout: Readout
    /// The levels whose vectors stand one behind the other, ascending: 0 is the embeddings, `i` the output of layer `i`.
    public let levels: [Int]
    /// Whether vectors are divided by their length, each level's by its own.
    public let normalizes: Bool
    /// Beginnings of earlier requests, kept for later ones: for a decoder that serves. A BERT has no use for it.
    public var prefixes: PrefixCache?

    /// Tokens of the longest request where neither the caller nor the model's folder says: what most requests are below, and
    /// what a pass has memory for. Decoders have positions for ten times as many.
    public static let defaultMaxTokens = 4096

    /// Reads a model directory. What is nil is what the directory says (`ModelDirectory`); the length at most
    /// ``defaultMaxTokens``. `system` is an instruction before each request. Throws `ModelError`, `WeightsError` or
    /// `TokenizerError`, each in one line.
    public init(
        _ directory: ModelDirectory, prompt: Prompt? = nil, system: String? = nil, truncation: Truncation = .tail,
        readout: Readout? = nil, levels: Levels = .last, normalizes: Bool? = nil, maxTokens: Int? = nil,
        precision: Precision = .f32, threads: Threads = .available
    ) throws {
        // Before the weights, which take long.
        let tokenizer = try TokenizerFile(reading: directory.tokenizer).tokenizer(), asked = prompt
        let prompt = asked ?? directory.prompt
        let template = try prompt == .chat ? Self.template(of: directory, wasAsked: asked != nil) : nil
        model = try directory.backbone(precision: precision, threads: threads)
        self.levels = levels.numbers(layers: model.layers)
        try model.check(levels: self.levels)
        self.readout = readout ?? directory.readout
        self.normalizes = normalizes ?? directory.normalizes
        reader = try RequestReader(
            tokenizer: tokenizer, template: template, prompt: prompt, system: system, truncation: truncation,
            maxTokens: Self.length(maxTokens, of: directory, model))
        guard tokenizer.vocabularySize <= model.vocabularySize else {
            throw ModelError(
                "\(directory.url.path): tokenizer.json gives \"\(tokenizer.highestToken)\" the id \(tokenizer.vocabularySize - 1), config.json has only \(model.vocabularySize) ids (vocab_size)"
            )
        }
    }

    private static func template(of directory: ModelDirectory, wasAsked: Bool) throws -> ChatTemplate {
        do { return try ChatTemplate(reading: directory.url) } catch {
            guard !wasAsked else { throw error }
            throw ModelError("\(error.description); embed.prompt: last_user or transcript reads requests without a template")
        }
    }

    private init(_ other: Encoder, reader: RequestReader, model: any Backbone) {
        self.reader = reader
        self.model = model
        readout = other.readout
        levels = other.levels
        normalizes = other.normalizes
    }

    /// The same with another instruction before each request. Throws where there is no room for it.
    public func reading(system: String?) throws -> Encoder {
        Encoder(self, reader: try reader.reading(system: system), model: model)
    }

    /// The same with `model`, a copy of this one's with other numbers; what is known of beginnings is not the copy's.
    public func reading(with model: any Backbone) -> Encoder {
        precondition(model.width == self.model.width && model.layers == self.model.layers, "another model")
        return Encoder(self, reader: reader, model: model)
    }

    private static func length(_ asked: Int?, of directory: ModelDirectory, _ model: any Backbone) throws -> Int {
        if let asked {
            guard (min(3, model.maxTokens)...model.maxTokens).contains(asked) else {
                throw ModelError("max tokens must be 3 to \(model.maxTokens) for this model, not \(asked)")
            }
            return asked
        }
        return min(directory.maxTokens ?? defaultMaxTokens, model.maxTokens)
    }

    public var tokenizer: any Tokenizer { reader.tokenizer }

    /// Longer requests are cut to this many tokens, the tokenizer's and the template's own counted.
    public var maxTokens: Int { reader.maxTokens }

    /// Size of a vector.
    public var width: Int { levels.count * model.width }

    // Tokens of one pass. More does not fill the processor better, and needs memory that leaves its caches.
    private static let budget = 1024

    /// One vector for each text, as for a request whose only message it is. Throws as the one for requests does.
    public func states(
        for texts: [String], threads: Threads = .available, progress: (@Sendable (Int) -> Void)? = nil
    ) throws -> Tensor {
        let requests = try reader.tokens(of: texts.map { Conversation(system: nil, user: $0) }, threads: threads)
        return try states(of: requests, threads: threads, progress: progress) { texts[$0] }
    }

    /// One vector for each request, `[requests, width]`, in their order; the same bits for any number of threads, for a
    /// request alone and among others, and with known beginnings or without. `progress` is called with the number of requests
    /// done, from any thread.
    /// Throws `ModelError` with the first request that has no tokens, or whose vector is not finite.
    public func states(
        of requests: [RequestTokens], threads: Threads = .available, progress: (@Sendable (Int) -> Void)? = nil
    ) throws -> Tensor {
        try states(of: requests, threads: threads, progress: progress) { index in
            tokenizer.decode(Array(requests[index].ids.prefix(32))) + (requests[index].ids.count > 32 ? "…" : "")
        }
    }

    private func states(
        of requests: [RequestTokens], threads: Threads, progress: (@Sendable (Int) -> Void)?, text: (Int) -> String
    ) throws -> Tensor {
        if let text = requests.firstIndex(where: \.ids.isEmpty) {
            throw ModelError(
                "text \(text) (from 0) is empty, and the model's tokenizer adds no token of its own: it has no state")
        }
        let common = try prefixes == nil ? beginning(of: requests, threads: threads) : nil
        // Known tokens are no rows of a product, but keys and values to go through.
        let batches = Self.batches(of: requests.map { $0.ids.count - (common?.tokens ?? 0) * 7 / 8 })
        // Few passes are cut inside; many are run side by side, which needs no waiting. Both give the same bits.
        let sideBySide = batches.count >= 2 * threads.count
        let done = Counter()
        let vectors = (sideBySide ? threads : .one).map(batches.count) { index in
            let batch = PackedBatch(batches[index].map { requests[$0].ids })
            let result = Result { try pass(batch, common: common, threads: sideBySide ? .one : threads) }
            progress?(done.value.add(batch.count, ordering: .relaxed).newValue)
            return result
        }
        var states = Tensor(zeros: [requests.count, width])
        for (index, batch) in batches.enumerated() {
            let vectors = try vectors[index].get()
            for (row, text) in batch.enumerated() {
                states.scalars.replaceSubrange(text * width..<(text + 1) * width, with: normalized(vectors[row: row]))
            }
        }
        if let index = requests.indices.first(where: { !states[row: $0].allSatisfy(\.isFinite) }) {
            throw Self.overflow(of: text(index), at: index)
        }
        return states
    }

    /// Tokens of a request whose states have to be computed, beginnings that are known left out: how long its pass takes.
    public func newTokens(of request: RequestTokens) -> Int {
        guard let prefixes, model is DecoderModel, let read = readout.token(of: request.ids.count) else {
            return request.ids.count
        }
        let top = levels.last ?? model.layers
        return request.ids.count - prefixes.knownTokens(of: request.ids[...], atMost: read, layers: top)
    }

    private static func overflow(of text: String, at index: Int) -> ModelError {
        let beginning = String(text.unicodeScalars.prefix(60)) + (text.unicodeScalars.count > 60 ? "…" : "")
        return ModelError(
            "text \(index) (from 0), \(beginning.debugDescription), has no finite vector: the model's weights overflow 32-bit floats"
        )
    }

    /// Texts of similar length together, the longest first, in passes of at most `budget` tokens (or one text).
    static func batches(of lengths: [Int]) -> [[Int]] {
        let order = lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }
        var batches: [[Int]] = [], tokens = 0
        for text in order {
            if batches.isEmpty || tokens + lengths[text] > budget {
                batches.append([])
                tokens = 0
            }
            batches[batches.count - 1].append(text)
            tokens += lengths[text]
        }
        return batches
    }

    private func normalized(_ vector: ArraySlice<Float>) -> [Float] {
        guard normalizes else { return Array(vector) }
        let vector = Array(vector), width = model.width
        return levels.indices.flatMap { index in
            let part = vector[index * width..<(index + 1) * width]
            let length = part.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            // As the reference: a vector of zeros stays one.
            let divisor = max(length, 1e-12)
            return part.map { Float(Double($0) / divisor) }
        }
    }
}

// MARK: Beginnings

extension Encoder {
    /// What all requests of a call begin with, computed once.
    private struct Beginning: Sendable {
        let cache: PrefixCache
        let tokens: Int
    }

    /// More than this is not kept of what many requests begin with.
    private static let beginningBytes = 512 << 20

    /// The beginning that all `requests` have in common, such as an instruction; nil where it isn't worth a pass of its own.
    private func beginning(of requests: [RequestTokens], threads: Threads) throws -> Beginning? {
        guard requests.count > 1, readout != .mean, let decoder = model as? DecoderModel else { return nil }
        let first = requests[0].ids
        let common = requests.dropFirst().reduce(first.count) { count, request in
            zip(first.prefix(count), request.ids).prefix { $0 == $1 }.count
        }
        let count = common / PrefixBlock.tokens * PrefixBlock.tokens
        guard count > 0 else { return nil }
        let cache = PrefixCache(bytes: Self.beginningBytes), text = Array(first.prefix(count))
        _ = try decoder.states(of: PackedBatch([text]), readout: .last, levels: levels, threads: threads, prefix: cache)
        let known = cache.knownTokens(of: text[...], atMost: count, layers: levels.last ?? model.layers)
        return Beginning(cache: cache, tokens: known)
    }

    private func pass(_ batch: PackedBatch, common: Beginning?, threads: Threads) throws -> Tensor {
        guard let cache = common?.cache ?? prefixes, let decoder = model as? DecoderModel else {
            return try model.states(of: batch, readout: readout, levels: levels, threads: threads)
        }
        return try decoder.states(
            of: batch, readout: readout, levels: levels, threads: threads, prefix: cache, keeps: common == nil)
    }
}

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
