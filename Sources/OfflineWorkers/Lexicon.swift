import Chat
import Files
import Foundation

/// Units by GNU units, and what is a what by WordNet.
///
/// Its weaknesses: a degree is a difference of temperatures to it, never a point on a scale; a word is whatever any of its
/// senses is; two words that WordNet doesn't list together it doesn't know.
struct Lexicon: Solver {
    static let name = "lexicon"
    static let isDeterministic = true

    private let units: BoundedProgram
    private let wordNet: BoundedProgram

    /// Throws ``Files/InputError`` where a program is missing.
    init() throws(InputError) {
        units = BoundedProgram(launch: try Launch("units", package: "units", arguments: ["-t", "-d", "12", "--"]))
        wordNet = BoundedProgram(launch: try Launch("wn", package: "wordnet"))
    }

    func answer(to question: String, seed: UInt64) async throws -> String {
        if let question = UnitsQuestion(question) { return try await convert(question) }
        if let question = LexicalQuestion(question) { return try await classify(question) }
        return "I convert units and know which things are which; this is neither."
    }

    /// The quantity's characters were checked by the question's parser, and units come from our table.
    private func convert(_ question: UnitsQuestion) async throws -> String {
        let outcome = try await units.run(["\(question.quantity) \(question.source.gnu)", question.target.gnu])
        let output = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        guard outcome.status == 0, let value = Double(output), value.isFinite else {
            return "My tables don't convert \(question.source.name) to \(question.target.name)."
        }
        return "\(question.quantity) \(question.source.name) are \(output) \(question.target.name).\n\nAnswer: \(output)"
    }

    private func classify(_ question: LexicalQuestion) async throws -> String {
        guard Self.isPlain(question.noun), Self.isPlain(question.category) else { return "I don't know such words." }
        // The status is the number of senses found.
        let senses = try await wordNet.run([question.noun, "-hypen"]).output
        guard senses.contains("Sense 1") else { return "My dictionary lacks \"\(question.noun)\", so I can't tell." }
        let holds = Self.names(in: senses).contains(question.category)
        return """
            In my dictionary, \(holds ? "a" : "not one") sense of "\(question.noun)" comes under "\(question.category)".

            Answer: \(holds ? "yes" : "no")
            """
    }

    /// Whether a text may go to a program as an argument: it can't look like an option.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= 60 && text.first != "-"
            && text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x2D || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }

    /// Every synonym of every sense and of what it comes under: `   => musteline mammal, mustelid`.
    private static func names(in senses: String) -> Set<String> {
        var names: Set<String> = []
        for line in senses.split(separator: "\n") {
            let synonyms = line.range(of: "=> ").map { line[$0.upperBound...] } ?? line
            for name in synonyms.split(separator: ",") { names.insert(name.trimmingCharacters(in: .whitespaces).lowercased()) }
        }
        return names
    }
}
