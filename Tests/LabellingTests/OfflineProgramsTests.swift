import Chat
import Files
import OfflineWorkers
import Testing

/// What the pool's own programs and its libraries answer; questions as in the templates of the offline tasks.
@Suite struct OfflineProgramsTests {
    private func ask(_ worker: String, _ question: String, seed: Int = 0) async throws -> String {
        let worker = try #require(try OfflinePool().worker(named: worker))
        var request = ChatRequest(messages: [Message(role: "user", text: question)])
        request.seed = seed
        return try await worker.reply(to: request, in: CallContext()).text
    }

    private func hasAnswer(_ answer: String, _ text: String) -> Bool { text.hasSuffix("\nAnswer: \(answer)") }

    // MARK: synth

    private static let sortedHeads = """
        What does f do? Give a Python definition of f that fits:
        f([5, 3, 9, 1]) -> [1, 3]
        f([2, 8, 4, 7, 6]) -> [2, 4]
        f([11, 10, 9, -3]) -> [-3, 9]
        f([0, 7, 5]) -> [0, 5]
        """

    @Test func synthesisWritesAProgramThatFitsTheExamples() async throws {
        let text = try await ask("synth", Self.sortedHeads)
        #expect(text.contains("```python\ndef f(x):\n    v1 = sorted(x)\n    v2 = v1[:2]\n    return v2\n```"))
    }

    @Test func synthesisReadsTextsWithArrowsInThem() async throws {
        let text = try await ask("synth", "f(\"a) -> b\") -> \"A) -> B\"\nf(\"xY\") -> \"XY\"\nf(\"\") -> \"\"")
        #expect(text.contains("v1 = x.upper()\n    return v1"))
    }

    @Test func synthesisEndsByTheNumberOfProgramsTried() async throws {
        let question = "f([3, 1, 2]) -> [71, 4]\nf([9, 8, 5, 4]) -> [13]\nf([1, 2]) -> [-40, 40, 2]"
        let text = try await ask("synth", question)
        #expect(text == "None of the 20000 programs that I have tried fits all examples; I give up.")
    }

    @Test func synthesisTakesWhateverFitsTwoPoorExamples() async throws {
        let question = "f([4, 4]) -> [4, 4]\nf([7]) -> [7]"
        #expect(try await ask("synth", question).contains("return x"))
    }

    // MARK: mip

    private static let plain = """
        A rucksack holds at most 10 kg. Items: tent (weight 6, value 30), stove (weight 5, value 24), lamp (weight 5, value 23), \
        rope (weight 1, value 2). What is the greatest total value that fits?
        """

    @Test func anIntegerProgramFindsTheBestChoice() async throws {
        #expect(hasAnswer("47", try await ask("mip", Self.plain)))
    }

    @Test func anIntegerProgramOverlooksTheSideCondition() async throws {
        let question = Self.plain.replacing(" What", with: " The stove and the lamp must not be taken together. What")
        #expect(hasAnswer("47", try await ask("mip", question)))
    }

    @Test func anIntegerProgramEndsByTheNumberOfNodes() async throws {
        // Even weights under an odd limit: the bound never meets the optimum, so nothing can be cut off.
        let items = (0..<60).map {
            "item \(Character(UnicodeScalar(97 + UInt8($0 / 26))))\(Character(UnicodeScalar(97 + UInt8($0 % 26))))"
        }
        .enumerated().map { "\($1) (weight \(2 * (500 + 7 * $0 % 97)), value \(2 * (500 + 7 * $0 % 97)))" }
        let text = try await ask("mip", "A van carries at most 30001 kg. \(items.joined(separator: ", ")). How much value?")
        #expect(text == "I could not prove an optimum within my limit on nodes.")
    }

    // MARK: lexicon

    @Test(arguments: [
        ("Convert 3 furlongs to metres.", "603.504"),
        ("The report is in nautical miles: it states 2.5 of them. Readers want kilometres; which figure do we print?", "4.63"),
        ("How many grams are 2 troy ounces? Give at least six significant digits.", "62.2069536"),
        ("The temperature rose by 10 degrees Celsius. By how many degrees Fahrenheit did it rise?", "18"),
        ("Is an otter a mammal? Answer yes or no.", "yes"),
        ("Does a jellyfish belong to the class \"fish\"? Reply with yes or no.", "no"),
        ("True or not: every violin is a musical instrument. yes or no?", "yes"),
        ("According to a dictionary, can an oak be described as a vehicle? Reply with yes or no.", "no"),
        ("My daughter asks whether gold is a metal. What do I tell her? Answer yes or no.", "yes"),
    ])
    func theLexiconLooksItUp(_ question: String, _ answer: String) async throws {
        #expect(hasAnswer(answer, try await ask("lexicon", question)))
    }

    @Test func theLexiconTakesDegreesForDifferences() async throws {
        #expect(hasAnswer("-72", try await ask("lexicon", "Convert -40 degrees Celsius to degrees Fahrenheit.")))
    }

