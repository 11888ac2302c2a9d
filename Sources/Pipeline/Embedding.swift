import Backbones
import Files
public import Foundation
import HDF5
public import Tensors

/// A model with every setting of its hidden states decided.
public struct Embedding: Sendable {
    let encoder: Encoder
    /// Digests of the files that decide on tokens and on the pass, beside the weights.
    private let definition: [String]
    public let provenance: States.Provenance

    /// Size of a state.
    public var width: Int { encoder.width }

    /// Opens the model in `folder`; what `settings` leave open is what the folder says.
    ///
    /// Throws one line about the first file of the model that is missing, damaged or not supported.
    public init(model folder: URL, settings: EmbedSettings, prompt: String? = nil) throws {
        let directory = try ModelDirectory(reading: folder)
        encoder = try Encoder(
            directory, readout: settings.readout, levels: settings.levels(of: directory), normalizes: settings.normalize,
            maxTokens: settings.maxTokens, precision: settings.precision)
        definition = try ["config.json", "tokenizer.json"].map { name in
            try SHA256.hex(ofFile: folder.appendingPathComponent(name))
        }
        provenance = States.Provenance(
            model: folder.standardizedFileURL.lastPathComponent, modelSHA256: try directory.weightsSHA256(),
            prompt: prompt ?? settings.prompt.rawValue, readout: encoder.readout.rawValue, layers: encoder.levels,
            normalize: encoder.normalizes, precision: settings.precision.rawValue, maxTokens: encoder.maxTokens)
    }

    /// Digest of everything that a state depends on besides its text.
    private var settingsKey: String {
        StageKey(
            [
                "states 2", provenance.modelSHA256, provenance.prompt, provenance.readout, "\(provenance.layers)",
                "\(provenance.normalize)",
                provenance.precision, "\(provenance.maxTokens)",
            ] + definition
        ).hex
    }

    /// Digest of everything that the states of these texts depend on.
    func key(ids: [String], texts: [String]) -> String { StageKey([settingsKey] + ids + texts).hex }

    /// Texts between two looks at the monitor. A text has the same bits alone and among others, so any cut will do.
    private static let pieceSize = 1024

    /// The states of `texts`, `[texts, width]`, with progress. Throws ``Interrupted`` once the monitor stops.
    func states(ids: [String], texts: [String], threads: Threads, monitor: Monitor) throws -> States {
        var scalars: [Float] = []
        for first in stride(from: 0, to: texts.count, by: Self.pieceSize) {
            try monitor.checkpoint("after \(first) of \(texts.count) texts")
            let piece = Array(texts[first..<min(first + Self.pieceSize, texts.count)])
            scalars += try encoder.states(for: piece, threads: threads) { done in
                monitor.progress("embed", first + done, of: texts.count)
            }.scalars
        }
        let values = Tensor(shape: [texts.count, encoder.width], scalars: scalars)
        return States(ids: ids, values: values, provenance: provenance, key: key(ids: ids, texts: texts))
    }

    /// The states of `texts` from `cache`, which holds one file a model and its settings, a row a text. What is not
    /// there yet is made and kept: a text has the same bits alone and among others, so it doesn't matter when.
    func cachedStates(texts: [String], cache: URL, threads: Threads, monitor: Monitor) throws -> Tensor {
        let file = cache.appendingPathComponent("states-\(settingsKey.prefix(32)).h5")
        // Another study would write the file without what this one adds.
        try Durable.makeFolder(cache)
        let lock = FolderLock(cache)
        try lock.acquire(waiting: true)
        defer { withExtendedLifetime(lock) {} }
        let digests = texts.map { SHA256.hex(of: $0.utf8) }
        var kept = cached(in: file, monitor: monitor)
        var rows = Dictionary(uniqueKeysWithValues: zip(kept.ids, kept.ids.indices))
        var missing: [(digest: String, text: String)] = []
        for (digest, text) in zip(digests, texts) where rows[digest] == nil {
            rows[digest] = kept.ids.count + missing.count
            missing.append((digest, text))
        }
        if !missing.isEmpty {
            let made = try states(
                ids: missing.map(\.digest), texts: missing.map(\.text), threads: threads, monitor: monitor)
            kept.ids += made.ids
            kept.values = Tensor(
                shape: [kept.ids.count, encoder.width], scalars: kept.values.scalars + made.values.scalars)
            try kept.write(to: file)
        }
        return kept.values.rows(at: digests.compactMap { rows[$0] })
    }

    private func cached(in file: URL, monitor: Monitor) -> States {
        let empty = States(
            ids: [], values: Tensor(zeros: [0, encoder.width]), provenance: provenance, key: settingsKey)
        guard FileManager.default.fileExists(atPath: file.path) else { return empty }
        do {
            let states = try States(reading: file)
            if states.key == settingsKey, Set(states.ids).count == states.ids.count { return states }
        } catch {
            monitor.note("\(file.path) cannot be read (\(error)); embedding again")
        }
        return empty
    }
}

extension EmbedSettings {
    /// The levels that are read, the recipe's or what suits the model.
    func levels(of directory: ModelDirectory) -> Levels {
        layers ?? ((readout ?? directory.readout) == .mean ? .spread : .last)
    }

