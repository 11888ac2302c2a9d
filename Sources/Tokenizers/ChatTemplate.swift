public import Foundation

/// How a model wants a chat to be written. The template of a model directory is recognised, and the text is written by
/// us: no program of the file is run. Control tokens inside a turn's text are control tokens for the model, as they are
/// with the reference.
public struct ChatTemplate: Sendable, Equatable {
    enum Family: Equatable {
        case qwen3
        /// Qwen2, Qwen2.5 and others that have `<|im_start|>`; what stands for a missing instruction.
        case chatML(system: String?)
        /// Llama-3, and from 3.1 on with dates in the instruction.
        case llama3(dated: Bool, begin: String)
    }

    let family: Family

    /// Reads `chat_template.jinja`, or else the `chat_template` of `tokenizer_config.json`, of a model directory.
    /// Throws `TokenizerError` where there is none, or one that is not supported.
    public init(reading directory: URL) throws(TokenizerError) {
        guard let source = try Self.source(in: directory) else {
            throw TokenizerError(
                "\(directory.path): no chat template, neither chat_template.jinja nor \"chat_template\" in tokenizer_config.json"
            )
        }
        do throws(TokenizerError) { try self.init(source.text, begin: source.begin) } catch {
            throw TokenizerError("\(source.file.path): \(error.description)")
        }
    }

    /// Whether a model directory has a template, supported or not. Throws `TokenizerError` where its file is damaged.
    public static func stands(in directory: URL) throws(TokenizerError) -> Bool { try source(in: directory) != nil }

    /// The names of the files in a model directory that say how a chat is written.
    public static func files(of directory: URL) -> [String] {
        ["chat_template.jinja", "tokenizer_config.json"].filter {
            FileManager.default.fileExists(atPath: directory.appendingPathComponent($0).path)
        }
    }

    private static func source(in directory: URL) throws(TokenizerError) -> (text: String, begin: String, file: URL)? {
        let file = directory.appendingPathComponent("chat_template.jinja")
        let configuration = directory.appendingPathComponent("tokenizer_config.json")
        var root: JSONBytes?
        if let data = try? Data(contentsOf: configuration) {
            do throws(TokenizerError) { root = try JSONBytes(parsing: [UInt8](data)) } catch {
                throw TokenizerError("\(configuration.path): \(error.description)")
            }
        }
        let begin = root?["bos_token"]?.text ?? root?["bos_token"]?["content"]?.text ?? ""
        let isApart = FileManager.default.fileExists(atPath: file.path)
        let text = isApart ? (try? Data(contentsOf: file)).flatMap { String(data: $0, encoding: .utf8) } : template(root)
        return text.map { ($0, begin, isApart ? file : configuration) }
    }

    /// One template, or a list of which one is called "default".
    private static func template(_ root: JSONBytes?) -> String? {
        guard let value = root?["chat_template"] else { return nil }
        return value.text ?? value.items?.first { $0["name"]?.text == "default" }?["template"]?.text
    }

