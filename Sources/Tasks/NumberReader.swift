/// Finds numbers in prose, LaTeX and Markdown, in one pass.
struct NumberReader {
    /// The text with one byte for each way of writing a minus, a times, a thin space; see ``plain(_:)``.
    private let bytes: [UInt8]
    private let percentIsHundredth: Bool

    /// One number of a text.
    struct Found {
        var number: ReadNumber
        /// Where it stands among the bytes.
        var range: Range<Int>
    }

    init(_ text: String, percentIsHundredth: Bool = false) {
        bytes = Self.plain(text)
        self.percentIsHundredth = percentIsHundredth
    }

    /// All numbers in their order.
    func all(from start: Int = 0) -> [Found] {
        var found: [Found] = []
        var index = start
        while index < bytes.count {
            guard canBegin(at: index) else {
                index += 1
                continue
            }
            if let next = number(at: index) {
                found.append(next)
                index = next.range.upperBound
            } else {
                index = endOfWord(from: index)
            }
        }
        return found
    }

    /// What stands between two places, as text, in small letters.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self).lowercased() }

    /// The place behind the last `=`; `nil` where there is none.
    var behindLastEquals: Int? { bytes.lastIndex(of: UInt8(ascii: "=")).map { $0 + 1 } }

    var length: Int { bytes.count }

    // MARK: One number

    private func at(_ index: Int) -> UInt8 { index >= 0 && index < bytes.count ? bytes[index] : 0 }

    private func isDigit(_ index: Int) -> Bool { at(index) >= 0x30 && at(index) <= 0x39 }

    private func isLetter(_ index: Int) -> Bool {
        let small = at(index) | 0x20
        return small >= 0x61 && small <= 0x7A || at(index) == Self.letter
    }

    /// Whether a number may begin here: at a digit, a sign, a point or a fraction that is no part of a name or of another number.
    private func canBegin(at index: Int) -> Bool {
        let before = index - 1
        if isLetter(before) || isDigit(before) || "_^\\".utf8.contains(at(before)) { return isFraction(index) }
        switch at(index) {
        case UInt8(ascii: "-"), UInt8(ascii: "+"):
            return !")]}%".utf8.contains(at(before)) && (isDigit(index + 1) || ".$\\".utf8.contains(at(index + 1)))
        case UInt8(ascii: "."): return isDigit(index + 1)
        case UInt8(ascii: "\\"): return isFraction(index)
        default: return isDigit(index)
        }
    }

    private func isFraction(_ index: Int) -> Bool { starts("\\frac", at: index) }

    private func starts(_ word: String, at index: Int) -> Bool {
        index >= 0 && index + word.utf8.count <= bytes.count && bytes[index...].starts(with: word.utf8)
    }

    private func endOfWord(from index: Int) -> Int {
        var end = index + 1
        while isLetter(end) || isDigit(end) || at(end) == UInt8(ascii: ".") && isDigit(end + 1) { end += 1 }
        return end
    }

    private func skipSpace(_ index: Int) -> Int {
        var index = index
        while at(index) == 0x20 || at(index) == Self.thinSpace { index += 1 }
        return index
    }

    /// The number that begins at `start`; `nil` where what begins there is none: a version, an ordinal.
    private func number(at start: Int) -> Found? {
        var index = start
        var isNegative = false
        if at(index) == UInt8(ascii: "-") || at(index) == UInt8(ascii: "+") {
            isNegative = at(index) == UInt8(ascii: "-")
            index += 1
        }
        if at(index) == UInt8(ascii: "$") { index += 1 }
        guard var (number, end) = isFraction(index) ? fraction(at: index) : decimal(at: index) else { return nil }
        if !isFraction(index) { (number, end) = combined(number, end) }
        if isNegative { number.negate() }
        if let (factor, behind) = scale(at: end) {
            number = number.scaled(by: factor)
            end = behind
        }
        let sign = skipSpace(end)
        if at(sign) == UInt8(ascii: "%") {
            end = sign + 1
            if percentIsHundredth { number = number.scaled(by: -2) }
        }
        return Found(number: number, range: start..<end)
    }

