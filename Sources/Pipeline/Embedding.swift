import Backbones
import Files
public import Foundation
import HDF5
import Tensors
import Tokenizers

/// A model with every setting of its hidden states decided.
public struct Embedding: Sendable {
    let encoder: Encoder
    /// Digests of the files that decide on tokens and on the pass, beside the weights.
    private let definition: [String]
    public let provenance: States.Provenance

    /// Size of a state.
    public var width: Int { encoder.width }

    /// Opens the model in `folder`; what `settings` leave open is what the folder says. `ofTexts`: what is read is texts by
    /// themselves, not tasks.
    ///
    /// Throws one line about the first file of the model that is missing, damaged or not supported.
    public init(model folder: URL, settings: EmbedSettings, ofTexts: Bool = false) throws {
        let directory = try ModelDirectory(reading: folder)
        encoder = try Encoder(
            directory, prompt: settings.prompt, system: settings.system, truncation: settings.cut, readout: settings.readout,
            levels: settings.levels(of: directory), normalizes: settings.normalize, maxTokens: settings.maxTokens,
            precision: settings.precision)
        let prompt = encoder.reader.prompt
        let files = ["config.json", "tokenizer.json"] + (prompt == .chat ? ChatTemplate.files(of: folder) : [])
        definition = try files.map { try SHA256.hex(ofFile: folder.appendingPathComponent($0)) }
        provenance = States.Provenance(
            model: folder.standardizedFileURL.lastPathComponent, modelSHA256: try directory.weightsSHA256(),
            prompt: ofTexts && prompt == .lastUser ? "text" : prompt.rawValue, system: settings.system,
            readout: encoder.readout.rawValue, layers: encoder.levels, normalize: encoder.normalizes,
            precision: settings.precision.rawValue, maxTokens: encoder.maxTokens, cut: settings.cut.rawValue)
    }

    /// Digest of everything that a state depends on besides its text. Settings that came later are a part of it where they
    /// say something, so that older states stay what they are.
    private var settingsKey: String {
        let later = [
            provenance.system.map { "system \($0)" }, encoder.reader.truncation == .tail ? nil : "cut \(provenance.cut)",
        ]
        return StageKey(
            [
                "states 2", provenance.modelSHA256, provenance.prompt, provenance.readout, "\(provenance.layers)",
                "\(provenance.normalize)",
                arithmetic, "\(provenance.maxTokens)",
            ] + definition + later.compactMap(\.self)
        ).hex
    }

    /// The precision; where its arithmetic has changed, which one it is, so that no state made before is taken for one of now.
    private var arithmetic: String { provenance.precision == "int8" ? "int8 2" : provenance.precision }

    /// Digest of everything that the states of these requests depend on.
    func key(ids: [String], requests: [Conversation]) -> String {
        StageKey([settingsKey] + ids + requests.map(identity)).hex
    }

    private func identity(of request: Conversation) -> String {
        encoder.reader.prompt == .lastUser ? request.lastUserText : request.identity
    }

    /// Texts between two looks at the monitor. A text has the same bits alone and among others, so any cut will do.
    private static let pieceSize = 1024

    /// The states of `requests`, `[requests, width]`, with progress. Throws ``Interrupted`` once the monitor stops.
    func states(ids: [String], requests: [Conversation], threads: Threads, monitor: Monitor) throws -> States {
        var scalars: [Float] = [], cuts = Cuts()
        for first in stride(from: 0, to: requests.count, by: Self.pieceSize) {
            try monitor.checkpoint("after \(first) of \(requests.count) texts")
            let piece = first..<min(first + Self.pieceSize, requests.count)
            let tokens = try encoder.reader.tokens(of: Array(requests[piece]), threads: threads)
            cuts.add(tokens, ids: Array(ids[piece]))
            scalars += try encoder.states(of: tokens, threads: threads) { done in
                monitor.progress("embed", first + done, of: requests.count)
            }.scalars
        }
        let values = Tensor(shape: [requests.count, encoder.width], scalars: scalars)
        return States(ids: ids, values: values, provenance: provenance, key: key(ids: ids, requests: requests), cuts: cuts)
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
                ids: missing.map(\.digest), requests: missing.map { Conversation(text: $0.text) }, threads: threads,
                monitor: monitor)
            kept.ids += made.ids
            kept.values = Tensor(
                shape: [kept.ids.count, encoder.width], scalars: kept.values.scalars + made.values.scalars)
            try kept.write(to: file)
            if made.cuts.count > 0 {
                monitor.note(
                    "\(made.cuts.count) of \(missing.count) texts were cut to \(provenance.maxTokens) tokens at the \(provenance.cut)"
                )
            }
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
