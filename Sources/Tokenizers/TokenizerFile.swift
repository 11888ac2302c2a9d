/// A `tokenizer.json`, checked for being BERT's kind.
struct TokenizerFile {
    private let root: JSONBytes

    init(_ root: JSONBytes) { self.root = root }

    func wordPiece() throws(TokenizerError) -> WordPiece {
        guard let model = root["model"] else { throw TokenizerError("no \"model\"; expected a WordPiece tokenizer") }
        try expect(model, "model", type: "WordPiece")
        guard let pairs = model["vocab"]?.pairs, !pairs.isEmpty else { throw TokenizerError("no \"vocab\" in \"model\"") }
        let vocabulary = try Self.vocabulary(pairs)
        let continuing = model["continuing_subword_prefix"]?.bytes ?? Array("##".utf8)
        let unknownName = model["unk_token"]?.text ?? "[UNK]"
        guard let unknown = vocabulary.first(where: { $0.bytes.elementsEqual(unknownName.utf8) })?.id else {
            throw TokenizerError("the unknown token \"\(unknownName)\" is not in \"vocab\"")
        }
        let normalizer = try normalizer()
        guard let words = root["pre_tokenizer"] else { throw TokenizerError("no \"pre_tokenizer\"; expected BertPreTokenizer") }
        try expect(words, "pre_tokenizer", type: "BertPreTokenizer")
        let added = try addedTokens(normalizer)
        let template = try template()
        var contents: [Int32: [UInt8]] = [:]
        for (bytes, id) in vocabulary { contents[id] = Array(bytes) }
        for token in added.all { contents[token.id] = token.written }
        for token in template.prefix + template.suffix where contents[token.id] == nil {
            throw TokenizerError("\"post_processor\" gives \"\(token.name)\" the id \(token.id), which no token has")
        }
        let highest = contents.max { $0.key < $1.key }
        return WordPiece(
            vocabularySize: Int(highest?.key ?? 0) + 1, highestToken: String(decoding: highest?.value ?? [], as: UTF8.self),
            normalizer: normalizer,
            rawTokens: AddedTokens(added.all.filter { !$0.isNormalized }.map(\.token)),
            normalizedTokens: AddedTokens(added.all.filter(\.isNormalized).map(\.token)),
            beginnings: try PieceTable(vocabulary),
            continuations: try PieceTable(
                vocabulary.filter { $0.bytes.starts(with: continuing) }.map { ($0.bytes.dropFirst(continuing.count), $0.id) }),
            unknown: unknown, longestWord: model["max_input_chars_per_word"]?.integer ?? 100, prefix: template.prefix.map(\.id),
            suffix: template.suffix.map(\.id), contents: contents,
            continuingPrefix: root["decoder"]?["prefix"]?.bytes ?? continuing,
            cleansUp: root["decoder"]?["cleanup"]?.flag ?? true)
    }

