import Foundation
import Tensors
import Testing

@Suite struct SafetensorsTests {
    /// A header, the bytes behind it, and what the refusal says.
    static let lies: [(String, Int, String)] = [
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 8, "not the JSON"),
        (#"[1]"#, 0, "not the JSON"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x"#, 4, "follows"),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
            "named twice"
        ),
        (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "repeated key"),
        (#"{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}"#, 4, "unknown dtype \"Q4\""),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "whole number"),
        (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "not the JSON"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0, "overflows"),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, "too large"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "backwards"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "cut off"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "takes 8 bytes"),
        (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "needs dtype"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 8, "needs dtype"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
            "\"b\": overlaps"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
            12, "\"b\": leaves a hole"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "4 bytes belong to no tensor"),
        (#"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "not the JSON"),
        (#"{"a\q":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "unknown escape"),
    ]

    @Test(arguments: lies)
    func aHeaderThatLiesIsRefusedInOneLine(_ header: String, _ dataSize: Int, _ message: String) throws {
        try refuses(Data(header.utf8), UInt64(header.utf8.count), dataSize, message)
    }

    static let brokenEscapes = [
        (#"\u+041"#, "four digits"), (#"\u-001"#, "four digits"), (#"\u 041"#, "four digits"), (#"\u00g1"#, "four digits"),
        (#"\ud83d"#, "surrogate"), (#"\ud83dx"#, "surrogate"), (#"\ud83d\u0041"#, "surrogate"),
        (#"\ud83d \ude00"#, "surrogate"),
        (#"\ud83d\ud83d"#, "surrogate"), (#"\ude00"#, "surrogate"), (#"\ud83d\n"#, "surrogate"),
        (#"\ud83d\u+e00"#, "four digits"),
    ]

    @Test(arguments: brokenEscapes) func anEscapeThatIsNoneIsRefused(_ escape: String, _ message: String) throws {
        let header = #"{"\#(escape)":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        try refuses(Data(header.utf8), UInt64(header.utf8.count), 4, message)
    }

    @Test func escapesAreTheirScalars() throws {
        let header = #"{"\u0041\u00E9\ud83d\uDE00\/":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        try mapped(file(header, [0, 0, 0, 0])) { #expect($0.names == ["Aé😀/"]) }
    }

    @Test func aFileThatIsNoneIsRefused() throws {
        try refuses(Data(), 0, -1, "too few")
        try refuses(Data("{}".utf8), 3, 0, "cut off")
        try refuses(Data("{}".utf8), .max, 0, "cut off")
        try refuses(Data(count: 100_000_001), 100_000_001, 0, "not a safetensors file")
        try refuses(Data([0x7b, 0xff, 0x7d]), 3, 0, "not UTF-8")
        let error = #expect(throws: WeightsError.self) {
            try MappedWeights(reading: URL(fileURLWithPath: "/nonexistent/x.safetensors"))
        }
        #expect(error?.description.contains("/nonexistent/x.safetensors") == true)
    }

    private func refuses(_ header: Data, _ length: UInt64, _ dataSize: Int, _ message: String) throws {
        var file = withUnsafeBytes(of: length.littleEndian) { Data($0) } + header + Data(count: max(0, dataSize))
        if dataSize < 0 { file = file.prefix(7) }
        let error = #expect(throws: WeightsError.self) { try mapped(file) { _ in } }
        let text = try #require(error?.description)
        #expect(text.contains(message) && text.contains("w.safetensors") && !text.contains("\n"), "\(text)")
    }

    @Test func whatIsWrittenIsReadBackAndTheBytesAreFixed() throws {
        let a = Tensor(shape: [2, 3], scalars: [1, -2, 3.5, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]),
            b = Tensor(shape: [], scalars: [7])
        let odd = "b \"\\\n\u{1}é"
        let data = Safetensors.data(tensors: [(odd, b), ("a", a)], metadata: ["z": "1", "format": "pt"])
        #expect(data == Safetensors.data(tensors: [("a", a), (odd, b)], metadata: ["format": "pt", "z": "1"]))
        #expect(data.prefix(8).reduce(0) { $0 + Int($1) } % 8 == 0 && data[8] == UInt8(ascii: "{"))
        try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("w.safetensors")
            try Safetensors.write(tensors: [("a", a), (odd, b)], metadata: ["format": "pt", "z": "1"], to: file)
            #expect(try Data(contentsOf: file) == data)
            let weights = try MappedWeights(reading: file)
            #expect(weights.names == ["a", odd] && weights.metadata == ["format": "pt", "z": "1"])
            #expect(try weights.tensor(named: "a", shape: [2, 3]) == a)
            #expect(try weights.tensor(named: odd, shape: []) == b)
            #expect(weights.shape(of: "a") == [2, 3] && weights.type(of: "a") == .float32 && weights.shape(of: "c") == nil)
        }
    }

    @Test func theReferencePackagesBytesAreOurs() throws {
        let file = try Fixtures.url("bert_tiny/model.safetensors")
        let weights = try MappedWeights(reading: file)
        let tensors = try weights.names.map { ($0, try weights.tensor(named: $0, shape: try #require(weights.shape(of: $0)))) }
        #expect(Safetensors.data(tensors: tensors, metadata: weights.metadata) == (try Data(contentsOf: file)))
    }

    @Test func whatIsAskedForMustBeThereAndOfThatShape() throws {
        let header =
            #"{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}"#
        try mapped(file(header, [UInt8](repeating: 0, count: 12))) { weights in
            expect("no tensor \"c\"") { try weights.tensor(named: "c", shape: [1]) }
            expect("tensor \"b\" has shape [1, 2], expected [2]") { try weights.tensor(named: "b", shape: [2]) }
            expect("tensor \"a\" is of I32") { try weights.tensor(named: "a", shape: [1]) }
        }
    }

    @Test func halvesAreWidenedExactlyAndNonFiniteOnesAreNamed() throws {
        let header =
            #"{"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]}}"#
        let half: [UInt16] = [0x3c00, 0xc000, 0x0001, 0x8400, 0x7bff, 0x7c00, 0x0000, 0x03ff]
        let brain: [UInt16] = [0x3f80, 0xc040, 0x0001, 0x7f7f]
        let bytes = (half + brain).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        try mapped(file(header, bytes)) { weights in
            #expect(
                try weights.tensor(named: "h", shape: [8]).scalars
                    == [1, -2, 0x1p-24, -0x1p-14, 65504, .infinity, 0, Float(1023) * 0x1p-24])
            #expect(try weights.tensor(named: "b", shape: [4]).scalars.map(\.bitPattern) == brain.map { UInt32($0) << 16 })
            try weights.checkFinite("b")
            expect("tensor \"h\" holds an infinite value or NaN") { try weights.checkFinite("h") }
        }
    }

    @Test func everyHalfIsWidenedAsTheProcessorDoes() throws {
        let all = (0...UInt16.max).map { $0 }
        let header = #"{"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#
        try mapped(file(header, all.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })) { weights in
            let widened = try weights.tensor(named: "h", shape: [65536]).scalars
            for (bits, value) in zip(all, widened) {
                let expected = Float(Float16(bitPattern: bits))
                #expect(value == expected || (value.isNaN && expected.isNaN))
            }
        }
    }

    @Test func everyAddressIsReadAlike() throws {
        let bits: [UInt16] = (0..<67).map { $0 &* 0x01d1 }
        let bytes = bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        for blanks in 0..<4 {
            for type in ["F16", "BF16"] {
                let text = #"{"h":{"dtype":"\#(type)","shape":[67],"data_offsets":[0,134]}}"#
                let header = text + String(repeating: " ", count: blanks + (4 - text.utf8.count % 4) % 4)
                #expect(header.utf8.count % 4 == blanks)
                try mapped(file(header, bytes)) { weights in
                    let expected = bits.map {
                        type == "F16" ? Float(Float16(bitPattern: $0)) : Float(bitPattern: UInt32($0) << 16)
                    }
                    let got = try weights.tensor(named: "h", shape: [67]).scalars
                    #expect(got == expected, "\(type), offset \(blanks)")
                }
            }
        }
    }

    private func file(_ header: String, _ bytes: [UInt8]) -> Data {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(bytes)
    }

    private func mapped(_ data: Data, _ body: (MappedWeights) throws -> Void) throws {
        try Fixtures.folder { folder in
            let file = folder.appendingPathComponent("w.safetensors")
            try data.write(to: file)
            try body(try MappedWeights(reading: file))
        }
    }

    private func expect(_ message: String, _ body: () throws -> Any) {
        let error = #expect(throws: WeightsError.self) { _ = try body() }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
