import Foundation
import Tensors
import Testing

/// Files that an oracle made, and the real model that `make setup` brings.
enum Fixtures {
    static func url(_ path: String) throws -> URL {
        try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(path)")
    }

    static func json<Value: Decodable>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(path)))
    }

    /// A temporary folder that `body` may fill; removed afterwards.
    static func folder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("numerics-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    /// Models/all-MiniLM-L6-v2 beside the manifest; nil when it has not been brought.
    static let miniLM: URL? = {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let model = folder.appendingPathComponent("Models/all-MiniLM-L6-v2")
            if FileManager.default.fileExists(atPath: model.appendingPathComponent("model.safetensors").path) { return model }
        }
        return nil
    }()

    /// The tokenizers of the golden data, ../shared/golden beside the checkout; nil without it.
    static let goldenTokenizers: URL? = {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) else { continue }
            let golden = folder.deletingLastPathComponent().appendingPathComponent("shared/golden/tokenizers")
            return FileManager.default.fileExists(atPath: golden.path) ? golden : nil
        }
        return nil
    }()

    static let withoutGoldens: Comment = "../shared/golden is not beside this checkout"

    static let withoutMiniLM: Comment = "Models/all-MiniLM-L6-v2 is absent; \"make setup\" brings it"
}

/// ‖got − expected‖ / ‖expected‖ and the largest difference of one element.
func distance(_ got: some Sequence<Float>, _ expected: some Sequence<Float>) -> (relative: Double, largest: Double) {
    var square = 0.0, norm = 0.0, largest = 0.0
    for (a, b) in zip(got, expected) {
        let difference = abs(Double(a) - Double(b))
        guard difference.isFinite else { return (.infinity, .infinity) }
        square += difference * difference
        norm += Double(b) * Double(b)
        largest = max(largest, difference)
    }
    return ((square / max(norm, .leastNormalMagnitude)).squareRoot(), largest)
}