    /// The same as numbers, without a look at the weights; `nil` where the model's folder does not say how many layers it has.
    func levelNumbers(of model: URL) -> [Int]? {
        struct Depth: Decodable {
            var layers: Int

            private enum CodingKeys: String, CodingKey { case layers = "num_hidden_layers" }
        }
        if case .numbers(let numbers) = layers { return numbers }
        guard let directory = try? ModelDirectory(reading: model),
            let data = try? readFile(model.appendingPathComponent("config.json")),
            let depth = try? JSONDecoder().decode(Depth.self, from: data)
        else { return nil }
        return levels(of: directory).numbers(layers: depth.layers)
    }
}

/// `baton embed --input`: any number of texts, from JSON lines to one file of states, in bounded memory.
public struct TextEmbedding: Sendable {
    /// Texts and bytes of text held at once. A text has the same bits wherever the cut falls.
    private static let pieceSize = 8192, pieceBytes = 16 << 20

    private struct Line: Decodable {
        struct Message: Decodable { var role: String?, content: String? }
        var id: String
        var text: String?
        var prompt: String?
        var messages: [Message]?

        /// A text's own field, a recorded task's prompt, or a task's last user message.
        var content: String? { text ?? prompt ?? messages?.last { $0.role == "user" }?.content }
    }

    let embedding: Embedding
    let threads: Threads
    let monitor: Monitor

    /// Texts go in as they are, with the tokenizer's own special tokens.
    public init(embedding: Embedding, threads: Threads, monitor: Monitor) {
        self.embedding = embedding
        self.threads = threads
        self.monitor = monitor
    }

    /// Embeds each line of `input`, `{"id": …, "text": …}` or a task, into `output`. Returns how many.
    public func embed(_ input: URL, into output: URL) throws -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: input.resolvingSymlinksInPath().path)
        if let type = attributes?[.type] as? FileAttributeType, type != .typeRegular {
            throw InputError(input.path, "is not a regular file; texts are read twice, so give a file")
        }
        let total = try count(input)
        try Durable.replace(output) { beside in
            let archive = try HDF5File(creating: beside.path)
            let digest = try fill(archive, from: input, total: total)
            let key = StageKey(["texts", embedding.key(ids: [], texts: []), digest]).hex
            try embedding.provenance.write(to: archive, key: key)
            try archive.close()
        }
        return total
    }

    /// Appends the states of every line, a piece at a time, and returns the digest of the lines.
    private func fill(_ archive: borrowing HDF5File, from input: URL, total: Int) throws -> String {
        var digest = SHA256()
        try archive.createRows(of: Float.self, columns: embedding.encoder.width, at: "states")
        try archive.createStringRows(at: "ids")
        var ids: [String] = [], texts: [String] = [], bytes = 0, done = 0
        try JSONLines.forEach(in: input) { data, number in
            let line = try Self.decode(data, at: "\(input.path):\(number)")
            ids.append(line.id)
            texts.append(line.text)
            bytes += line.text.utf8.count
            data.withUnsafeBytes { digest.update($0) }
            let isFull = texts.count == Self.pieceSize || bytes >= Self.pieceBytes
            guard isFull || done + texts.count == total else { return }
            let before = done
            let states = try embedding.encoder.states(for: texts, threads: threads) { finished in
                monitor.progress("embed", before + finished, of: total)
            }
            try archive.appendRows(states.scalars, to: "states")
            try archive.appendRows(ids, to: "ids")
            done += texts.count
            (ids, texts, bytes) = ([], [], 0)
            try monitor.checkpoint("after \(done) of \(total) texts")
        }
        guard done == total else { throw InputError(input.path, "changed while it was read; give the same command again") }
        return digest.hex()
    }

    /// The number of lines, each looked at. Of an id eight bytes are kept; those of which there seem to be two are read again.
    private func count(_ input: URL) throws -> Int {
        var hashes: [Int] = [], seen: Set<String> = []
        try JSONLines.forEach(in: input) { data, number in
            hashes.append(try Self.decode(data, at: "\(input.path):\(number)").id.hashValue)
        }
        guard !hashes.isEmpty else { throw InputError(input.path, "holds no text") }
        hashes.sort()
        let repeated = Set(zip(hashes, hashes.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
        guard !repeated.isEmpty else { return hashes.count }
        try JSONLines.forEach(in: input) { data, number in
            let place = "\(input.path):\(number)", id = try Self.decode(data, at: place).id
            guard !repeated.contains(id.hashValue) || seen.insert(id).inserted else {
                throw InputError(place, "duplicate id \"\(id)\"")
            }
        }
        return hashes.count
    }

    private static func decode(_ data: Data, at place: String) throws -> (id: String, text: String) {
        let line: Line
        do { line = try JSONDecoder().decode(Line.self, from: data) } catch let error as DecodingError {
            throw InputError(place, "\(error.oneLine); expected {\"id\": …, \"text\": …} or a task")
        }
        guard !line.id.utf8.contains(0) else { throw InputError(place, "an id must not hold a zero byte") }
        guard let text = line.content else {
            throw InputError(place, "id \"\(line.id)\" has no text; expected {\"id\": …, \"text\": …} or a task")
        }
        return (line.id, text)
    }
}
