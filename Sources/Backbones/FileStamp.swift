import Foundation

/// What changes when a file does: a rewrite in place moves `changed`, which no program can set.
struct FileStamp: Codable, Equatable, Sendable {
    let name: String
    let size: Int, inode: UInt64
    /// Nanoseconds since 1970.
    let modified: Int, changed: Int

    /// Nil where there is no such file.
    init?(of file: URL) {
        var status = stat()
        guard stat(file.path, &status) == 0 else { return nil }
        func nanoseconds(_ time: timespec) -> Int { time.tv_sec * 1_000_000_000 + time.tv_nsec }
        name = file.lastPathComponent
        size = Int(status.st_size)
        inode = UInt64(status.st_ino)
        modified = nanoseconds(status.st_mtim)
        changed = nanoseconds(status.st_ctim)
    }

    /// Those of all `files`; nil where one is missing.
    static func all(of files: [URL]) -> [FileStamp]? {
        let stamps = files.compactMap(FileStamp.init)
        return stamps.count == files.count ? stamps : nil
    }

    /// Whether another change would give another stamp: clocks of file systems are as coarse as a second.
    var isSettled: Bool { Double(changed) / 1e9 < Date().timeIntervalSince1970 - 1 }
}
