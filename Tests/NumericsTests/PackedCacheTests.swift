import Backbones
import Files
import Foundation
import Tensors
import Testing

/// Packed weights beside a model: faster where they can be believed, never another result.
@Suite struct PackedCacheTests {
    private static let always = PackedCache(from: 0)
    private static let texts = PackedBatch([[5, 90, 17, 33], [7], Array(20..<60)])

    /// A folder whose files are those of the fixture, by links: their stamps are as old as the checkout.
    private func linked(_ name: String, _ body: (URL) throws -> Void) throws {
        try Fixtures.folder { folder in
            let source = try Fixtures.url(name)
            for file in try FileManager.default.contentsOfDirectory(atPath: source.path) where !file.hasPrefix("golden") {
                try FileManager.default.createSymbolicLink(
                    at: folder.appendingPathComponent(file),
                    withDestinationURL: source.appendingPathComponent(file).resolvingSymlinksInPath())
            }
            try body(folder)
        }
    }

    private func states(_ folder: URL, _ precision: Precision, _ cache: PackedCache) throws -> Tensor {
        try ModelDirectory(reading: folder).backbone(precision: precision, threads: Threads(2), cache: cache)
            .states(of: Self.texts, readout: .mean, levels: nil, threads: .one)
    }

    private func file(_ precision: Precision, in folder: URL, _ type: String = "safetensors") -> URL {
        folder.appendingPathComponent(".baton/packed-\(precision.rawValue).\(type)")
    }

