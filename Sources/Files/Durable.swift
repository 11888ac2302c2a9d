public import Foundation
import Synchronization

/// The one way by which anything reaches the disk: whole files written beside their place and renamed, whole lines
/// appended. After a kill at any instant a file is the old one or the new one.
///
/// `BATON_KILL_AT=N` in the environment stops the process, by SIGKILL, at the N-th border of an effect: each effect has
/// one border just before and one just after it. The kill tests run N = 1, 2, … until a run ends by itself.
public enum Durable {
    private static let borders = Atomic<Int>(0)
    private static let killAt = ProcessInfo.processInfo.environment["BATON_KILL_AT"].flatMap { Int($0) }

    private static func border() {
        let passed = borders.add(1, ordering: .relaxed).newValue
        if passed == killAt { kill(getpid(), SIGKILL) }
    }

    /// Does `body`, which changes what is on disk for good, between two borders.
    public static func effect<Result>(_ body: () throws -> Result) rethrows -> Result {
        border()
        let result = try body()
        border()
        return result
    }

    /// Makes `folder` and those above it.
    ///
    /// Throws ``InputError`` where something that is no folder stands in the way or permission is missing.
    public static func makeFolder(_ folder: URL) throws {
        if isDirectory(folder) { return }
        let parent = folder.deletingLastPathComponent()
        if parent.path != folder.path { try makeFolder(parent) }
        try effect {
            guard mkdir(folder.path, 0o777) != 0, errno != EEXIST || !isDirectory(folder) else { return }
            throw failure(errno, at: folder, doing: "make this folder")
        }
    }

    /// Replaces the file at `url` by what `write` puts at the place that it is given, all of it or nothing.
    ///
    /// Throws ``JobError`` where writing fails, ``InputError`` where the folder doesn't take files.
    public static func replace(_ url: URL, by write: (URL) throws -> Void) throws {
        var status = stat()
        if stat(url.path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw InputError(url.path, "is there and is not a regular file; choose another place")
        }
        try makeFolder(url.deletingLastPathComponent())
        removeLeftovers(of: url)
        let beside = url.appendingPathExtension("tmp-\(getpid())")
        let descriptor = open(beside.path, O_CREAT | O_WRONLY | O_TRUNC, 0o666)
        guard descriptor >= 0 else { throw failure(errno, at: url, doing: "write this file") }
        close(descriptor)
        do {
            try write(beside)
            try effect {
                try synchronize(beside, for: url)
                guard rename(beside.path, url.path) == 0 else { throw failure(errno, at: url, doing: "put this file in place") }
                try synchronize(url.deletingLastPathComponent(), for: url)
            }
        } catch {
            unlink(beside.path)
            // What the closure computes may fail for its own reasons; only the writing itself is the disk's affair.
            guard error is any StorageFailure || error is CocoaError else { throw error }
            throw JobError(url.path, "cannot write (\(error)); see that the disk has room, then give the same command again")
        }
    }

    /// Replaces the file at `url` by `data`.
    public static func replace(_ url: URL, by data: Data) throws {
        try replace(url) { try writeAll(data, to: $0, flags: O_WRONLY | O_TRUNC) }
    }

    /// Appends `line` and a line feed to the file at `url`.
    public static func append(_ line: String, to url: URL) throws {
        try effect { try writeAll(Data((line + "\n").utf8), to: url, flags: O_WRONLY | O_CREAT | O_APPEND) }
    }

    /// Removes the file at `url`, if it is there.
    public static func remove(_ url: URL) throws {
        try effect {
            guard unlink(url.path) != 0, errno != ENOENT else { return }
            throw failure(errno, at: url, doing: "remove this file")
        }
    }

    private static func writeAll(_ data: Data, to url: URL, flags: Int32) throws {
        let descriptor = open(url.path, flags, 0o666)
        guard descriptor >= 0 else { throw failure(errno, at: url, doing: "write this file") }
        defer { close(descriptor) }
        var rest = data[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(errno, at: url, doing: "write this file") }
            rest = rest.dropFirst(written)
        }
    }

    /// What earlier processes that were killed left beside `url`.
    private static func removeLeftovers(of url: URL) {
        let prefix = url.lastPathComponent + ".tmp-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)) ?? []
        for name in names where name.hasPrefix(prefix) {
            // The file of a process that lives is not left over.
            if let owner = pid_t(name.dropFirst(prefix.count)), owner != getpid(), kill(owner, 0) == 0 || errno == EPERM {
                continue
            }
            unlink(url.deletingLastPathComponent().appendingPathComponent(name).path)
        }
    }

    private static func isDirectory(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func synchronize(_ url: URL, for target: URL) throws {
        let descriptor = open(url.path, O_RDONLY)
        guard descriptor >= 0 else { throw failure(errno, at: target, doing: "open this file again") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(errno, at: target, doing: "bring this file to disk") }
    }

    /// Errors of place and permission are the user's to mend; all others are this machine's state.
    private static func failure(_ code: Int32, at url: URL, doing what: String) -> any Error {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOTDIR, EEXIST, EISDIR, EACCES, EPERM, EROFS, ENAMETOOLONG, ENOENT, ELOOP:
            return InputError(url.path, "cannot \(what): \(reason); choose another place")
        default:
            return JobError(url.path, "cannot \(what): \(reason); make room, then give the same command again")
        }
    }
}
