extension TokenizerFile {
    /// The tokenizer of a file of BERT's kind.
    func wordPiece(_ model: JSONBytes) throws(TokenizerError) -> WordPiece {
        guard let pairs = model["vocab"]?.pairs, !pairs.isEmpty else { throw TokenizerError("no \"vocab\" in \"model\"") }
        var vocabulary: [(bytes: ArraySlice<UInt8>, id: Int32)] = []
        for (key, value) in pairs {
            vocabulary.append((key[...], try Self.id(value, of: String(decoding: key, as: UTF8.self), in: "vocab")))
        }
        let continuing = model["continuing_subword_prefix"]?.bytes ?? Array("##".utf8)
        let unknownName = model["unk_token"]?.text ?? "[UNK]"
        guard let unknown = vocabulary.first(where: { $0.bytes.elementsEqual(unknownName.utf8) })?.id else {
            throw TokenizerError("the unknown token \"\(unknownName)\" is not in \"vocab\"")
        }
        let normalizer = try bertNormalizer()
        guard let words = root["pre_tokenizer"] else { throw TokenizerError("no \"pre_tokenizer\"; expected BertPreTokenizer") }
        try Self.expect(words, "pre_tokenizer", type: "BertPreTokenizer")
        let added = try addedTokens { written in
            var content: [UInt8] = []
            written.withUnsafeBufferPointer { normalizer.normalize($0, into: &content) }
            return content
        }
        var contents: [Int32: [UInt8]] = [:]
        for (bytes, id) in vocabulary { contents[id] = Array(bytes) }
        for token in added { contents[token.id] = token.written }
        let frame = try frame()
        try check(frame) { contents[$0] != nil }
        let highest = contents.max { $0.key < $1.key }
        return WordPiece(
            vocabularySize: Int(highest?.key ?? 0) + 1, highestToken: String(decoding: highest?.value ?? [], as: UTF8.self),
            prefix: frame.prefix.map(\.id), suffix: frame.suffix.map(\.id), normalizer: normalizer,
            rawTokens: AddedTokens(added.filter { !$0.isNormalized }.map(\.token)),
            normalizedTokens: AddedTokens(added.filter(\.isNormalized).map(\.token)),
            beginnings: try PieceTable(vocabulary),
            continuations: try PieceTable(
                vocabulary.filter { $0.bytes.starts(with: continuing) }.map { ($0.bytes.dropFirst(continuing.count), $0.id) }),
            unknown: unknown, longestWord: model["max_input_chars_per_word"]?.integer ?? 100, contents: contents,
            continuingPrefix: root["decoder"]?["prefix"]?.bytes ?? continuing,
            cleansUp: root["decoder"]?["cleanup"]?.flag ?? true)
    }

    private func bertNormalizer() throws(TokenizerError) -> BertNormalizer {
        guard let part = root["normalizer"] else { throw TokenizerError("no \"normalizer\"; expected BertNormalizer") }
        try Self.expect(part, "normalizer", type: "BertNormalizer")
        let lowercases = part["lowercase"]?.flag ?? true
        return BertNormalizer(
            cleansText: part["clean_text"]?.flag ?? true, separatesChinese: part["handle_chinese_chars"]?.flag ?? true,
            stripsAccents: part["strip_accents"]?.flag ?? lowercases, lowercases: lowercases)
    }
}
