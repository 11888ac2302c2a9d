/// BERT's tokenizer (Devlin et al. 2018), read from a `tokenizer.json`: clean-up, words, and of each word the longest
/// known pieces from left to right. Ids are those of the reference library `tokenizers`, except for scalars whose
/// Unicode category is another in Swift's tables than in that library's older ones: some 650 of 1.1 million, rare
/// punctuation and marks.
public struct WordPiece: Tokenizer {
    public let vocabularySize: Int
    public let highestToken: String
    public let prefix: [Int32]
    public let suffix: [Int32]

    let normalizer: BertNormalizer
    let rawTokens: AddedTokens
    let normalizedTokens: AddedTokens
    let beginnings: PieceTable
    let continuations: PieceTable
    let unknown: Int32
    let longestWord: Int
    /// Contents by id, for `decode`.
    let contents: [Int32: [UInt8]]
    let continuingPrefix: [UInt8]
    let cleansUp: Bool
}

extension WordPiece {
    /// Pieces are joined, with a blank between words, none before punctuation where the file asks for that.
    public func decode(_ tokens: [Int32]) -> String {
        var text = ""
        for (index, content) in tokens.compactMap({ contents[$0] }).enumerated() {
            var piece: String
            if index > 0, content.starts(with: continuingPrefix) {
                piece = String(decoding: content.dropFirst(continuingPrefix.count), as: UTF8.self)
            } else {
                piece = (index > 0 ? " " : "") + String(decoding: content, as: UTF8.self)
            }
            if cleansUp, let tight = Self.tight[piece] { piece = tight }
            text += piece
        }
        return text
    }

    private static let tight = [
        " .": ".", " ?": "?", " !": "!", " ,": ",", " n't": "n't", " 'm": "'m", " 's": "'s", " 've": "'ve", " 're": "'re",
    ]

    public func ids(of text: String, atMost limit: Int) -> [Int32] {
        guard limit > 0 else { return [] }
        var text = text
        return text.withUTF8 { bytes in
            var ids: [Int32] = []
            ids.reserveCapacity(min(limit, bytes.count / 3))
            rawTokens.split(bytes) { stretch, id in
                if let id { ids.append(id) } else { self.stretch(stretch, atMost: limit, into: &ids) }
                return ids.count < limit
            }
            return ids.count > limit ? Array(ids[..<limit]) : ids
        }
    }

    // Bytes of text that are normalised at a time: more than most texts have, less than a cut text should cost.
    private static let pieceSize = 4096

    /// The ids of text between added tokens, at least `limit` in all where it has so many. Words that were added after
    /// normalisation are looked for in the whole, so that such a tokenizer normalises it whole.
    private func stretch(_ text: UnsafeBufferPointer<UInt8>, atMost limit: Int, into ids: inout [Int32]) {
        var at = 0, normalized: [UInt8] = []
        let size = normalizedTokens.isEmpty ? Self.pieceSize : text.count
        while at < text.count, ids.count < limit {
            normalized.removeAll(keepingCapacity: true)
            at = normalizer.normalize(text, from: at, atLeast: size, into: &normalized)
            normalized.withUnsafeBufferPointer { bytes in
                normalizedTokens.split(bytes) { stretch, id in
                    if let id { ids.append(id) } else { words(of: stretch, into: &ids) }
                    return ids.count < limit
                }
            }
        }
    }

    /// Splits at blanks, which go, and around each punctuation character, which stays (BertPreTokenizer).
    private func words(of text: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        var start = 0, at = 0
        while at < text.count {
            let (scalar, end) = text.scalar(at: at)
            let kind = scalar.isASCII ? Self.asciiKinds[Int(scalar.value)] : Self.kind(of: scalar)
            if kind == .letter {
                at = end
                continue
            }
            if start < at { word(UnsafeBufferPointer(rebasing: text[start..<at]), into: &ids) }
            if kind == .punctuation { word(UnsafeBufferPointer(rebasing: text[at..<end]), into: &ids) }
            at = end
            start = at
        }
        if start < text.count { word(UnsafeBufferPointer(rebasing: text[start...]), into: &ids) }
    }

    private enum Kind { case letter, blank, punctuation }

    private static let asciiKinds: [Kind] = (0..<128).map { value in
        switch UInt8(value) {
        case 0x09...0x0d, 0x20: .blank
        case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: .punctuation
        default: .letter
        }
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return .punctuation
        default: return scalar.properties.isWhitespace ? .blank : .letter
        }
    }

    /// The longest known piece from the left, again and again; a word with a remainder that no piece begins is unknown.
    private func word(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
        guard word.count <= longestWord || word.count(where: { $0 & 0xc0 != 0x80 }) <= longestWord else {
            return ids.append(unknown)
        }
        let before = ids.count
        var start = 0
        while start < word.count {
            guard let (id, end) = longestPiece(of: word, from: start) else {
                ids.removeSubrange(before...)
                return ids.append(unknown)
            }
            ids.append(id)
            start = end
        }
    }

    private func longestPiece(of word: UnsafeBufferPointer<UInt8>, from start: Int) -> (id: Int32, end: Int)? {
        let size = min(word.count - start, start == 0 ? beginnings.longest : continuations.longest)
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: size + 1) { hashes in
            hashes[0] = PieceTable.emptyHash
            for index in 0..<size { hashes[index + 1] = PieceTable.hash(hashes[index], adding: word[start + index]) }
            for length in stride(from: size, to: 0, by: -1) {
                // A piece ends where a scalar ends.
                if start + length < word.count, word[start + length] & 0xc0 == 0x80 { continue }
                let piece = UnsafeBufferPointer(rebasing: word[start..<start + length])
                let id =
                    start == 0
                    ? beginnings.id(of: piece, hash: hashes[length]) : continuations.id(of: piece, hash: hashes[length])
                if let id { return (id, start + length) }
            }
            return nil
        }
    }
}
