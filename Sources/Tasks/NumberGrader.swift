import Files

/// Right is the target's number, in whatever notation. The number that counts is the one that says so (a box, a tag, a line
/// `Answer: …`), else the one behind the last "answer is", else the last one.
struct NumberGrader: Grader {
    let version = 1
    private let tolerance: Double?, relative: Double?
    private let percentIsHundredth: Bool

    /// How near to a target that is no whole number is near enough, where the task doesn't say.
    private static let standardRelative = 1e-6

    init(_ options: inout GraderOptions) throws(InputError) {
        tolerance = try options.number("tolerance", in: 0...Double.greatestFiniteMagnitude)
        relative = try options.number("relative_tolerance", in: 0...1)
        percentIsHundredth = try options.flag("percent", default: false)
    }

    func objection(to target: String) -> String? {
        let numbers = reader(target).all()
        guard numbers.count == 1, numbers[0].number.value.isFinite else { return "write one number" }
        return nil
    }

    func grade(_ answer: String, for problem: Problem) -> Score {
        guard let target = reader(problem.target).all().first?.number else {
            return Score(0, "the target is no number", status: .wrongFormat)
        }
        switch reading(of: answer) {
        case .none: return Score(0, "no number", status: .wrongFormat)
        case .several: return Score(0, "more than one number in the answer's place", status: .wrongFormat)
        case .one(let number):
            return isRight(number, target) ? Score(1, "the target") : Score(0, "\(number.value), not \(target.value)")
        }
    }

    private func isRight(_ number: ReadNumber, _ target: ReadNumber) -> Bool {
        if number.equals(target) { return true }
        let difference = abs(number.value - target.value)
        guard difference.isFinite else { return false }
        if let tolerance, difference <= tolerance { return true }
        guard tolerance == nil || relative != nil else { return false }
        // Whole numbers are exact, unless the task says otherwise.
        guard let relative = relative ?? (target.isWhole ? nil : Self.standardRelative) else { return false }
        return difference <= relative * abs(target.value)
    }

    // MARK: Which number counts

    private enum Reading { case none, several, one(ReadNumber) }

    private func reader(_ text: String) -> NumberReader { NumberReader(text, percentIsHundredth: percentIsHundredth) }

    private func reading(of answer: String) -> Reading {
        let marked = MarkedAnswer.all(in: answer)
        for part in marked {
            let reading = reading(ofMarked: part)
            if case .none = reading { continue }
            return reading
        }
        guard marked.isEmpty else { return .none }
        let reader = reader(answer)
        let numbers = reader.all()
        guard let last = numbers.last else { return .none }
        // Far more numbers than an answer has say nothing about which of them it is.
        return .one(numbers.suffix(100).last { Self.isAnnounced($0, reader) }?.number ?? last.number)
    }

    /// Of `x = 6 * 7 = 42` what stands behind the last sign; of `42 km (26 miles)` the first; of `41 or 42` none.
    private func reading(ofMarked text: String) -> Reading {
        let reader = reader(text)
        var numbers = reader.behindLastEquals.map { reader.all(from: $0) } ?? []
        if numbers.isEmpty { numbers = reader.all() }
        guard let first = numbers.first else { return .none }
        guard numbers.count > 1, !numbers.allSatisfy({ $0.number.equals(first.number) }) else { return .one(first.number) }
        let between = reader.text(first.range.upperBound..<numbers[1].range.lowerBound)
        let isList =
            between.contains(",") || between.contains(";")
            || between.split(separator: " ").contains { ["or", "and"].contains($0) }
        return isList ? .several : .one(first.number)
    }

    private static let announcements: Set<String> = ["is", "equals", "be", "was"]
    private static let fillers: Set<String> = [
        "about", "approximately", "approx", "roughly", "exactly", "equal", "to", "therefore", "thus", "simply", "just", "x",
        "y", "n",
    ]

    /// Whether "answer is" or the like stands right before a number.
    private static func isAnnounced(_ found: NumberReader.Found, _ reader: NumberReader) -> Bool {
        let line = reader.text(max(0, found.range.lowerBound - 80)..<found.range.lowerBound).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard let before = line.last, before.contains("answer") || before.contains("result") else { return false }
        var words: [String] = []
        var word = ""
        for character in before {
            if character.isLetter || character.isNumber {
                word.append(character)
                continue
            }
            if !word.isEmpty { words.append(word) }
            word = ""
            if "=:".contains(character) { words.append("is") }
        }
        if !word.isEmpty { words.append(word) }
        while let last = words.last, fillers.contains(last) { words.removeLast() }
        guard let last = words.last, announcements.contains(last) else { return false }
        return words.suffix(8).contains { $0 == "answer" || $0 == "result" }
    }
}
