/// Byte-level byte-pair encoding (Sennrich et al. 2016; GPT-2), read from a `tokenizer.json`: words by a published
/// split rule, and of each word's bytes the learned merges in their order. Ids are those of the reference library
/// `tokenizers` for every text.
public struct BytePairEncoding: Tokenizer {
    public let vocabularySize: Int
    public let highestToken: String
    public let prefix: [Int32]
    public let suffix: [Int32]

    /// Whether texts are composed first (NFC).
    let composes: Bool
    /// Whether a blank goes before a text that begins with none.
    let addsBlank: Bool
    let rule: SplitRule
    let rawTokens: AddedTokens
    let normalizedTokens: AddedTokens
    let merges: Merges
    /// The tokens of each byte: one, several with byte fallback, none where the vocabulary lacks it.
    let symbols: [[Int32]]
    /// What stands for a byte without token, once for neighbours where `fusesUnknown`.
    let unknown: Int32?
    let fusesUnknown: Bool
    /// Words that are tokens as they are, whatever the merges say; in the byte alphabet.
    let wholeWords: PieceTable?
    let contents: TokenContents
    let caches = WordCaches()
}

extension BytePairEncoding {
    public func ids(of text: String, atMost limit: Int) -> [Int32] {
        guard limit > 0 else { return [] }
        var text = text
        return text.withUTF8 { bytes in
            var ids: [Int32] = []
            ids.reserveCapacity(min(limit, bytes.count / 3 + 8))
            caches.withCache { cache in
                rawTokens.split(bytes) { stretch, id in
                    if let id { ids.append(id) } else { self.stretch(stretch, atMost: limit, cache, into: &ids) }
                    return ids.count < limit
                }
            }
            return ids.count > limit ? Array(ids[..<limit]) : ids
        }
    }

    /// The ids of text between added tokens, at least `limit` in all where it has so many.
    private func stretch(
        _ text: UnsafeBufferPointer<UInt8>, atMost limit: Int, _ cache: WordCache, into ids: inout [Int32]
    ) {
        var composed: [UInt8] = []
        guard composes, Composition.compose(text, into: &composed) else {
            return normalized(text, atMost: limit, cache, into: &ids)
        }
        composed.withUnsafeBufferPointer { normalized($0, atMost: limit, cache, into: &ids) }
    }

    private func normalized(
        _ text: UnsafeBufferPointer<UInt8>, atMost limit: Int, _ cache: WordCache, into ids: inout [Int32]
    ) {
        if normalizedTokens.isEmpty { return words(of: text, atMost: limit, cache, into: &ids) }
        normalizedTokens.split(text) { stretch, id in
            if let id { ids.append(id) } else { words(of: stretch, atMost: limit, cache, into: &ids) }
            return ids.count < limit
        }
    }

    private func words(
        of text: UnsafeBufferPointer<UInt8>, atMost limit: Int, _ cache: WordCache, into ids: inout [Int32]
    ) {
        if addsBlank, let first = text.first, first != 0x20 {
            return ([0x20] + Array(text)).withUnsafeBufferPointer { scan($0, atMost: limit, cache, into: &ids) }
        }
        scan(text, atMost: limit, cache, into: &ids)
    }

    private func scan(
        _ text: UnsafeBufferPointer<UInt8>, atMost limit: Int, _ cache: WordCache, into ids: inout [Int32]
    ) {
        rule.forEachWord(of: text) { start, end in
            if let key = WordCache.Key(text, start, end) {
                if !cache.append(key, to: &ids) {
                    let before = ids.count
                    word(UnsafeBufferPointer(rebasing: text[start..<end]), into: &ids)
                    cache.insert(key, ids[before...])
                }
            } else {
                word(UnsafeBufferPointer(rebasing: text[start..<end]), into: &ids)
            }
            return ids.count < limit
        }
    }

    /// The ids of one word.
    private func word(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        if let wholeWords {
            var written: [UInt8] = []
            for byte in word { written.append(contentsOf: ByteAlphabet.characters[Int(byte)]) }
            if let id = written.withUnsafeBufferPointer({ wholeWords.id(of: $0) }) { return ids.append(id) }
        }
        var pieces: [Int32] = [], endsUnknown = false
        pieces.reserveCapacity(word.count)
        for byte in word {
            let known = symbols[Int(byte)]
            if !known.isEmpty {
                pieces.append(contentsOf: known)
                endsUnknown = false
            } else if let unknown {
                if !(fusesUnknown && endsUnknown) { pieces.append(unknown) }
                endsUnknown = true
            }
        }
        merges.apply(to: &pieces, into: &ids)
    }

    public func decode(_ tokens: [Int32]) -> String {
        var bytes: [UInt8] = []
        for token in tokens { contents.append(token, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The bytes that each token stands for, by its id.
struct TokenContents: Sendable {
    /// Ascending.
    private let ids: [Int32]
    /// Where the bytes of the token begin whose id has the same index; one more at the end.
    private let starts: [UInt32]
    private let bytes: [UInt8]
    /// Tokens that were added, over those of the vocabulary.
    private let added: [Int32: [UInt8]]

    /// Throws where two tokens have one id.
    init(_ vocabulary: PieceTable, added: [Int32: [UInt8]]) throws(TokenizerError) {
        let unordered = vocabulary.ids
        let isOrdered = zip(unordered, unordered.dropFirst()).allSatisfy { $0 < $1 }
        let order = isOrdered ? Array(unordered.indices) : unordered.indices.sorted { unordered[$0] < unordered[$1] }
        var ids: [Int32] = [], starts: [UInt32] = [0], bytes: [UInt8] = []
        ids.reserveCapacity(order.count)
        starts.reserveCapacity(order.count + 1)
        for index in order {
            if unordered[index] == ids.last { throw TokenizerError("two tokens of \"vocab\" have the id \(unordered[index])") }
            ids.append(unordered[index])
            vocabulary.withPiece(index) { ByteAlphabet.appendBytes(of: $0, to: &bytes) }
            starts.append(UInt32(bytes.count))
        }
        (self.ids, self.starts, self.bytes, self.added) = (ids, starts, bytes, added)
    }

    func contains(_ id: Int32) -> Bool { added[id] != nil || index(of: id) != nil }

    func append(_ id: Int32, to output: inout [UInt8]) {
        if let content = added[id] {
            output.append(contentsOf: content)
        } else if let index = index(of: id) {
            output.append(contentsOf: bytes[Int(starts[index])..<Int(starts[index + 1])])
        }
    }

    private func index(of id: Int32) -> Int? {
        var low = 0, high = ids.count
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < ids.count && ids[low] == id ? low : nil
    }
}
