import Files

/// Right is the target's letter, however it is said; an answer that names several, or none, is no answer.
struct ChoiceGrader: Grader {
    let version = 1
    /// The texts of the choices, A first, in small letters; none where the task does not give them.
    private let choices: [String]
    private let letters: ClosedRange<UInt8>

    init(_ options: inout GraderOptions) throws(InputError) {
        let texts = try options.texts("choices") ?? []
        guard texts.isEmpty || (2...10).contains(texts.count) else { throw options.error("choices", "write 2 to 10 choices") }
        choices = texts.map { $0.trimmed.lowercased() }
        guard Set(choices).count == choices.count else { throw options.error("choices", "two choices are the same") }
        letters = 0x41...(0x41 + UInt8(texts.isEmpty ? 9 : texts.count - 1))
    }

    func objection(to target: String) -> String? {
        letter(ofTarget: target) == nil
            ? "write a letter from A to \(Character(Unicode.Scalar(letters.upperBound)))"
                + (choices.isEmpty ? "" : ", or the text of a choice") : nil
    }

    func grade(_ answer: String, for problem: Problem) -> Score {
        guard let target = letter(ofTarget: problem.target) else {
            return Score(0, "the target is no choice", status: .wrongFormat)
        }
        guard let read = letter(of: answer) else { return Score(0, "not one choice", status: .wrongFormat) }
        return read == target ? Score(1, "the target") : Score(0, "another choice")
    }

    private func letter(ofTarget target: String) -> UInt8? { whole(target) ?? text(target) }

    // MARK: Reading

    private func letter(of answer: String) -> UInt8? {
        let marked = MarkedAnswer.all(in: answer)
        for part in marked {
            if let letter = whole(part) ?? leading(part) ?? text(part) ?? mentioned(part) { return letter }
        }
        guard marked.isEmpty else { return nil }
        if let letter = whole(answer) ?? text(answer) { return letter }
        let words = Self.words(answer)
        switch announced(words) {
        case .one(let letter): return letter
        case .several: return nil
        case .none: break
        }
        let lines = answer.split(whereSeparator: \.isNewline).filter { !$0.trimmed.isEmpty }
        if let last = lines.last, let letter = whole(last) { return letter }
        if let first = lines.first, let letter = whole(first) { return letter }
        if lines.count == 1, let letter = leading(answer) { return letter }
        return mentioned(answer)
    }

    private func isLetter(_ byte: UInt8) -> Bool { letters.contains(byte) }

    private static let ornaments = Set("*_`()[]{}.:,$\"' \t\r\n#>".utf8)

    /// The letter, where there is nothing else but ornaments: `(B)`, `**b**`, `B.`, `\text{B}`, `Option B`.
    private func whole(_ text: some StringProtocol) -> UInt8? {
        guard text.utf8.count < 40 else { return nil }
        var core = text.lowercased().replacing("\\text", with: "").replacing("\\mathrm", with: "").replacing(
            "\\boxed", with: ""
        ).utf8
            .filter { !Self.ornaments.contains($0) }
        for word in ["option", "choice", "answer"] where core.starts(with: word.utf8) && core.count == word.utf8.count + 1 {
            core.removeFirst(word.utf8.count)
        }
        guard core.count == 1, isLetter(core[0] & 0xDF), core[0] | 0x20 >= 0x61 else { return nil }
        return core[0] & 0xDF
    }

    /// The letter that begins a text as a label: `B) Paris`, `(B) Paris`, `**B.** Paris`, `B: Paris`, `B because A is wrong`.
    private func leading(_ text: some StringProtocol) -> UInt8? {
        let bytes = Array(text.trimmed.utf8.prefix(80))
        let start = bytes.firstIndex { !Set("*_([`".utf8).contains($0) } ?? bytes.count
        guard start < bytes.count, isLetter(bytes[start]) else { return nil }
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        let isLabel = ").:]*".utf8.contains(next)
        let all = Self.words(text)
        let words = all.prefix(3).map { $0.text.lowercased() }
        let isReasoned = words.count > 1 && ["because", "since", "as", "is"].contains(words[1]) && bytes[start] != 0x49
        // "(A) (B)" and "A) or B)" name two.
        let namesMore = all.indices.contains { index in
            guard let other = named(all[index]), other != bytes[start] else { return false }
            return all[index].isDecorated || index > 0 && Self.joins.contains(all[index - 1].text.lowercased())
        }
        if isLabel, namesMore { return nil }
        return isLabel || isReasoned ? bytes[start] : nil
    }

    /// The one choice whose text is this, or is the only one to stand in this.
    private func text(_ answer: some StringProtocol) -> UInt8? {
        guard !choices.isEmpty else { return nil }
        let plain = answer.trimmed.lowercased().trimmingOrnaments
        if let index = choices.firstIndex(where: { $0.trimmingOrnaments == plain }) { return 0x41 + UInt8(index) }
        return nil
    }