    /// `number` with the exponent, power, denominator or fraction that follows it.
    private func combined(_ number: ReadNumber, _ end: Int) -> (ReadNumber, Int) {
        if at(end) | 0x20 == UInt8(ascii: "e"), let (exponent, behind) = signedDigits(at: end + 1), !isLetter(behind) {
            return (number.scaled(by: exponent), behind)
        }
        if at(end) == UInt8(ascii: "^"), let (exponent, behind) = exponent(at: end + 1) {
            return (number.power(exponent), behind)
        }
        let times = skipSpace(end)
        if at(times) == UInt8(ascii: "*") || at(times) | 0x20 == UInt8(ascii: "x") {
            let ten = skipSpace(times + 1)
            if starts("10^", at: ten), let (exponent, behind) = exponent(at: ten + 3) {
                return (number.scaled(by: exponent), behind)
            }
        }
        if let (denominator, behind) = denominator(at: end) { return (number.divided(by: denominator), behind) }
        // A mixed number: 1 3/4.
        let next = skipSpace(end)
        if next > end, number.isWhole {
            if isFraction(next), let (part, behind) = fraction(at: next) { return (number.plus(part), behind) }
            if isDigit(next), let (top, middle) = decimal(at: next), let (bottom, behind) = denominator(at: middle) {
                return (number.plus(top.divided(by: bottom)), behind)
            }
        } else if isFraction(end), number.isWhole, let (part, behind) = fraction(at: end) {
            return (number.plus(part), behind)
        }
        return (number, end)
    }

    private func denominator(at index: Int) -> (ReadNumber, Int)? {
        var index = skipSpace(index)
        guard at(index) == UInt8(ascii: "/") else { return nil }
        index = skipSpace(index + 1)
        guard isDigit(index), let (number, end) = decimal(at: index) else { return nil }
        // Two strokes make a date.
        return at(end) == UInt8(ascii: "/") && isDigit(end + 1) ? nil : (number, end)
    }

    /// `\frac{a}{b}` and `\frac12`.
    private func fraction(at start: Int) -> (ReadNumber, Int)? {
        func part(at index: Int) -> (ReadNumber, Int)? {
            if isDigit(index) { return (ReadNumber(whole: [at(index)], decimals: []), index + 1) }
            guard at(index) == UInt8(ascii: "{") else { return nil }
            let first = skipSpace(index + 1)
            let isNegative = at(first) == UInt8(ascii: "-")
            guard var (number, end) = decimal(at: isNegative ? first + 1 : first) else { return nil }
            end = skipSpace(end)
            if isNegative { number.negate() }
            return at(end) == UInt8(ascii: "}") ? (number, end + 1) : nil
        }
        guard let (top, middle) = part(at: skipSpace(start + 5)), let (bottom, end) = part(at: middle) else { return nil }
        return (top.divided(by: bottom), end)
    }

    /// Digits with separators of thousands and a point.
    private func decimal(at start: Int) -> (ReadNumber, Int)? {
        var end = start
        while isDigit(end) { end += 1 }
        var whole = Array(bytes[min(start, bytes.count)..<min(end, bytes.count)])
        let separator = at(end)
        if (1...3).contains(whole.count), whole.first != UInt8(ascii: "0"),
            [0x2C, 0x5F, 0x20, Self.thinSpace].contains(separator)
        {
            while at(end) == separator, isDigit(end + 1), isDigit(end + 2), isDigit(end + 3), !isDigit(end + 4) {
                whole += bytes[end + 1..<end + 4]
                end += 4
            }
        }
        var decimals: [UInt8] = []
        if at(end) == UInt8(ascii: "."), isDigit(end + 1) {
            let first = end + 1
            end = first
            while isDigit(end) { end += 1 }
            decimals = Array(bytes[first..<end])
            if at(end) == UInt8(ascii: "."), isDigit(end + 1) { return nil }
        }
        guard !whole.isEmpty || !decimals.isEmpty else { return nil }
        if decimals.isEmpty, ["st", "nd", "rd", "th"].contains(where: { starts($0, at: end) && !isLetter(end + 2) }) {
            return nil
        }
        return (ReadNumber(whole: whole, decimals: decimals), end)
    }

