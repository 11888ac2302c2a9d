public import Foundation

/// A `tokenizer.json`: which tokenizer it describes, and the parts that all kinds share.
public struct TokenizerFile: Sendable {
    let root: JSONBytes
    private let path: String

    /// Reads a file. Throws `TokenizerError` where it can't be read or is no JSON.
    public init(reading url: URL) throws(TokenizerError) {
        path = url.path
        let bytes: [UInt8]
        do { bytes = [UInt8](try Data(contentsOf: url, options: .mappedIfSafe)) } catch {
            throw TokenizerError("\(url.path): cannot be read: \(error.localizedDescription)")
        }
        do throws(TokenizerError) { root = try JSONBytes(parsing: bytes) } catch {
            throw TokenizerError("\(url.path): \(error.description)")
        }
    }

    /// The tokenizer of the file, by the type of its model. Throws `TokenizerError` with the part that is missing, or of
    /// a kind that is not supported. The file's own truncation and padding are not used.
    public func tokenizer() throws(TokenizerError) -> any Tokenizer {
        do throws(TokenizerError) {
            guard let model = root["model"] else { throw TokenizerError("no \"model\"; expected WordPiece or BPE") }
            switch model["type"]?.text {
            case "WordPiece": return try wordPiece(model)
            // Old files do not say it of a BPE.
            case "BPE": return try bytePairEncoding(model)
            case nil where model["merges"] != nil: return try bytePairEncoding(model)
            case let type:
                throw TokenizerError("\"model\" is of type \"\(type ?? "nothing")\"; \"WordPiece\" and \"BPE\" are supported")
            }
        } catch {
            throw TokenizerError("\(path): \(error.description)")
        }
    }
}

extension WordPiece {
    /// Reads a `tokenizer.json`. Throws `TokenizerError`, also where it describes another tokenizer.
    public init(reading url: URL) throws(TokenizerError) {
        guard let tokenizer = try TokenizerFile(reading: url).tokenizer() as? WordPiece else {
            throw TokenizerError("\(url.path): \"model\" is of type \"BPE\"; only \"WordPiece\" is supported")
        }
        self = tokenizer
    }
}

extension TokenizerFile {
    /// An id of a token; `place` says where it stands.
    static func id(_ value: JSONBytes?, of token: @autoclosure () -> String, in place: String) throws(TokenizerError) -> Int32 {
        guard let id = value?.integer.flatMap(Int32.init(exactly:)), (0..<Int32.max).contains(id) else {
            throw TokenizerError("the id of \"\(token())\" in \"\(place)\" is no whole number from 0 to 2147483646")
        }
        return id
    }

    /// A token of `added_tokens`.
    struct AddedToken {
        let written: [UInt8]
        let isNormalized: Bool
        let token: AddedTokens.Token
        var id: Int32 { token.id }
    }

    /// `normalize` gives the form in which a token is looked for that is matched behind normalisation.
    func addedTokens(_ normalize: ([UInt8]) -> [UInt8]) throws(TokenizerError) -> [AddedToken] {
        var added: [AddedToken] = []
        for item in root["added_tokens"]?.items ?? [] {
            guard let written = item["content"]?.bytes else {
                throw TokenizerError("an entry of \"added_tokens\" has no content")
            }
            let id = try Self.id(item["id"], of: String(decoding: written, as: UTF8.self), in: "added_tokens")
            let isNormalized = item["normalized"]?.flag ?? false
            let token = AddedTokens.Token(
                id: id, content: isNormalized ? normalize(written) : written, isSingleWord: item["single_word"]?.flag ?? false,
                takesBlanksBefore: item["lstrip"]?.flag ?? false, takesBlanksBehind: item["rstrip"]?.flag ?? false)
            added.append(AddedToken(written: written, isNormalized: isNormalized, token: token))
        }
        return added
    }

    typealias Special = (name: String, id: Int32)

    /// The tokens around one text, by the post-processor; none without one.
    struct Frame {
        var prefix: [Special] = [], suffix: [Special] = []
    }

    func frame() throws(TokenizerError) -> Frame {
        var frame = Frame()
        guard let part = root["post_processor"] else { return frame }
        let parts = part["type"]?.text == "Sequence" ? part["processors"]?.items ?? [] : [part]
        for part in parts {
            let inner = try Self.frame(part)
            frame = Frame(prefix: inner.prefix + frame.prefix, suffix: frame.suffix + inner.suffix)
        }
        return frame
    }

    private static func frame(_ part: JSONBytes) throws(TokenizerError) -> Frame {
        switch part["type"]?.text {
        case "ByteLevel": return Frame()  // It only moves offsets.
        case "BertProcessing", "RobertaProcessing":
            return Frame(prefix: [try special(part["cls"], "cls")], suffix: [try special(part["sep"], "sep")])
        default: try expect(part, "post_processor", type: "TemplateProcessing")
        }
        var frame = Frame(), isBehind = false
        for item in part["single"]?.items ?? [] {
            if item["Sequence"] != nil {
                isBehind = true
            } else if let name = item["SpecialToken"]?["id"]?.text {
                let specials = try specials(name, of: part)
                if isBehind { frame.suffix += specials } else { frame.prefix += specials }
            }
        }
        guard isBehind else { throw TokenizerError("\"post_processor\" has no place for the text in \"single\"") }
        return frame
    }

    /// A pair of content and id, as BertProcessing has them.
    private static func special(_ pair: JSONBytes?, _ key: String) throws(TokenizerError) -> Special {
        guard let items = pair?.items, items.count == 2, let name = items[0].text else {
            throw TokenizerError("\"post_processor\" has no token and id as \"\(key)\"")
        }
        return (name, try id(items[1], of: name, in: "post_processor"))
    }

    private static func specials(_ name: String, of part: JSONBytes) throws(TokenizerError) -> [Special] {
        let entry = part["special_tokens"]?.pairs?.last { $0.key.elementsEqual(name.utf8) }?.value
        guard let ids = entry?["ids"]?.items else {
            throw TokenizerError("\"post_processor\" gives no ids for \"\(name)\"")
        }
        return try ids.map { value throws(TokenizerError) in (name, try id(value, of: name, in: "post_processor")) }
    }

    /// Throws where `frame` has an id that `isToken` denies.
    func check(_ frame: Frame, isToken: (Int32) -> Bool) throws(TokenizerError) {
        for token in frame.prefix + frame.suffix where !isToken(token.id) {
            throw TokenizerError("\"post_processor\" gives \"\(token.name)\" the id \(token.id), which no token has")
        }
    }

    static func expect(_ part: JSONBytes, _ name: String, type: String) throws(TokenizerError) {
        let found = part["type"]?.text ?? "nothing"
        guard found == type else { throw TokenizerError("\"\(name)\" is of type \"\(found)\"; only \"\(type)\" is supported") }
    }
}