    /// The one letter, or else the one choice's text, that the answer holds.
    private func mentioned(_ answer: some StringProtocol) -> UInt8? {
        var seen: Set<UInt8> = []
        let words = Self.words(answer)
        for (index, word) in words.enumerated() {
            guard let letter = named(word) else { continue }
            // The article and the pronoun are no choices; of "A or B" the first is one.
            let next = index + 1 < words.count ? words[index + 1].text.lowercased() : ""
            let isWord = word.text == "I" || word.text == "A" && next.count > 1 && !Self.joins.contains(next)
            if word.isDecorated || !isWord { seen.insert(letter) }
        }
        if seen.count == 1 { return seen.first }
        guard seen.isEmpty, !choices.isEmpty else { return nil }
        let padded = " " + Self.words(answer).map { $0.text.lowercased() }.joined(separator: " ") + " "
        let found = choices.indices.filter { index in
            let words = Self.words(choices[index]).map(\.text).joined(separator: " ")
            return !words.isEmpty && padded.contains(" \(words) ")
        }
        return found.count == 1 ? 0x41 + UInt8(found[0]) : nil
    }

    private enum Announcement { case none, several, one(UInt8) }

    private static let nouns: Set<String> = ["answer", "choice", "option", "choose", "select", "pick", "chose", "correct"]
    private static let links: Set<String> = [
        "is", "be", "option", "choice", "answer", "the", "letter", "therefore", "clearly", "definitely", "choose", "select",
        "pick", "was",
        "correct", "one",
    ]
    private static let names: Set<String> = ["option", "choice", "letter"]
    private static let verbs: Set<String> = ["is", "be", "was", "answer", "choose", "select", "pick"]
    private static let joins: Set<String> = ["or", "and"]

    /// The choice of the last "the answer is B", "I choose B", "option B is correct".
    private func announced(_ words: [Word]) -> Announcement {
        for index in words.indices.reversed() {
            guard let letter = named(words[index]), index > 0 else { continue }
            var first = index - 1
            while first > 0, index - first < 6, Self.links.contains(words[first].text.lowercased()) { first -= 1 }
            let lead = words[first..<index].map { $0.text.lowercased() }
            guard lead.contains(where: Self.nouns.contains), Self.links.contains(words[index - 1].text.lowercased()) else {
                continue
            }
            let after = words[(index + 1)...].prefix(2).map { $0.text.lowercased() }
            // "Option B" alone is a mention; "option B is correct" and "I choose option B" say so.
            let before = words[..<index].suffix(3).map { $0.text.lowercased() }.filter { $0 != "the" }.suffix(2)
            let isMention =
                Self.names.contains(before.last ?? "") && !(before.count == 2 && Self.verbs.contains(before.first ?? ""))
            if isMention, !(after.count == 2 && after[0] == "is" && ["correct", "right"].contains(after[1])) { continue }
            if words[..<first].last?.text.lowercased() == "not" { continue }
            if after.count == 2, Self.joins.contains(after[0]), words[index + 2].text.count == 1,
                named(words[index + 2]) != letter,
                named(words[index + 2]) != nil
            {
                return .several
            }
            return .one(letter)
        }
        return .none
    }

    // MARK: Words

    private struct Word {
        var text: Substring
        /// Whether it stands in brackets or asterisks, or a bracket or point follows.
        var isDecorated: Bool
    }

    /// The letter that a word is: a capital, or a small one in brackets.
    private func named(_ word: Word) -> UInt8? {
        guard word.text.utf8.count == 1, let byte = word.text.utf8.first else { return nil }
        if isLetter(byte) { return byte }
        return word.isDecorated && byte >= 0x61 && isLetter(byte & 0xDF) ? byte & 0xDF : nil
    }

    /// Runs of letters and digits; of a long text the last 20,000 bytes.
    private static func words(_ text: some StringProtocol) -> [Word] {
        let text = String(String.UnicodeScalarView(text.unicodeScalars.suffix(20_000)))
        let bytes = text.utf8
        var words: [Word] = []
        var start: String.Index?
        var before: UInt8 = 0, previous: UInt8 = 0
        func isWord(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte >= 0x30 && byte <= 0x39 || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A
                || byte == UInt8(ascii: "'")
        }
        func finish(_ end: String.Index, _ after: UInt8) {
            guard let first = start else { return }
            let isBold = before == UInt8(ascii: "*") && after == UInt8(ascii: "*")
            let isLabelled = before == UInt8(ascii: "(") && after == UInt8(ascii: ")") || before == UInt8(ascii: "[")
            words.append(Word(text: text[first..<end], isDecorated: isBold || isLabelled))
            start = nil
        }
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if isWord(byte) {
                if start == nil {
                    start = index
                    before = previous
                }
            } else {
                finish(index, byte)
            }
            previous = byte
            index = bytes.index(after: index)
        }
        finish(bytes.endIndex, 0)
        return words
    }
}

extension String {
    /// Without the points, brackets and asterisks around a text.
    fileprivate var trimmingOrnaments: String {
        let ornaments = Set("*_`()[].:,\"' ")
        guard let first = firstIndex(where: { !ornaments.contains($0) }),
            let last = lastIndex(where: { !ornaments.contains($0) })
        else {
            return ""
        }
        return String(self[first...last])
    }
}
