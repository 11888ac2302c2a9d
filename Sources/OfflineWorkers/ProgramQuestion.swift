import Chat

/// A question for a Python function `f` of one argument that fits some calls: lines `f(ARGUMENT) -> RESULT`.
struct ProgramQuestion: Sendable, Equatable {
    struct Example: Sendable, Equatable {
        var argument: ProgramValue
        var result: ProgramValue
    }

    var examples: [Example]

    /// Examples behind these are not looked at, and a question with longer values isn't understood.
    static let mostExamples = 8, longestLine = 600

    /// `nil` where there is no example, or one that isn't whole numbers, lists of them, or ASCII text.
    init?(_ question: String) {
        examples = []
        for line in question.utf8.split(separator: UInt8(ascii: "\n")) where line.starts(with: "f(".utf8) {
            guard examples.count < Self.mostExamples else { break }
            guard line.count <= Self.longestLine, let example = Self.example(Array(line)) else { return nil }
            examples.append(example)
        }
        if examples.isEmpty { return nil }
    }

    private static func example(_ line: [UInt8]) -> Example? {
        // An argument may itself hold an arrow, so the border is the one between two values.
        let arrow = Array(") -> ".utf8)
        for start in line.indices.dropFirst(2) where line[start...].starts(with: arrow) {
            guard let argument = try? JSON(parsing: line[2..<start]),
                let result = try? JSON(parsing: line[(start + arrow.count)...])
            else { continue }
            guard let argument = ProgramValue(argument), let result = ProgramValue(result) else { return nil }
            return Example(argument: argument, result: result)
        }
        return nil
    }
}

/// What the programs that we know of compute with.
enum ProgramValue: Sendable, Hashable {
    case number(Int)
    case numbers([Int])
    /// ASCII, so that a character is a byte, here and in Python.
    case text([UInt8])
    case words([[UInt8]])

    init?(_ json: JSON) {
        switch json {
        case .number:
            guard let number = json.int else { return nil }
            self = .number(number)
        case .string(let text):
            guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
            self = .text(Array(text.utf8))
        case .array(let values):
            let numbers = values.compactMap(\.int), words = values.compactMap(\.string)
            if numbers.count == values.count {
                self = .numbers(numbers)
            } else if words.count == values.count, words.allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } }) {
                self = .words(words.map { Array($0.utf8) })
            } else {
                return nil
            }
        case .null, .bool, .object: return nil
        }
    }

    /// Numbers or letters in it.
    var size: Int {
        switch self {
        case .number: 1
        case .numbers(let numbers): numbers.count
        case .text(let text): text.count
        case .words(let words): words.reduce(words.count) { $0 + $1.count }
        }
    }

    enum Kind: Sendable, Hashable { case number, numbers, text, words }

    var kind: Kind {
        switch self {
        case .number: .number
        case .numbers: .numbers
        case .text: .text
        case .words: .words
        }
    }
}