    private static func vocabulary(_ pairs: [(key: [UInt8], value: JSONBytes)]) throws(TokenizerError)
        -> [(bytes: ArraySlice<UInt8>, id: Int32)]
    {
        var vocabulary: [(bytes: ArraySlice<UInt8>, id: Int32)] = []
        vocabulary.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            vocabulary.append((key[...], try id(value, of: key, in: "vocab")))
        }
        return vocabulary
    }

    /// An id of a token; `place` says where it stands.
    private static func id(_ value: JSONBytes?, of token: [UInt8], in place: String) throws(TokenizerError) -> Int32 {
        guard let id = value?.integer.flatMap(Int32.init(exactly:)), (0..<Int32.max).contains(id) else {
            throw TokenizerError(
                "the id of \"\(String(decoding: token, as: UTF8.self))\" in \"\(place)\" is no whole number from 0 to 2147483646"
            )
        }
        return id
    }

    private func normalizer() throws(TokenizerError) -> BertNormalizer {
        guard let part = root["normalizer"] else { throw TokenizerError("no \"normalizer\"; expected BertNormalizer") }
        try expect(part, "normalizer", type: "BertNormalizer")
        let lowercases = part["lowercase"]?.flag ?? true
        return BertNormalizer(
            cleansText: part["clean_text"]?.flag ?? true, separatesChinese: part["handle_chinese_chars"]?.flag ?? true,
            stripsAccents: part["strip_accents"]?.flag ?? lowercases, lowercases: lowercases)
    }

    private struct Added {
        struct One {
            let id: Int32
            let written: [UInt8]
            let isNormalized: Bool
            let token: AddedTokens.Token
        }
        var all: [One] = []
    }

    private func addedTokens(_ normalizer: BertNormalizer) throws(TokenizerError) -> Added {
        var added = Added()
        for item in root["added_tokens"]?.items ?? [] {
            guard let written = item["content"]?.bytes else {
                throw TokenizerError("an entry of \"added_tokens\" has no content")
            }
            let id = try Self.id(item["id"], of: written, in: "added_tokens")
            let isNormalized = item["normalized"]?.flag ?? false
            var content = written
            if isNormalized {
                content = []
                written.withUnsafeBufferPointer { normalizer.normalize($0, into: &content) }
            }
            let token = AddedTokens.Token(
                id: id, content: content, isSingleWord: item["single_word"]?.flag ?? false,
                takesBlanksBefore: item["lstrip"]?.flag ?? false, takesBlanksBehind: item["rstrip"]?.flag ?? false)
            added.all.append(Added.One(id: id, written: written, isNormalized: isNormalized, token: token))
        }
        return added
    }

    private typealias Special = (name: String, id: Int32)

    /// The tokens around one text, from TemplateProcessing or the older BertProcessing; none without a post-processor.
    private func template() throws(TokenizerError) -> (prefix: [Special], suffix: [Special]) {
        guard let part = root["post_processor"] else { return ([], []) }
        if part["type"]?.text == "BertProcessing" {
            return ([try special(part["cls"], "cls")], [try special(part["sep"], "sep")])
        }
        try expect(part, "post_processor", type: "TemplateProcessing")
        var prefix: [Special] = [], suffix: [Special] = [], isBehind = false
        for item in part["single"]?.items ?? [] {
            if item["Sequence"] != nil {
                isBehind = true
            } else if let name = item["SpecialToken"]?["id"]?.bytes {
                let specials = try specials(name, of: part)
                if isBehind { suffix += specials } else { prefix += specials }
            }
        }
        guard isBehind else { throw TokenizerError("\"post_processor\" has no place for the text in \"single\"") }
        return (prefix, suffix)
    }

    /// A pair of content and id, as BertProcessing has them.
    private func special(_ pair: JSONBytes?, _ key: String) throws(TokenizerError) -> Special {
        guard let items = pair?.items, items.count == 2, let name = items[0].bytes else {
            throw TokenizerError("\"post_processor\" has no token and id as \"\(key)\"")
        }
        return (String(decoding: name, as: UTF8.self), try Self.id(items[1], of: name, in: "post_processor"))
    }

    private func specials(_ name: [UInt8], of part: JSONBytes) throws(TokenizerError) -> [Special] {
        let entry = part["special_tokens"]?.pairs?.first { $0.key == name }?.value
        guard let ids = entry?["ids"]?.items else {
            throw TokenizerError("\"post_processor\" gives no ids for \"\(String(decoding: name, as: UTF8.self))\"")
        }
        return try ids.map { id throws(TokenizerError) in
            (String(decoding: name, as: UTF8.self), try Self.id(id, of: name, in: "post_processor"))
        }
    }

    private func expect(_ part: JSONBytes, _ name: String, type: String) throws(TokenizerError) {
        let found = part["type"]?.text ?? "nothing"
        guard found == type else { throw TokenizerError("\"\(name)\" is of type \"\(found)\"; only \"\(type)\" is supported") }
    }
}
