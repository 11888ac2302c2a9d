extension Page {
    /// As Qwen3's template: thoughts of earlier answers go, tools are offered in the instruction.
    mutating func addQwen3(_ conversation: Conversation, prompts: Bool, thinks: Bool) {
        let turns = conversation.turns
        addInstruction(of: conversation)
        let lastQuestion = turns.lastIndex { $0.role == "user" && !Self.isToolResponse($0.content) } ?? turns.count - 1
        for (index, turn) in turns.enumerated() {
            switch turn.role {
            case "system" where index == 0: break
            case "user", "system":
                add("<|im_start|>\(turn.role)\n")
                add(content: turn.content)
                add("<|im_end|>\n")
            case "assistant": addAnswer(turn, isAfterQuestion: index > lastQuestion, isLast: index == turns.count - 1)
            case "tool":
                if index == 0 || turns[index - 1].role != "tool" { add("<|im_start|>user") }
                add("\n<tool_response>\n")
                add(content: turn.content)
                add("\n</tool_response>")
                if index == turns.count - 1 || turns[index + 1].role != "tool" { add("<|im_end|>\n") }
            default: break
            }
        }
        if prompts { add("<|im_start|>assistant\n" + (thinks ? "" : "<think>\n\n</think>\n\n")) }
    }

    private mutating func addInstruction(of conversation: Conversation) {
        let system = conversation.turns.first.flatMap { $0.role == "system" ? $0.content : nil }
        guard !conversation.tools.isEmpty else {
            if let system { add("<|im_start|>system\n\(system)<|im_end|>\n") }
            return
        }
        add("<|im_start|>system\n")
        if let system { add(system + "\n\n") }
        add(
            """
            # Tools

            You may call one or more functions to assist with the user query.

            You are provided with function signatures within <tools></tools> XML tags:
            <tools>
            """)
        for tool in conversation.tools { add("\n" + tool) }
        add(
            """

            </tools>

            For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
            <tool_call>
            {"name": <function-name>, "arguments": <args-json-object>}
            </tool_call><|im_end|>

            """)
    }

    private mutating func addAnswer(_ turn: Conversation.Turn, isAfterQuestion: Bool, isLast: Bool) {
        var content = Array(turn.content.utf8)[...], thoughts = Array((turn.reasoning ?? "").utf8)[...]
        let mark = Array("</think>".utf8), opening = Array("<think>".utf8), marks = content.ranges(of: mark)
        if turn.reasoning == nil, let first = marks.first, let last = marks.last {
            thoughts = content[..<first.lowerBound].trimmed(front: false)
            if let start = thoughts.ranges(of: opening).last { thoughts = thoughts[start.upperBound...] }
            thoughts = thoughts.trimmed(back: false)
            content = content[last.upperBound...].trimmed(back: false)
        }
        add("<|im_start|>assistant\n")
        if isAfterQuestion, isLast || !thoughts.isEmpty {
            add("<think>\n\(String(decoding: thoughts.trimmed(), as: UTF8.self))\n</think>\n\n")
            add(content: String(decoding: content.trimmed(back: false), as: UTF8.self))
        } else {
            add(content: String(decoding: content, as: UTF8.self))
        }
        for (index, call) in turn.calls.enumerated() {
            if index > 0 || !content.isEmpty { add("\n") }
            add("<tool_call>\n{\"name\": \"\(call.name)\", \"arguments\": \(call.arguments)}\n</tool_call>")
        }
        add("<|im_end|>\n")
    }

    private static func isToolResponse(_ text: String) -> Bool {
        text.utf8.starts(with: "<tool_response>".utf8) && text.utf8.reversed().starts(with: "</tool_response>".utf8.reversed())
    }

    /// As Qwen2's and Qwen2.5's templates; `system` stands for a missing instruction.
    mutating func addChatML(_ conversation: Conversation, system: String?, prompts: Bool) throws(TokenizerError) {
        try conversation.checkPlain()
        if let system, conversation.turns.first?.role != "system" { add("<|im_start|>system\n\(system)<|im_end|>\n") }
        for (index, turn) in conversation.turns.enumerated() {
            add("<|im_start|>\(turn.role)\n")
            if index == 0, turn.role == "system" { add(turn.content) } else { add(content: turn.content) }
            add("<|im_end|>\n")
        }
        if prompts { add("<|im_start|>assistant\n") }
    }
}

extension Conversation {
    /// Throws where there are tools, or turns of another role than the three.
    func checkPlain() throws(TokenizerError) {
        guard tools.isEmpty, turns.allSatisfy(\.calls.isEmpty) else {
            throw TokenizerError("tools are supported with Qwen3's chat template only")
        }
        guard let turn = turns.first(where: { !["system", "user", "assistant"].contains($0.role) }) else { return }
        throw TokenizerError(
            "a turn of \(turn.role.debugDescription); system, user and assistant are supported with this chat template")
    }
}

extension ArraySlice<UInt8> {
    /// Without the line breaks at its ends.
    fileprivate func trimmed(front: Bool = true, back: Bool = true) -> ArraySlice<UInt8> {
        var part = self
        while front, part.first == 0x0a { part.removeFirst() }
        while back, part.last == 0x0a { part.removeLast() }
        return part
    }
}
