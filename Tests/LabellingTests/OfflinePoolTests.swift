import Chat
import Foundation
import OfflineWorkers
import Testing

/// What the embedded pool's programs answer; they really run.
@Suite struct OfflinePoolTests {
    private static let pool = Result { try OfflinePool() }

    private func ask(_ name: String, _ question: String) async throws -> String {
        let worker = try #require(try Self.pool.get().worker(named: name))
        return try await worker.reply(to: ChatRequest(messages: [Message(role: "user", text: question)]), in: CallContext())
            .text
    }

    private func integral(_ worker: String, _ f: String, _ a: String, _ b: String) async throws -> String {
        try await ask(worker, "Evaluate the definite integral of \(f) for x from \(a) to \(b). A decimal number will do.")
    }

    @Test func computerAlgebraFindsWhatHasAClosedForm() async throws {
        #expect(try await integral("cas", "x^2*exp(-x)", "0", "1").hasSuffix(" 0.160602794143"))
        #expect(try await integral("cas", "1/sqrt(1-x^2)", "0", "1").hasSuffix(" 1.57079632679"))
        #expect(try await integral("cas", "exp(-x)*sin(2*x)", "0", "infinity").hasSuffix(" 0.4"))
        #expect(try await integral("cas", "exp(-x)*cos(150*x)", "0", "3").hasSuffix(" -0.000180723161388"))
        #expect(try await ask("cas", "What is the least prime that divides 100160063?").hasSuffix(" 10007"))
    }

    @Test func computerAlgebraGivesUpWhereThereIsNoClosedForm() async throws {
        #expect(try await integral("cas", "exp(sin(2*x))", "0", "1") == "I can't find a closed form of this integral.")
        #expect(try await integral("cas", "1/x", "0", "1") == "I can't find a closed form of this integral.")
        #expect(try await ask("cas", "Find the smallest prime factor of 999999866000004473.").contains("too long"))
    }

    /// Maxima has no budget of its own; without ours this one runs for a minute.
    @Test func computerAlgebraEndsByItsStepsAndAnswersTheNextQuestion() async throws {
        #expect(try await integral("cas", "((1+x)^20*cos(x)^3)^3", "0", "2") == "I can't find a closed form of this integral.")
        #expect(try await integral("cas", "x", "0", "1").hasSuffix(" 0.5"))
    }

    @Test func numberTheoryKnowsSmoothFunctionsAndMiddlingNumbers() async throws {
        #expect(try await integral("nt", "exp(sin(2*x))", "0", "2*pi").hasSuffix(" 7.95492652101"))
        #expect(try await integral("nt", "log(2+sin(x^2))", "0", "2").hasSuffix(" 1.71520626865"))
        #expect(try await ask("nt", "Find the smallest prime factor of 1000000016000000063.").hasSuffix(" 1000000007"))
    }

    @Test func numberTheoryFailsAtSingularitiesOscillationsAndLongNumbers() async throws {
        for (f, b) in [("1/sqrt(x)", "1"), ("log(x)^2", "1"), ("x^(-2/3)", "2"), ("x*sin(220*x)", "3")] {
            #expect(try await integral("nt", f, "0", b).contains("doesn't settle"))
        }
        #expect(try await integral("nt", "x*exp(-x)", "0", "infinity") == "I don't integrate to infinity.")
        let long = String(repeating: "1234567891", count: 4)
        #expect(try await ask("nt", "What is the least prime that divides \(long)?").contains("beyond"))
    }

    private let clique = "These interfere with each other: A-B, A-C, A-D, B-C, B-D"
    @Test func constraintSolverColoursPairsAndReadsNoLists() async throws {
        let question = "4 radio towers share three frequencies. "
        #expect(try await ask("smt", question + clique + ". Does that work?").hasSuffix(" yes"))
        #expect(try await ask("smt", question + clique + ", C-D. Does that work?").hasSuffix(" no"))
        #expect(
            try await ask("smt", question + "These differ: A with B, C; B with D. Does that work?").contains("not as lists"))
    }

    private func rucksack(_ side: String) async throws -> String {
        try await ask(
            "smt",
            "A rucksack holds at most 10 kg. Items: rope (weight 3, value 10), tin whistle (weight 4, value 40), "
                + "lamp (weight 6, value 30), whistle (weight 3, value 50).\(side) What is the greatest total value that fits?")
    }
    @Test func constraintSolverKeepsSideConditions() async throws {
        #expect(try await rucksack("").hasSuffix(" 100"))
        #expect(try await rucksack(" You may choose 1 of them at most.").hasSuffix(" 50"))
        #expect(try await rucksack(" It's either the tin whistle or the whistle, never both.").hasSuffix(" 80"))
        #expect(try await rucksack(" Without the lamp, the whistle may not be chosen.").hasSuffix(" 80"))
        #expect(try await rucksack(" The lamp smells like the rope.") == "There is a condition that I don't understand.")
    }

    @Test func constraintSolverRunsOutOfStepsOnLongLists() async throws {
        let items = (0..<36).map {
            "thing \(UnicodeScalar(UInt8(97 + $0 % 26)))\($0 < 26 ? "x" : "y") (weight \(31 + $0 * 17 % 41), value \(33 + $0 * 23 % 43))"
        }
        let text =
            "A rucksack holds at most 700 kg. Items: \(items.joined(separator: ", ")). What is the greatest total value that fits?"
        #expect(try await ask("smt", text).contains("ran out of steps"))
    }

    @Test(arguments: [
        "system(\"true\")", "x^2); system(\"true\"); print(1", "shell(x)", "$(true)*x", "x;quit()", "read(x)", "extern(\"x\")",
        "(x\n:lisp (quit))", "install(x)", "x]; quit[", "9^9^9^9*x", "x!", "`true`*x",
    ])
    func noCommandReachesAProgram(expression: String) async throws {
        for worker in ["cas", "nt"] {
            let text = try await integral(worker, expression, "0", "1")
            #expect(["I only know", "I factor numbers and", "That expression is too"].contains { text.hasPrefix($0) })
        }
    }

    @Test func anAnswerDependsOnItsQuestionAlone() async throws {
        let questions: [(String, String)] = [
            ("cas", "x^2*exp(-x)"), ("cas", "exp(sin(2*x))"), ("nt", "exp(sin(2*x))"), ("cas", "1/x"), ("nt", "sqrt(x-1/2)"),
            ("cas", "log(x)^2"), ("nt", "x^x"), ("cas", "1/(x^2+4)"),
        ]
        func answers(_ questions: [(String, String)]) async throws -> [String: String] {
            try await withThrowingTaskGroup(of: (String, String).self) { group in
                for (worker, f) in questions { group.addTask { (worker + f, try await integral(worker, f, "0", "1")) } }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        }
        let first = try await answers(questions), second = try await answers(questions.reversed() + questions)
        #expect(first == second)
        #expect(first.count == questions.count)
    }
}