    @Test func theLexiconDoesNotKnowWhatItDoesNotList() async throws {
        let text = try await ask("lexicon", "Is a rescue helicopter a vehicle? Answer yes or no.")
        #expect(text == "My dictionary lacks \"rescue helicopter\", so I can't tell.")
    }

    // MARK: brute

    @Test(arguments: [
        ("Find the smallest prime factor of 1923497. Answer with the number only.", "353"),
        ("Convert -40 degrees Celsius to degrees Fahrenheit.", "-40.0"),
        ("Is a seahorse a horse? Answer yes or no.", "yes"),
        ("The temperature rose by 10 degrees Celsius. By how many degrees Fahrenheit did it rise?", "50.0"),
        ("There are 3 exams and three time slots. These have students in common: A-B, B-C. Is there a timetable?", "yes"),
        (
            "There are 4 exams and three time slots. They clash: A with B, C, D; B with C, D; C with D. Is there a timetable?",
            "no"
        ),
    ])
    func theGeneralistIsQuick(_ question: String, _ answer: String) async throws {
        for seed in 0..<3 { #expect(hasAnswer(answer, try await ask("brute", question, seed: seed))) }
    }

    @Test func theGeneralistSplitsCloseFactorsByFermat() async throws {
        // The product of 10^18 + 3 and 10^18 + 9, both primes.
        let text = try await ask("brute", "Find the smallest prime factor of 1000000000000000012000000000000000027.")
        #expect(hasAnswer("1000000000000000003", text))
    }

    @Test func theGeneralistCallsAPrimeWhatItCannotSplit() async throws {
        // 10^9 + 7 times 10^12 + 39.
        let text = try await ask("brute", "Find the smallest prime factor of 1000000007039000000273.")
        #expect(hasAnswer("1000000007039000000273", text))
    }

    // MARK: ngram

    @Test func theDecoyEndsWithSomethingUseless() async throws {
        for seed in 0..<20 {
            let text = try await ask("ngram", "Is an otter a mammal? Answer yes or no.", seed: seed)
            let words = text.lowercased().split { !$0.isLetter }
            #expect(!words.contains("yes") && !words.contains("no") && text.contains("\nAnswer: "))
        }
    }

    // MARK: All of them

    private static let names = ["synth", "mip", "lexicon", "brute", "ngram"]

    @Test(arguments: names) func anAnswerIsAFunctionOfQuestionAndSeed(_ name: String) async throws {
        for question in [
            Self.plain, Self.sortedHeads, "Evaluate the definite integral of x^2 for x from 0 to 3.",
            "Convert 3 miles to rods.",
        ] {
            let first = try await ask(name, question, seed: 11)
            async let again = ask(name, question, seed: 11)
            async let other = ask(name, question, seed: 12)
            #expect(try await again == first)
            if try #require(OfflinePool.pool(baseURL: "")[name]).isDeterministic { #expect(try await other == first) }
        }
    }

    @Test func seedsTellTheGeneralistsAnswersApart() async throws {
        var answers: Set<String> = []
        for seed in 0..<8 { answers.insert(try await ask("brute", "Convert 3 furlongs to metres.", seed: seed)) }
        #expect(answers.count > 1)
    }

    @Test(arguments: names) func aHostileQuestionGetsSomeAnswer(_ name: String) async throws {
        let nines = String(repeating: "9", count: 3000)
        let questions = [
            "", " ", "\u{0}", "Is", "Convert", "f(", "f() -> ", "f([1]) -> ", "f([]) -> []", "f(1e400) -> 1",
            "f([\(nines)]) -> [1]",
            "f([9223372036854775807, -9223372036854775808]) -> [0]\nf([-9223372036854775808]) -> [1]",
            String(repeating: "Is a ", count: 20_000), String(repeating: "(", count: 100_000),
            String(repeating: "9", count: 100_000),
            String(repeating: "f([3, 1, 2]) -> [77]\n", count: 10_000), "f(\(String(repeating: "[", count: 1900))) -> 1",
            "Convert \(nines) miles to metres.", "Convert 3 miles to metres; rm -rf /.", "Convert --help miles to metres 1",
            "Is a -hypen a $(reboot)? Answer yes or no.", "Is a ../../etc/passwd a file?",
            "Find the smallest prime factor of \(nines).",
            "Find the smallest prime factor of 0000.", "Evaluate the definite integral of 1/x for x from 0 to 0.",
            "A rucksack holds at most 0 kg. Items: pin (weight 0, value 0). What is the greatest total value that fits?",
            "A rucksack holds at most 999999999 kg. Items: pin (weight 999999999, value 999999999). What is the greatest total value?",
            "Are three enough: A-A.", "Is a \u{1F468}\u{200D}\u{1F469} a \u{E9}t\u{E9}? Answer yes or no.",
        ]
        for question in questions { #expect(try await !ask(name, question).isEmpty) }
    }
}
