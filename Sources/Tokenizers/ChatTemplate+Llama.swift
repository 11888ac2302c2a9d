extension Page {
    /// As Llama-3's template; `dated` as that of 3.1 and later, whose instruction begins with two dates. That of today
    /// is the template's own default: a router must not read another text every day.
    mutating func addLlama3(_ conversation: Conversation, dated: Bool, begin: String, prompts: Bool) throws(TokenizerError) {
        try conversation.checkPlain()
        add(begin)
        var turns = conversation.turns[...]
        if dated {
            add(
                "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
            )
            if let first = turns.first, first.role == "system" {
                add(Self.trimmed(first.content))
                turns = turns.dropFirst()
            }
            add("<|eot_id|>")
        }
        for (index, turn) in zip(turns.indices, turns) {
            add("<|start_header_id|>\(turn.role)<|end_header_id|>\n\n")
            let content = Self.trimmed(turn.content)
            if index == 0, turn.role == "system" { add(content) } else { add(content: content) }
            add("<|eot_id|>")
        }
        if prompts { add("<|start_header_id|>assistant<|end_header_id|>\n\n") }
    }

    /// Without what Python takes for white space at its ends.
    private static func trimmed(_ text: String) -> String {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
        }
        var part = text.unicodeScalars[...]
        while let first = part.first, isBlank(first) { part.removeFirst() }
        while let last = part.last, isBlank(last) { part.removeLast() }
        return String(part)
    }
}
