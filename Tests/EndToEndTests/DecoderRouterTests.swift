import Foundation
import Testing

/// A router whose backbone is a decoder: every command as with a BERT, and no flag needed.
struct DecoderRouterTests {
    private struct Decision: Decodable {
        var worker: String
        var scores: [String: Double], probabilities: [String: Double]
        var tokens: Int, cut: Bool
    }

    private struct Embedded: Decodable {
        var states: Int, width: Int
        var cut: Int, first_cut: String?
    }

    private typealias Body = LiveServeTests.Body

    /// A workshop whose model is a small random Qwen3.
    private static func workshop(_ name: String = "qwen3_tiny") throws -> Workshop {
        let workshop = try Workshop()
        try workshop.remove("model")
        let model = try #require(Command.above("Package.swift"))
            .appendingPathComponent("Tests/NumericsTests/Fixtures/decoders/\(name)")
        for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
            try workshop.copy(model.appendingPathComponent(name), to: "model/\(name)")
        }
        return workshop
    }

    private func done(_ workshop: Workshop, _ arguments: String...) throws -> String {
        let ending = try Command.baton(arguments, in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        return ending.output
    }

    private func json<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func decision(_ workshop: Workshop, _ text: String) throws -> Decision {
        try json(done(workshop, "route", "\(Workshop.run)/router", text, "--json"))
    }

    @Test func aDecoderNeedsNothingButItsFolder() throws {
        let workshop = try Self.workshop()
        _ = try done(workshop, "run", "recipe.yaml", "--threads", "1")
        let states = try done(workshop, "inspect", "\(Workshop.run)/states.h5")
        for part in ["@prompt = chat", "@readout = penultimate", "@cut = tail", "@layers = 4", "@max_tokens = 512"] {
            #expect(states.contains(part), "\(part) is not in \(states)")
        }
        let bundle = try #require(
            JSONSerialization.jsonObject(with: workshop.bytes("\(Workshop.run)/router/router.json")) as? [String: Any])
        let embed = try #require(bundle["embed"] as? [String: Any])
        #expect(embed["prompt"] as? String == "chat" && embed["readout"] as? String == "penultimate")
        #expect(embed["cut"] as? String == "tail")

        let decision = try decision(workshop, "map river 7")
        #expect(Set(decision.scores.keys) == ["alpha", "beta", "gamma"] && !decision.cut)
        let ids = try Command.baton(
            ["tokenize", "--model", "model", "--chat"], in: workshop.url, input: "\"map river 7\"\n"
        ).output
        #expect(ids.split(separator: ",").count == decision.tokens)
        let long = try self.decision(workshop, String(repeating: "map river ", count: 300))
        #expect(long.cut && long.tokens == 512)

        // The same bytes with other threads, and with what the folder says said by the recipe.
        let other = try Self.workshop()
        _ = try done(other, "run", "recipe.yaml", "--threads", "2", "--embed.prompt", "chat")
        #expect(differences(try workshop.lasting(), try other.lasting()) == ["recipe.yaml"])
    }

    @Test func aBundleFromBeforeCutsWereToldReadsAsItDid() throws {
        let workshop = try Workshop.finished(), file = "\(Workshop.run)/router/router.json"
        let before = try decision(workshop, "map river 7")
        try workshop.write(try workshop.text(file).replacing(#/"cut"\s*:\s*"tail",\s*/#, with: ""), to: file)
        #expect(try !workshop.text(file).contains("\"cut\""))
        #expect(try decision(workshop, "map river 7").scores == before.scores)
    }

    @Test func textsGoInAsTheyAreOrInTheTemplate() throws {
        let workshop = try Self.workshop()
        func states(_ flags: String...) throws -> (result: Embedded, bytes: String) {
            let output = try done(
                workshop, ["embed", "--model", "model", "--input", "texts.jsonl", "--output", "out.h5", "--json"] + flags)
            return (try json(output), try done(workshop, "inspect", "out.h5"))
        }
        let plain = try states(), chat = try states("--chat"), instructed = try states("--chat", "--system", "Who answers?")
        #expect(plain.bytes.contains("@prompt = text") && chat.bytes.contains("@prompt = chat"))
        #expect(instructed.bytes.contains("@system = Who answers?") && !chat.bytes.contains("@system"))
        #expect(plain.result.states == 5 && plain.result.cut == 0 && plain.result.first_cut == nil)
        // Of another place of the template other digests; `--embed.prompt` is the same as `--chat`.
        func key(_ lines: String) -> Substring? { lines.split(separator: "\n").first { $0.contains("@key") } }
        #expect(Set([plain, chat, instructed].map { key($0.bytes) }).count == 3)
        #expect(try key(states("--embed.prompt", "chat").bytes) == key(chat.bytes))

        try workshop.write(
            #"{"id": "a", "text": "short"}"# + "\n" + #"{"id": "b", "text": "\#(String(repeating: "river ", count: 90))"}"#
                + "\n",
            to: "texts.jsonl")
        let cut = try states("--chat", "--max-tokens", "60", "--embed.cut", "head")
        #expect(cut.result.cut == 1 && cut.result.first_cut == "b")
        #expect(cut.bytes.contains("@cut = head") && cut.bytes.contains("@first_cut_text = b"))
        let told = try workshop.baton(
            "embed", "--model", "model", "--input", "texts.jsonl", "--output", "out.h5", "--max-tokens", "60")
        #expect(told.messages.contains("1 text was cut to 60 tokens at the tail, \"b\""), "\(told.messages)")

        let unread = try workshop.baton(
            "embed", "--model", "model", "--input", "texts.jsonl", "--output", "x.h5", "--embed.system", "Who?")
        #expect(unread.status == 2 && unread.lines.count == 1 && unread.messages.contains("embed.system"), "\(unread.messages)")
        #expect(
            try workshop.baton(
                "embed", "--model", "model", "--input", "texts.jsonl", "--output", "x.h5", "--system", "Who?"
            ).status == 64)
    }

    private func done(_ workshop: Workshop, _ arguments: [String]) throws -> String {
        let ending = try Command.baton(arguments, in: workshop.url)
        try #require(ending.status == 0, "\(ending.messages)")
        return ending.output
    }

    @Test func whatAServerKeepsOfEarlierTurnsChangesNoDecision() throws {
        let workshop = try Self.workshop(), provider = try LiveProvider()
        _ = try done(workshop, "run", "recipe.yaml", "--threads", "1")
        try workshop.writePool(port: provider.port)
        var turns: [Body.Message] = [.init(role: "system", content: "map river city")], bodies: [Body] = []
        for turn in 0..<5 {
            turns.append(.init(role: "user", content: "\(String(repeating: "sum digit ", count: 5 + turn)) \(turn)?"))
            bodies.append(Body(model: "baton", messages: turns))
            turns.append(.init(role: "assistant", content: "It is \(turn)."))
        }
        bodies.append(Body(model: "baton", messages: [.init(content: String(repeating: "verb noun ", count: 400))]))
        var answers: [[LiveServeTests.Answer]] = []
        for memory in ["0", "200KB", "64MB"] {
            let server = try LiveServeTests.Server(workshop, ["--prefix-memory", memory])
            for _ in 0..<2 { answers.append(try bodies.flatMap { try server.chat($0) }) }
            #expect(try server.end().status == 0)
        }
        func receipts(_ answers: [LiveServeTests.Answer]) -> [[String?]] {
            answers.map { answer in
                ["x-baton-worker", "x-baton-probability", "x-baton-route-tokens", "x-baton-route-cut"].map {
                    answer.headers[$0]
                }
            }
        }
        for round in answers {
            #expect(round.allSatisfy { $0.status == 200 })
            #expect(receipts(round) == receipts(answers[0]))
        }
        // All turns are read, and what is too long is cut.
        let tokens = answers[0].compactMap { $0.headers["x-baton-route-tokens"].flatMap(Int.init) }
        #expect(tokens.count == 6 && Array(tokens.prefix(5)) == tokens.prefix(5).sorted() && Set(tokens.prefix(5)).count == 5)
        #expect(tokens[5] == 512 && answers[0].map { $0.headers["x-baton-route-cut"] } == [nil, nil, nil, nil, nil, "tail"])
        // One message alone is what `route` decides by.
        let alone = try decision(workshop, bodies[5].messages[0].content)
        #expect(answers[0][5].worker == alone.worker)
        let flag = try workshop.baton("serve", "\(Workshop.run)/router", "--pool", "pool.yaml", "--prefix-memory", "much")
        #expect(flag.status == 64)
    }

    @Test func tasksOfSeveralTurnsAreReadAsServedRequestsAre() throws {
        let workshop = try Self.workshop("qwen2_tiny"), provider = try LiveProvider()
        try workshop.goLive()
        try workshop.writePool(port: provider.port)
        for part in ["train", "validation", "test"] {
            try workshop.edit(
                "tasks/\(part).jsonl", #""messages": [{"#,
                #""messages": [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be right."}, {"#,
                everywhere: true)
        }
        for prompt in ["chat", "transcript", "last_user"] {
            let run = "runs/\(prompt)"
            let ending = try workshop.live(
                "run", "recipe.yaml", "--run", run, "--embed.prompt", prompt, "--generations", "2", "--evolve.popsize", "4")
            try #require(ending.status == 0, "\(ending.messages)")
            let bundle = try workshop.text("\(run)/router/router.json")
            // Probes hold all that is read, and a router that loads has compared their scores.
            #expect(bundle.contains("Be brief.") == (prompt != "last_user"))
            let decision: Decision = try json(done(workshop, "route", "\(run)/router", "sum plus 3", "--json"))
            #expect(decision.tokens > 0)
        }
    }
}
