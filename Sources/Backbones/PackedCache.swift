import Foundation

/// Whether the packed weights of a model are kept beside it, in `.baton/packed-PRECISION.safetensors`: then the next start maps
/// them instead of packing again, and processes share them. Removing the folder costs one packing, nothing else.
public struct PackedCache: Sendable {
    /// Bytes of weight files from which on they are kept; nil never.
    let least: Int?
    /// Bytes of packed weights that are kept even where they take more of the disk than the model does, as 32-bit floats of a
    /// model in 16 bits do.
    let modest: Int

    /// Models of a quarter of a gigabyte and more, in up to four gigabytes or what the model takes; none where the environment
    /// has `BATON_PACKED=off`.
    public static let standard =
        ProcessInfo.processInfo.environment["BATON_PACKED"] == "off"
        ? off : PackedCache(from: WeightsDigest.worthKeeping)

    /// Nothing is read or written.
    public static let off = PackedCache(least: nil, modest: 0)

    /// Models whose files have at least `bytes` bytes, where the packed weights take no more of the disk than those files, or
    /// than `modest` bytes.
    public init(from bytes: Int, modest: Int = 4 << 30) { self.init(least: bytes, modest: modest) }

    private init(least: Int?, modest: Int) {
        self.least = least
        self.modest = modest
    }
}

/// What `.baton/packed-PRECISION.json` says: of which weights the file beside it was made, and that this machine wrote it and
/// nobody touched it since. A file that is torn, copied or shipped with a model has another stamp and is not believed.
struct PackedRecord: Codable, Equatable {
    let layout: Int
    let weights: [FileStamp]
    let packed: FileStamp
}

/// Where packed weights of a precision lie, for which weight files.
struct PackedPlace: Sendable {
    let folder: URL
    let precision: String
    let weightFiles: [URL]

    var file: URL { folder.appendingPathComponent("packed-\(precision).safetensors") }
    var recordFile: URL { folder.appendingPathComponent("packed-\(precision).json") }

    var record: PackedRecord? {
        (try? Data(contentsOf: recordFile)).flatMap { try? JSONDecoder().decode(PackedRecord.self, from: $0) }
    }
}
