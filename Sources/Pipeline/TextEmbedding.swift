import Backbones
import Files
public import Foundation
import HDF5
public import Tensors
import Tokenizers

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

        /// A text's own field, a recorded task's prompt, or a task's messages; nil where there is nothing of the user.
        var request: Conversation? {
            if let text = text ?? prompt { return Conversation(text: text) }
            let turns = (messages ?? []).map { Conversation.Turn(role: $0.role ?? "", content: $0.content ?? "") }
            return messages?.last { $0.role == "user" }?.content == nil ? nil : Conversation(turns: turns)
        }
    }

    let embedding: Embedding
    let threads: Threads
    let monitor: Monitor

    /// Texts go in as they are, with the tokenizer's own special tokens, unless the embedding has another prompt.
    public init(embedding: Embedding, threads: Threads, monitor: Monitor) {
        self.embedding = embedding
        self.threads = threads
        self.monitor = monitor
    }

    /// Embeds each line of `input`, `{"id": …, "text": …}` or a task, into `output`. Returns how many, and which were cut.
    public func embed(_ input: URL, into output: URL) throws -> (count: Int, cuts: Cuts) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: input.resolvingSymlinksInPath().path)
        if let type = attributes?[.type] as? FileAttributeType, type != .typeRegular {
            throw InputError(input.path, "is not a regular file; texts are read twice, so give a file")
        }
        let total = try count(input)
        var cuts = Cuts()
        try Durable.replace(output) { beside in
            let archive = try HDF5File(creating: beside.path)
            let filled = try fill(archive, from: input, total: total)
            let key = StageKey(["texts", embedding.key(ids: [], requests: []), filled.digest]).hex
            cuts = filled.cuts
            try embedding.provenance.write(to: archive, key: key, cuts: cuts)
            try archive.close()
        }
        return (total, cuts)
    }

    /// Appends the states of every line, a piece at a time, and returns the digest of the lines and what was cut.
    private func fill(_ archive: borrowing HDF5File, from input: URL, total: Int) throws -> (digest: String, cuts: Cuts) {
        var digest = SHA256(), cuts = Cuts()
        try archive.createRows(of: Float.self, columns: embedding.encoder.width, at: "states")
        try archive.createStringRows(at: "ids")
        var ids: [String] = [], requests: [Conversation] = [], bytes = 0, done = 0
        try JSONLines.forEach(in: input) { data, number in
            let line = try Self.decode(data, at: "\(input.path):\(number)")
            ids.append(line.id)
            requests.append(line.request)
            bytes += data.count
            data.withUnsafeBytes { digest.update($0) }
            let isFull = requests.count == Self.pieceSize || bytes >= Self.pieceBytes
            guard isFull || done + requests.count == total else { return }
            let before = done, tokens = try embedding.encoder.reader.tokens(of: requests, threads: threads)
            cuts.add(tokens, ids: ids)
            let states = try embedding.encoder.states(of: tokens, threads: threads) { finished in
                monitor.progress("embed", before + finished, of: total)
            }
            try archive.appendRows(states.scalars, to: "states")
            try archive.appendRows(ids, to: "ids")
            done += requests.count
            (ids, requests, bytes) = ([], [], 0)
            try monitor.checkpoint("after \(done) of \(total) texts")
        }
        guard done == total else { throw InputError(input.path, "changed while it was read; give the same command again") }
        return (digest.hex(), cuts)
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

    private static func decode(_ data: Data, at place: String) throws -> (id: String, request: Conversation) {
        let line: Line
        do { line = try JSONDecoder().decode(Line.self, from: data) } catch let error as DecodingError {
            throw InputError(place, "\(error.oneLine); expected {\"id\": …, \"text\": …} or a task")
        }
        guard !line.id.utf8.contains(0) else { throw InputError(place, "an id must not hold a zero byte") }
        guard let request = line.request else {
            throw InputError(place, "id \"\(line.id)\" has no text; expected {\"id\": …, \"text\": …} or a task")
        }
        return (line.id, request)
    }
}
