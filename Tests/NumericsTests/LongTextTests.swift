import Foundation
import Testing
import Tokenizers

/// Laws of texts of which only the beginning is read, over random texts of all kinds of scalars.
@Suite struct LongTextTests {
    let tokenizer: WordPiece
    init() throws { tokenizer = try WordPiece(reading: Fixtures.url("bert_tiny/tokenizer.json")) }

    // Scalars that a part of a text is drawn from: letters, blanks, accents, letters that decompose, Hangul, Chinese,
    // its compatibility forms, marks that are not nonspacing and have an order, unassigned, and anything else.
    private static let alphabets: [[ClosedRange<UInt32>]] = [
        [0x20...0x7e], [0x61...0x7a, 0x20...0x20], [0x09...0x0d, 0x20...0x20, 0xa0...0xa0, 0x2000...0x200a],
        [0x300...0x36f, 0x61...0x61], [0xc0...0x24f, 0x1e00...0x1fff], [0xac00...0xd7a3], [0x4e00...0x4fff, 0x61...0x61],
        [0xf900...0xfaff, 0x2f800...0x2fa1d], [0x302a...0x302f, 0x1d165...0x1d172, 0x323...0x323], [0x80...0xd7ff],
        [0xe000...0x10ffff],
    ]

    private func text(_ random: inout Seeded, parts: Int, length: Int, controls: Bool) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<parts {
            let alphabet = Self.alphabets[random.below(Self.alphabets.count)]
            for _ in 0..<1 + random.below(length) {
                let range = alphabet[random.below(alphabet.count)]
                let value = range.lowerBound + UInt32(random.below(range.count))
                guard let scalar = Unicode.Scalar(value) else { continue }
                let isControl = [.control, .format, .privateUse].contains(scalar.properties.generalCategory)
                if controls || !isControl { text.append(scalar) }
            }
        }
        return String(text)
    }

    @Test func theBeginningIsThatOfTheWhole() {
        var random = Seeded(state: 1), longest = 0
        for round in 0..<60 {
            let text = text(&random, parts: 1 + random.below(40), length: 1 + random.below(600), controls: true)
            let whole = tokenizer.encode(text), body = whole.dropFirst().dropLast()
            longest = max(longest, text.utf8.count)
            for count in [0, 2, 3, 16, 128, 2 + random.below(whole.count), whole.count - 1, whole.count, whole.count + 1] {
                let expected = [2] + body.prefix(max(0, count - 2)) + [3]
                #expect(tokenizer.encode(text, maxTokens: count) == expected, "round \(round), \(count) of \(whole.count)")
            }
        }
        #expect(longest > 5 * 4096)
    }

    // Texts are normalised in pieces; a word, a blank or a token on the border must not change.
    @Test(arguments: [" ", "\n", "中", "é", "\u{302f}\u{302a}", "[SEP]", "!", "a"])
    func aBorderOfPiecesIsNone(_ border: String) {
        let parts = (tokenizer.encode("word "), tokenizer.encode("\(border)end"))
        for length in 4085...4105 {
            let filling = String(repeating: " ", count: length - 5)
            #expect(
                tokenizer.encode("word \(filling)\(border)end")
                    == parts.0.dropLast() + parts.1.dropFirst(), "\(length)")
        }
    }

    /// Marks that no stripping takes away come in the order of their classes (216, 224, 226), those of a class as written.
    @Test func marksThatStayAreInCanonicalOrder() throws {
        let pieces = ["##\u{1d165}", "##\u{302e}", "##\u{302f}", "##\u{1d16d}"]
        let list = pieces.enumerated().map { "\"\($1)\":\(600 + $0)," }.joined()
        let text = try String(contentsOf: Fixtures.url("bert_tiny/tokenizer.json"), encoding: .utf8)
        let tokenizer = try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("tokenizer.json")
            try text.replacingOccurrences(of: "\"vocab\":{", with: "\"vocab\":{\(list)").write(
                to: file, atomically: true, encoding: .utf8)
            return try WordPiece(reading: file)
        }
        let a = tokenizer.encode("a")[1]
        #expect(
            tokenizer.encode("á\u{1d16d}\u{302f}\u{323}\u{302e}\u{1d165}\u{301} a\u{302e}\u{1d165}")
                == [2, a, 600, 602, 601, 603, a, 600, 601, 3])
    }

    @Test func canonicallyEquivalentTextsHaveTheSameIds() {
        var random = Seeded(state: 2)
        for round in 0..<300 {
            let text = text(&random, parts: 1 + random.below(6), length: 1 + random.below(30), controls: false)
            let decomposed = text.decomposedStringWithCanonicalMapping
            #expect(tokenizer.encode(text) == tokenizer.encode(decomposed), "round \(round)")
        }
    }
}

private struct Seeded {
    var state: UInt64

    mutating func below(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }
}