    /// The template with this text; `begin` is the tokenizer's token of beginning. Throws `TokenizerError` where it is
    /// none that is supported.
    public init(_ text: String, begin: String = "") throws(TokenizerError) {
        // Blanks between the parts are free; a line break inside a string stands as such or as "\n".
        let compact = Array(text.replacingOccurrences(of: "\n", with: "\\n").replacingOccurrences(of: " ", with: "").utf8)
        func has(_ part: String) -> Bool { !compact.ranges(of: Array(part.utf8)).isEmpty }
        let qwen25 = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        let qwen2 = "You are a helpful assistant."
        func hasSystem(_ text: String) -> Bool {
            has(#"<|im_start|>system\n"# + text.replacingOccurrences(of: " ", with: "") + "<|im_end|>")
        }
        let isLlama3 = has("<|start_header_id|>") && has("message['content']|trim+'<|eot_id|>'") && has("bos_token")
        let isChatML = has(#"message['content']+'<|im_end|>'"#) || has(#"message.content+'<|im_end|>'"#)
        if has("<|im_start|>"), has("enable_thinkingisdefinedandenable_thinkingisfalse"), has("last_query_index"),
            has(#"'<think>\n\n</think>\n\n'"#), !has(#"'<think>\n'"#)
        {
            family = .qwen3
        } else if isLlama3, has("CuttingKnowledgeDate:December2023"), has("TodayDate:") {
            family = .llama3(dated: true, begin: begin)
        } else if isLlama3, !has("system"), !has("Date") {
            family = .llama3(dated: false, begin: begin)
        } else if isChatML, has("add_generation_prompt"), !has("think"), hasSystem(qwen25) {
            family = .chatML(system: qwen25)
        } else if isChatML, has("add_generation_prompt"), !has("think"), !has("tools"), hasSystem(qwen2) {
            family = .chatML(system: qwen2)
        } else if isChatML, has("add_generation_prompt"), !has("think"), !has("tools"), !has("system") {
            family = .chatML(system: nil)
        } else {
            throw TokenizerError(
                "the chat template is none of those supported: Qwen3's, Qwen2.5's, Qwen2's, Llama-3's, plain ChatML")
        }
    }

    /// The roles that a turn may have.
    public var roles: Set<String> {
        switch family {
        case .qwen3: ["system", "user", "assistant", "tool"]
        case .chatML, .llama3: ["system", "user", "assistant"]
        }
    }

    /// The text of `conversation`. `prompts` says whether the head of the assistant's next turn stands at its end,
    /// `thinks` whether a model that can may think in it: otherwise its thoughts are there already, empty.
    /// Throws `TokenizerError` for a part of it that the template has no form for.
    public func text(of conversation: Conversation, prompts: Bool = true, thinks: Bool = false) throws(TokenizerError) -> String
    {
        try page(of: conversation, prompts: prompts, thinks: thinks).text
    }

    /// The ids of the same. Where they are more than `maxTokens`, what stands between the beginning of the first turn
    /// behind the instruction and the end of the last is cut; instruction, heads and the prompt at the end stay.
    public func encode(
        _ conversation: Conversation, with tokenizer: any Tokenizer, maxTokens: Int = .max,
        cutting truncation: Truncation = .tail,
        prompts: Bool = true, thinks: Bool = false
    ) throws(TokenizerError) -> Encoding {
        let page = try page(of: conversation, prompts: prompts, thinks: thinks)
        let ids = tokenizer.ids(of: page.text, atMost: .max)
        guard ids.count > maxTokens else { return Encoding(ids: ids, total: ids.count) }
        // A control token stands behind the turns, so that the ids of what follows don't depend on them.
        func count(_ part: Substring.UTF8View) -> Int { tokenizer.ids(of: String(Substring(part)), atMost: .max).count }
        let body = page.body ?? 0..<0, utf8 = page.text.utf8
        let first = min(count(utf8.prefix(body.lowerBound)), ids.count)
        let end = max(first, ids.count - count(utf8.dropFirst(body.upperBound)))
        return Encoding(ids: truncation.cut(ids, in: first..<end, to: maxTokens), total: ids.count)
    }

    private func page(of conversation: Conversation, prompts: Bool, thinks: Bool) throws(TokenizerError) -> Page {
        var page = Page()
        switch family {
        case .qwen3: page.addQwen3(conversation, prompts: prompts, thinks: thinks)
        case .chatML(let system): try page.addChatML(conversation, system: system, prompts: prompts)
        case .llama3(let dated, let begin): try page.addLlama3(conversation, dated: dated, begin: begin, prompts: prompts)
        }
        return page
    }
}

/// A text being written, and where in it the turns stand that may be cut.
struct Page {
    private(set) var text = ""
    /// In bytes of UTF-8: from the first turn's text to the last one's end; nil without any.
    private(set) var body: Range<Int>?

    mutating func add(_ part: String) { text += part }

    /// Adds the text of a turn.
    mutating func add(content: String) {
        let start = body?.lowerBound ?? text.utf8.count
        text += content
        body = start..<text.utf8.count
    }
}
