extension TokenizerFile {
    /// The tokenizer of a file of GPT-2's kind: byte-level, with merges.
    func bytePairEncoding(_ model: JSONBytes) throws(TokenizerError) -> BytePairEncoding {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] as [StaticString] {
            guard model[key]?.text ?? "" == "" else { throw TokenizerError("\"\(key)\" in \"model\" is not supported") }
        }
        // Dropout is a number, absent or null where nothing is dropped.
        guard model["dropout"] == nil || model["dropout"]?.integer == 0 else {
            throw TokenizerError("\"dropout\" in \"model\" is for training; remove it")
        }
        let composes = try composes()
        let words = try wordRule()
        let vocabulary = try Self.vocabulary(model)
        let merges = try Self.merges(model, vocabulary)
        let added = try addedTokens { written in
            var content: [UInt8] = []
            let isComposed = composes && written.withUnsafeBufferPointer { Composition.compose($0, into: &content) }
            return isComposed ? content : written
        }
        var addedContents: [Int32: [UInt8]] = [:]
        for token in added {
            addedContents[token.id] = token.written.withUnsafeBufferPointer {
                var bytes: [UInt8] = []
                ByteAlphabet.appendBytes(of: $0, to: &bytes)
                return bytes
            }
        }
        let contents = try TokenContents(vocabulary, added: addedContents)
        let frame = try frame()
        try check(frame, isToken: contents.contains)
        let highest = Self.highest(vocabulary, added)
        return BytePairEncoding(
            vocabularySize: Int(highest.id) + 1, highestToken: highest.name, prefix: frame.prefix.map(\.id),
            suffix: frame.suffix.map(\.id), composes: composes, addsBlank: words.addsBlank, rule: words.rule,
            rawTokens: AddedTokens(added.filter { !$0.isNormalized }.map(\.token)),
            normalizedTokens: AddedTokens(added.filter(\.isNormalized).map(\.token)), merges: merges,
            symbols: Self.symbols(vocabulary, fallsBack: model["byte_fallback"]?.flag ?? false),
            unknown: try Self.unknown(model, vocabulary), fusesUnknown: model["fuse_unk"]?.flag ?? false,
            wholeWords: model["ignore_merges"]?.flag ?? false ? vocabulary : nil, contents: contents)
    }

    private func composes() throws(TokenizerError) -> Bool {
        guard let part = root["normalizer"] else { return false }
        try Self.expect(part, "normalizer", type: "NFC")
        return true
    }

    /// The split rule, by `pre_tokenizer`: ByteLevel alone, or a published pattern and ByteLevel behind it.
    private func wordRule() throws(TokenizerError) -> (rule: SplitRule, addsBlank: Bool) {
        guard let part = root["pre_tokenizer"] else { throw TokenizerError("no \"pre_tokenizer\"; expected ByteLevel") }
        let parts = part["type"]?.text == "Sequence" ? part["pretokenizers"]?.items ?? [] : [part]
        guard let last = parts.last else { throw TokenizerError("\"pre_tokenizer\" is an empty sequence; expected ByteLevel") }
        try Self.expect(last, "pre_tokenizer", type: "ByteLevel")
        let usesPattern = last["use_regex"]?.flag ?? true, addsBlank = last["add_prefix_space"]?.flag ?? true
        if parts.count == 1 { return (usesPattern ? .gpt2 : .whole, addsBlank) }
        guard parts.count == 2 else {
            throw TokenizerError("\"pre_tokenizer\" has \(parts.count) parts; Split and ByteLevel are supported")
        }
        try Self.expect(parts[0], "pre_tokenizer", type: "Split")
        guard !usesPattern, !addsBlank else {
            throw TokenizerError(
                "\"pre_tokenizer\": ByteLevel behind Split is supported without use_regex and add_prefix_space")
        }
        let behaviour = parts[0]["behavior"]?.text ?? "nothing"
        guard behaviour == "Isolated", parts[0]["invert"]?.flag != true else {
            throw TokenizerError(
                "\"pre_tokenizer\": Split with behavior \"\(behaviour)\"; only \"Isolated\", not inverted, is supported")
        }
        guard let pattern = parts[0]["pattern"]?["Regex"]?.text else {
            throw TokenizerError("\"pre_tokenizer\": Split without a \"Regex\"")
        }
        guard let rule = SplitRule(pattern: pattern) else {
            throw TokenizerError(
                "\"pre_tokenizer\" splits by \(Self.excerpt(pattern)); the patterns of GPT-2, Qwen2 and Llama-3 are supported")
        }
        return (rule, false)
    }

    /// A text for a message: on one line, not longer than such.
    private static func excerpt(_ text: String) -> String {
        let scalars = text.unicodeScalars
        return (String(scalars.prefix(200)) + (scalars.count > 200 ? "…" : "")).debugDescription
    }

    private static func vocabulary(_ model: JSONBytes) throws(TokenizerError) -> PieceTable {
        guard let entries = model["vocab"], entries.isObject, case let count = entries.count, count > 0 else {
            throw TokenizerError("no \"vocab\" in \"model\"")
        }
        var table = PieceTable(capacity: count), problem: TokenizerError?
        entries.forEachPair { token, value in
            guard problem == nil else { return }
            do throws(TokenizerError) {
                let id = try id(value, of: String(decoding: token, as: UTF8.self), in: "vocab")
                if !table.insert(token, id: id) { throw PieceTable.twice(token) }
            } catch { problem = error }
        }
        if let problem { throw problem }
        return table
    }

    /// The merges in order: `"a b"`, or `["a", "b"]` as newer files have them.
    private static func merges(_ model: JSONBytes, _ vocabulary: PieceTable) throws(TokenizerError) -> Merges {
        guard let list = model["merges"], list.isArray else { throw TokenizerError("no list \"merges\" in \"model\"") }
        // What merges make stands in their order in most vocabularies.
        var merges = Merges(capacity: list.count), rank: UInt32 = 0, joined: [UInt8] = [], next = 0
        try list.forEachItem { item throws(TokenizerError) in
            joined.removeAll(keepingCapacity: true)
            var middle: Int?
            if item.withString({ appendParts(of: $0, to: &joined, &middle) }) == nil {
                var count = 0
                item.forEachItem { part in
                    if count == 1 { middle = joined.count }
                    count = part.withString({ joined.append(contentsOf: $0) }) == nil ? 3 : count + 1
                }
                if count != 2 { middle = nil }
            }
            guard let middle, middle > 0, middle < joined.count else {
                throw TokenizerError("merge \(rank) (from 0) is no pair of tokens")
            }
            func index(_ range: Range<Int>) throws(TokenizerError) -> Int {
                let index = joined.withUnsafeBufferPointer {
                    vocabulary.index(of: UnsafeBufferPointer(rebasing: $0[range]), guess: next)
                }
                guard let index else {
                    throw TokenizerError(
                        "merge \(rank) (from 0) has \"\(String(decoding: joined[range], as: UTF8.self))\", which is not in \"vocab\""
                    )
                }
                return index
            }
            let whole = try index(0..<joined.count), ids = vocabulary.ids
            next = whole + 1
            merges.insert(
                ids[try index(0..<middle)], ids[try index(middle..<joined.count)], Merges.Rule(rank: rank, id: ids[whole]))
            rank += 1
        }
        return merges
    }

    /// Both halves of `"a b"`, and where the second begins; nil where there is not just one blank.
    private static func appendParts(of merge: UnsafeBufferPointer<UInt8>, to joined: inout [UInt8], _ middle: inout Int?) {
        guard let blank = merge.firstIndex(of: 0x20), !merge[(blank + 1)...].contains(0x20) else { return }
        joined.append(contentsOf: merge[..<blank])
        joined.append(contentsOf: merge[(blank + 1)...])
        middle = blank
    }

    /// The tokens of each byte.
    private static func symbols(_ vocabulary: PieceTable, fallsBack: Bool) -> [[Int32]] {
        func id(_ token: [UInt8]) -> Int32? { token.withUnsafeBufferPointer { vocabulary.id(of: $0) } }
        return ByteAlphabet.characters.map { character in
            if let id = id(character) { return [id] }
            guard fallsBack else { return [] }
            // The reference falls back on the bytes of the alphabet's character.
            let bytes = character.compactMap { byte in
                let digits = String(byte, radix: 16, uppercase: true)
                return id(Array("<0x\(digits.count == 1 ? "0" : "")\(digits)>".utf8))
            }
            return bytes.count == character.count ? bytes : []
        }
    }

    private static func unknown(_ model: JSONBytes, _ vocabulary: PieceTable) throws(TokenizerError) -> Int32? {
        guard let name = model["unk_token"]?.bytes else { return nil }
        guard let id = name.withUnsafeBufferPointer({ vocabulary.id(of: $0) }) else {
            throw TokenizerError("the unknown token \"\(String(decoding: name, as: UTF8.self))\" is not in \"vocab\"")
        }
        return id
    }

    private static func highest(_ vocabulary: PieceTable, _ added: [AddedToken]) -> (id: Int32, name: String) {
        var index = 0
        for other in vocabulary.ids.indices where vocabulary.ids[other] > vocabulary.ids[index] { index = other }
        let name = vocabulary.withPiece(index) { String(decoding: $0, as: UTF8.self) }
        guard let last = added.max(by: { $0.id < $1.id }), last.id >= vocabulary.ids[index] else {
            return (vocabulary.ids[index], name)
        }
        return (last.id, String(decoding: last.written, as: UTF8.self))
    }
}