    private func number(_ file: URL) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int)
    }

    @Test(arguments: ["decoders/qwen3_tiny", "decoders/qwen2_tiny", "decoders/llama_tiny", "bert_tiny"], Precision.allCases)
    func keptWeightsGiveTheSameBits(_ name: String, _ precision: Precision) throws {
        try linked(name) { folder in
            let expected = try states(folder, precision, .off), kept = file(precision, in: folder)
            #expect(!FileManager.default.fileExists(atPath: kept.path))
            #expect(try states(folder, precision, Self.always) == expected)
            let number = try number(kept)
            #expect(try states(folder, precision, Self.always) == expected)
            #expect(try self.number(kept) == number, "written again, so not believed")
            #expect(try MappedWeights(reading: kept).metadata["precision"] == precision.rawValue)
        }
    }

    @Test func eachPrecisionIsKeptForItself() throws {
        try linked("decoders/qwen3_tiny") { folder in
            for _ in 1...2 {
                for precision in Precision.allCases {
                    #expect(try states(folder, precision, Self.always) == states(folder, precision, .off))
                }
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(".baton").path)
            #expect(names.count == 2 * Precision.allCases.count)
        }
    }

    /// What can happen to the file: each must cost a packing, and nothing else.
    enum Damage: CaseIterable {
        case cutOff, emptied, changedByte, copied, recordCutOff, recordGone, gone, folder
    }

    @Test(arguments: Damage.allCases) func aFileThatIsNotAsItWasWrittenIsNotBelieved(_ damage: Damage) throws {
        try linked("decoders/qwen3_tiny_bf16") { folder in
            let expected = try states(folder, .bf16, .off)
            _ = try states(folder, .bf16, Self.always)
            let kept = file(.bf16, in: folder), record = file(.bf16, in: folder, "json"), before = try number(kept)
            let bytes = try Data(contentsOf: kept)
            switch damage {
            case .cutOff: try rewrite(kept) { bytes.prefix(bytes.count - 64) }
            case .emptied: try rewrite(kept) { Data() }
            case .changedByte:
                try rewrite(kept) { bytes.prefix(bytes.count - 9) + Data([bytes[bytes.count - 9] ^ 1]) + bytes.suffix(8) }
            case .copied:
                try FileManager.default.moveItem(at: kept, to: folder.appendingPathComponent("other"))
                try bytes.write(to: kept)
            case .recordCutOff: try rewrite(record) { try Data(contentsOf: record).dropLast(2) }
            case .recordGone: try FileManager.default.removeItem(at: record)
            case .gone: try FileManager.default.removeItem(at: kept)
            case .folder: try FileManager.default.removeItem(at: folder.appendingPathComponent(".baton"))
            }
            #expect(try states(folder, .bf16, Self.always) == expected)
            // It was made anew, and that is believed.
            let after = try number(kept)
            #expect(after != before || damage == .gone || damage == .folder)
            #expect(try states(folder, .bf16, Self.always) == expected)
            #expect(try number(kept) == after && Data(contentsOf: kept) == bytes)
        }
    }

    /// Writes in place; again, until the clock of the file system has moved.
    private func rewrite(_ file: URL, by data: () throws -> Data) throws {
        let before = try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date, data = try data()
        repeat {
            try data.write(to: file)
        } while try FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate]
            as? Date == before
    }

    @Test func otherWeightsOfTheSameSizeAreNotTheOnesThatWereKept() throws {
        try linked("decoders/qwen3_tiny_bf16") { folder in
            let old = try states(folder, .bf16, Self.always), weights = folder.appendingPathComponent("model.safetensors")
            var bytes = try Data(contentsOf: weights)
            // Signs of the last tensor's numbers.
            for index in stride(from: bytes.count - 1, to: bytes.count - 4096, by: -2) { bytes[index] ^= 0x80 }
            try FileManager.default.removeItem(at: weights)
            try bytes.write(to: weights)
            let expected = try states(folder, .bf16, .off)
            #expect(expected != old)
            for _ in 1...3 { #expect(try states(folder, .bf16, Self.always) == expected) }
        }
    }

    @Test func weightsThatMayStillBeWrittenAreNotKept() throws {
        try linked("decoders/qwen3_tiny_bf16") { folder in
            let weights = folder.appendingPathComponent("model.safetensors"), bytes = try Data(contentsOf: weights)
            try FileManager.default.removeItem(at: weights)
            // A time to come, as the clock of a server of files may have it.
            try bytes.write(to: weights)
            _ = try states(folder, .bf16, Self.always)
            let changed = try #require(
                FileManager.default.attributesOfItem(atPath: weights.path)[.modificationDate] as? Date)
            #expect(!FileManager.default.fileExists(atPath: file(.bf16, in: folder).path) || changed.timeIntervalSinceNow < -1)
        }
    }

    @Test func aFolderThatTakesNothingCostsThePackingOnly() throws {
        try linked("bert_tiny") { folder in
            try Data().write(to: folder.appendingPathComponent(".baton"))
            #expect(try states(folder, .int8, Self.always) == states(folder, .int8, .off))
            #expect(try states(folder, .int8, Self.always) == states(folder, .int8, .off))
        }
    }

    @Test func whatTakesMoreOfTheDiskThanTheModelIsNotKept() throws {
        try linked("decoders/qwen3_tiny_bf16") { folder in
            let size = try #require(
                FileManager.default.attributesOfItem(
                    atPath: folder.appendingPathComponent("model.safetensors").resolvingSymlinksInPath().path)[.size] as? Int)
            for precision in Precision.allCases {
                _ = try states(folder, precision, PackedCache(from: 0, modest: 0))
                guard let kept = try? Data(contentsOf: file(precision, in: folder)) else { continue }
                #expect(kept.count <= size + 8192 && precision != .f32)
            }
            #expect(FileManager.default.fileExists(atPath: file(.bf16, in: folder).path))
        }
    }

    @Test func smallModelsArePackedAtEachStart() throws {
        try linked("bert_tiny") { folder in
            _ = try states(folder, .f32, .standard)
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent(".baton").path))
        }
    }

    @Test func firstStartsAtOnceLeaveOneWholeFile() throws {
        try linked("decoders/qwen3_tiny") { folder in
            let expected = try states(folder, .bf16, .off)
            let got = Threads(4).map(8) { _ in Result { try states(folder, .bf16, Self.always) } }
            for states in got { #expect(try states.get() == expected) }
            let number = try number(file(.bf16, in: folder))
            #expect(try states(folder, .bf16, Self.always) == expected)
            #expect(try self.number(file(.bf16, in: folder)) == number)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(".baton").path)
            #expect(names.sorted() == ["packed-bf16.json", "packed-bf16.safetensors"])
        }
    }

    /// When this fails because a layout changed, `PackedMatrix.layout` goes up by one, and here stand the digests of the new one.
    @Test func aNewLayoutTakesANewNumber() {
        let weight = Tensor(shape: [70, 37], scalars: (0..<70 * 37).map { Float($0 * 7 % 61 - 30) / 8 })
        let expected: [Precision: String] = [
            .f32: "9ed409e3652f23422261287e02b867fc9c6a138ea93e26321c7145da373aa741",
            .bf16: "4ede44b2608344abbde9d0bed5b63ab011bbbb771dacfd07ed4fd3def54c390f",
            .f16: "9fa522e0c0f7ef9b1501db91514e4635a18f898f0b9772c71998fc1c7416ed7b",
            .int8: "888790af93c5812d8d567df97390af92e1cb40f024d02b479a6bed5aec239d28",
        ]
        for precision in Precision.allCases {
            let map = PackedMatrix(weight, bias: [], precision: precision)
            let digest = map.withPackedBytes { SHA256.hex(of: Array($0)) }
            #expect(PackedMatrix.layout == 1 && digest == expected[precision], "\(precision) \(digest)")
        }
    }
}
