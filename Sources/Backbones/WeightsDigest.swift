import Files
import Foundation

/// SHA-256 of a model's weights. A gigabyte takes most of a second, so the digest of a large model is kept in
/// `.baton/digest.json` beside it, with all that tells that its files are still the same; a folder that cannot be written
/// to costs that second each time.
struct WeightsDigest: Codable {
    let stamps: [FileStamp]
    let sha256: String

    /// Bytes of weights from which on a digest is kept.
    static let worthKeeping = 256 << 20

    /// The folder of what is kept beside a model.
    static func cache(of folder: URL) -> URL { folder.appendingPathComponent(".baton") }

    /// The digest of `files` in `folder`: of the file, or of the shards' digests one after another.
    static func of(_ files: [URL], in folder: URL) throws -> String {
        let before = FileStamp.all(of: files), isLarge = (before ?? []).reduce(0) { $0 + $1.size } >= worthKeeping
        let place = cache(of: folder).appendingPathComponent("digest.json")
        if isLarge, let data = try? Data(contentsOf: place), let kept = try? JSONDecoder().decode(Self.self, from: data),
            kept.stamps == before
        {
            return kept.sha256
        }
        let hashes = try files.map { try SHA256.hex(ofFile: $0) }
        let sha256 = hashes.count == 1 ? hashes[0] : SHA256.hex(of: hashes.joined().utf8)
        if isLarge, let before, FileStamp.all(of: files) == before, before.allSatisfy(\.isSettled) {
            try? FileManager.default.createDirectory(at: cache(of: folder), withIntermediateDirectories: true)
            try? JSONEncoder().encode(Self(stamps: before, sha256: sha256)).write(to: place, options: .atomic)
        }
        return sha256
    }
}
