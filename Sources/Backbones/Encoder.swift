import Foundation
import Synchronization
public import Tensors
public import Tokenizers

/// Text to the one vector that the routing head reads.
public struct Encoder: Sendable {
    public let tokenizer: any Tokenizer
    public let model: any Backbone
    public let readout: Readout
    /// The levels whose vectors stand one behind the other, ascending: 0 is the embeddings, `i` the output of layer `i`.
    public let levels: [Int]
    /// Whether vectors are divided by their length, each level's by its own.
    public let normalizes: Bool
    /// Longer texts are cut to this many tokens, `[CLS]` and `[SEP]` counted.
    public let maxTokens: Int

    /// Reads a model directory. What is nil is what the directory says (`ModelDirectory`); the length at most the
    /// model's positions. Throws `ModelError`, `WeightsError` or `TokenizerError`, each in one line.
    public init(
        _ directory: ModelDirectory, readout: Readout? = nil, levels: Levels = .last, normalizes: Bool? = nil,
        maxTokens: Int? = nil, precision: Precision = .f32, threads: Threads = .available
    ) throws {
        tokenizer = try TokenizerFile(reading: directory.tokenizer).tokenizer()
        model = try directory.backbone(precision: precision, threads: threads)
        self.levels = levels.numbers(layers: model.layers)
        try model.check(levels: self.levels)
        self.readout = readout ?? directory.readout
        self.normalizes = normalizes ?? directory.normalizes
        self.maxTokens = try Self.length(maxTokens, of: directory, model)
        guard tokenizer.vocabularySize <= model.vocabularySize else {
            throw ModelError(
                "\(directory.url.path): tokenizer.json gives \"\(tokenizer.highestToken)\" the id \(tokenizer.vocabularySize - 1), config.json has only \(model.vocabularySize) ids (vocab_size)"
            )
        }
    }

    private static func length(_ asked: Int?, of directory: ModelDirectory, _ model: any Backbone) throws -> Int {
        if let asked {
            guard (min(3, model.maxTokens)...model.maxTokens).contains(asked) else {
                throw ModelError("max tokens must be 3 to \(model.maxTokens) for this model, not \(asked)")
            }
            return asked
        }
        return min(directory.maxTokens ?? model.maxTokens, model.maxTokens)
    }

    /// Size of a vector.
    public var width: Int { levels.count * model.width }

    // Tokens of one pass. More does not fill the processor better, and needs memory that leaves its caches.
    private static let budget = 1024
    private static let textsPerPiece = 32

    /// One vector for each text, `[texts, width]`, in their order; the same bits for any number of threads, and for a
    /// text alone and among others. `progress` is called with the number of texts done, from any thread.
    /// Throws `ModelError` with the first text whose vector is not finite.
    public func states(
        for texts: [String], threads: Threads = .available, progress: (@Sendable (Int) -> Void)? = nil
    ) throws -> Tensor {
        let tokens = tokenize(texts, threads: threads)
        if let text = tokens.firstIndex(where: \.isEmpty) {
            throw ModelError(
                "text \(text) (from 0) is empty, and the model's tokenizer adds no token of its own: it has no state")
        }
        let batches = Self.batches(of: tokens.map(\.count))
        // Few passes are cut inside; many are run side by side, which needs no waiting. Both give the same bits.
        let sideBySide = batches.count >= 2 * threads.count
        let done = Counter()
        let vectors = (sideBySide ? threads : .one).map(batches.count) { index in
            let batch = PackedBatch(batches[index].map { tokens[$0] })
            let result = Result {
                try model.states(of: batch, readout: readout, levels: levels, threads: sideBySide ? .one : threads)
            }
            progress?(done.value.add(batch.count, ordering: .relaxed).newValue)
            return result
        }
        var states = Tensor(zeros: [texts.count, width])
        for (index, batch) in batches.enumerated() {
            let vectors = try vectors[index].get()
            for (row, text) in batch.enumerated() {
                states.scalars.replaceSubrange(text * width..<(text + 1) * width, with: normalized(vectors[row: row]))
            }
        }
        if let text = texts.indices.first(where: { !states[row: $0].allSatisfy(\.isFinite) }) {
            throw Self.overflow(of: texts[text], at: text)
        }
        return states
    }

    private static func overflow(of text: String, at index: Int) -> ModelError {
        let beginning = String(text.unicodeScalars.prefix(60)) + (text.unicodeScalars.count > 60 ? "…" : "")
        return ModelError(
            "text \(index) (from 0), \(beginning.debugDescription), has no finite vector: the model's weights overflow 32-bit floats"
        )
    }

    private func tokenize(_ texts: [String], threads: Threads) -> [[Int32]] {
        let size = Self.textsPerPiece, pieces = (texts.count + size - 1) / size
        return threads.map(pieces) { piece in
            texts[piece * size..<min(texts.count, (piece + 1) * size)].map { tokenizer.encode($0, maxTokens: maxTokens) }
        }.flatMap { $0 }
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

/// A class because a local atomic cannot be captured by the closures of several threads.
private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