    /// An exponent, bare or in braces or parentheses.
    private func exponent(at index: Int) -> (Int, Int)? {
        let close: UInt8? =
            at(index) == UInt8(ascii: "{") ? UInt8(ascii: "}") : at(index) == UInt8(ascii: "(") ? UInt8(ascii: ")") : nil
        guard let close else { return signedDigits(at: index) }
        guard let (value, end) = signedDigits(at: skipSpace(index + 1)), at(skipSpace(end)) == close else { return nil }
        return (value, skipSpace(end) + 1)
    }

    /// A whole number; what is beyond ±1,000,000 becomes that, which no number survives.
    private func signedDigits(at start: Int) -> (Int, Int)? {
        var index = start
        let isNegative = at(index) == UInt8(ascii: "-")
        if isNegative || at(index) == UInt8(ascii: "+") { index += 1 }
        guard isDigit(index) else { return nil }
        var value = 0
        while isDigit(index) {
            value = min(1_000_000, value * 10 + Int(at(index) - 0x30))
            index += 1
        }
        return (isNegative ? -value : value, index)
    }

    private func scale(at index: Int) -> (Int, Int)? {
        let word = skipSpace(index)
        guard word > index else { return nil }
        for (name, exponent) in [("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12)] where starts(name, at: word)
        {
            return isLetter(word + name.utf8.count) ? nil : (exponent, word + name.utf8.count)
        }
        return nil
    }

    // MARK: One byte a sign

    private static let thinSpace: UInt8 = 0x1F, letter: UInt8 = 0x80, other: UInt8 = 0x81
    private static let superscripts: [Unicode.Scalar: UInt8] = [
        "⁰": 0x30, "¹": 0x31, "²": 0x32, "³": 0x33, "⁴": 0x34, "⁵": 0x35, "⁶": 0x36, "⁷": 0x37, "⁸": 0x38, "⁹": 0x39, "⁻": 0x2D,
    ]
    private static let fractions: [Unicode.Scalar: String] = [
        "½": " 1/2", "⅓": " 1/3", "⅔": " 2/3", "¼": " 1/4", "¾": " 3/4", "⅕": " 1/5", "⅛": " 1/8",
    ]
    /// LaTeX that stands for one of our bytes, or for none. Longer words first.
    private static let commands: [(String, String)] = [
        ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\times", "*"), ("\\approx", "="), ("\\cdot", "*"), ("\\right", ""),
        ("\\left", ""), ("\\,", "\u{1F}"), ("\\;", "\u{1F}"), ("\\!", ""), ("\\ ", " "), ("\\%", "%"), ("\\$", "$"),
        ("{,}", ","),
        ("**", " "), ("~", " "),
    ]

    private static func plain(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var wasSuperscript = false
        for scalar in text.unicodeScalars {
            let digit = scalar.isASCII ? nil : superscripts[scalar]
            if digit != nil, !wasSuperscript { bytes.append(UInt8(ascii: "^")) }
            wasSuperscript = digit != nil
            switch scalar {
            case _ where scalar.isASCII: bytes.append(UInt8(scalar.value))
            case "\u{2212}", "\u{2013}", "\u{FF0D}", "\u{2010}", "\u{2011}": bytes.append(UInt8(ascii: "-"))
            case "\u{00A0}", "\u{2007}", "\u{2009}", "\u{202F}", "\u{2008}", "\u{200A}": bytes.append(thinSpace)
            case "×", "·", "⋅", "✕", "∗": bytes.append(UInt8(ascii: "*"))
            case "≈", "≃", "≅": bytes.append(UInt8(ascii: "="))
            case "\u{2044}", "÷": bytes.append(UInt8(ascii: "/"))
            case _ where digit != nil: bytes.append(digit ?? 0)
            case _ where fractions[scalar] != nil: bytes += (fractions[scalar] ?? "").utf8
            default: bytes.append(scalar.properties.isAlphabetic ? letter : other)
            }
        }
        let special = "\\{*~".utf8
        guard bytes.contains(where: { special.contains($0) }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            if special.contains(bytes[index]), let command = commands.first(where: { rest.starts(with: $0.0.utf8) }) {
                result += command.1.utf8
                index += command.0.utf8.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
