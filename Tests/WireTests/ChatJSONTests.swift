import Chat
import Testing

@Suite struct ChatJSONTests {
    @Test(arguments: [
        #"{"b":1.0,"a":[true,false,null,-0,1E+5,0.10,123456789012345678901234567890],"b":{"":"x"}}"#,
        #""a\"\\\n\r\t\u0001é世🙂""#, "[]", "{}",
        #"[[],{},"",0]"#, "-1.5e-10",
    ])
    func whatIsReadIsWrittenAsItStood(text: String) throws {
        #expect(try JSON(parsing: text).text == text)
        #expect(try JSON(parsing: " \n\t\r" + text + " ").text == text)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "+1", "01", "1.", ".5", "1e", "1e+", "-", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":1,}", "\"",
        "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u-000\"", "\"\\u+123\"", "\"\\u 123\"", "\"\n\"", "1 2", "[", "{", "[}", "NaN",
        "Infinity", "'a'",
        "\u{FEFF}1", "\"\\ud800\\u00", "\"\\ud800\\",
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func everyPrefixOfATextIsRefusedWithoutATrap() throws {
        let whole = Array(#"{"a":[1.5e3,"\ud83d\ude42é",{"b":null}],"c":true}"#.utf8)
        for end in whole.indices { #expect(throws: JSONError.self) { try JSON(parsing: whole[..<end]) } }
        #expect(throws: Never.self) { try JSON(parsing: whole) }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try JSON(parsing: nested(JSON.deepest)) }
        #expect(throws: JSONError.self) { try JSON(parsing: nested(JSON.deepest + 1)) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "{\"a\":[", count: 100_000)) }
    }

    @Test func surrogatesMakePairsOrTheReplacementCharacter() throws {
        for (text, value) in [
            (#""\ud83d\ude42""#, "🙂"), (#""\ud83d""#, "\u{FFFD}"), (#""\ude42x""#, "\u{FFFD}x"),
            (#""\ud83d\ud83d\ude42""#, "\u{FFFD}🙂"),
            (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83dA""#, "\u{FFFD}A"), (#""\u00e9""#, "é"),
        ] {
            #expect(try JSON(parsing: text) == .string(value), "\(text)")
        }
    }

    @Test(
        arguments: [[0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xF4, 0x90, 0x80, 0x80], [0xE4, 0xB8]] as [[UInt8]])
    func bytesThatAreNoUTF8AreRefused(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
    }

    @Test func equalValuesHaveEqualCanonicalBytesAndOthersDont() throws {
        func canonical(_ text: String) throws -> String {
            String(decoding: try JSON(parsing: text).canonicalBytes, as: UTF8.self)
        }
        #expect(try canonical(#"{"b":1,"a":{"d":2,"c":3}}"#) == #"{"a":{"c":3,"d":2},"b":1}"#)
        #expect(try canonical(#"{"a":1,"a":2}"#) == #"{"a":2}"#)
        #expect(try canonical(#"{"a":1.0}"#) != canonical(#"{"a":1}"#))
        // é composed and decomposed are two keys, though Swift calls them equal.
        #expect(try canonical("{\"\u{E9}\":1,\"e\u{301}\":2}").utf8.elementsEqual("{\"e\u{301}\":2,\"\u{E9}\":1}".utf8))
    }

    @Test func wholeNumbersAreReadWhereTheyAreWhole() throws {
        for (text, value) in [("3", 3), ("3.0", 3), ("3e2", 300), ("3.5", nil), ("1e400", nil), ("9223372036854775808", nil)]
            as [(String, Int?)]
        {
            #expect(try JSON(parsing: text).int == value, "\(text)")
        }
    }

    @Test func whatAProviderCountsBeyondBeliefIsNoCount() throws {
        let huge = try JSON(parsing: #"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}"#)
        #expect(Usage(huge) == nil)
        #expect(Usage(try JSON(parsing: #"{"prompt_tokens":5,"completion_tokens":-1}"#)) == nil)
    }
}

@Suite struct ChatEventTests {
    private static let stream = Array(
        "\u{FEFF}: comment\r\ndata: {\"a\":\"世🙂\"}\r\n\r\nid: 3\ndata:two\ndata: lines\n\n\r\rdata\n\nevent: x\n\ndata: [DONE]\n\ndata: no end"
            .utf8.dropFirst(3))
    private static let events = ["{\"a\":\"世🙂\"}", "two\nlines", "", "[DONE]"]

    @Test func aStreamCutAnywhereGivesTheSameEvents() throws {
        let bytes = Self.stream
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                var reader = ServerSentEvents()
                var events: [[UInt8]] = []
                for part in [bytes[..<first], bytes[first..<second], bytes[second...]] { events += try reader.take(part) }
                #expect(events.map { String(decoding: $0, as: UTF8.self) } == Self.events, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func oneByteAtATimeGivesTheSameEvents() throws {
        var reader = ServerSentEvents()
        var events: [[UInt8]] = []
        for byte in Self.stream { events += try reader.take(CollectionOfOne(byte)) }
        #expect(events.map { String(decoding: $0, as: UTF8.self) } == Self.events)
    }

    @Test func aLineWithoutEndIsRefused() throws {
        var reader = ServerSentEvents()
        let piece = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
        #expect(throws: CallFailure.self) {
            for _ in 0..<17 { _ = try reader.take(piece) }
        }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let json: JSON = ["text": "two\nlines\r\nand 🙂"]
        var reader = ServerSentEvents()
        let events = try reader.take(ServerSentEvents.event(json) + ServerSentEvents.done)
        #expect(events == [json.bytes, Array("[DONE]".utf8)])
    }
}
