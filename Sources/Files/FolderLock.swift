public import Foundation
import Synchronization

/// Keeps two processes from working in one folder. A class because it owns a file descriptor; the lock ends with it, and
/// with the process, however that ends.
public final class FolderLock: Sendable {
    private let folder: URL
    private let descriptor = Mutex<Int32>(-1)

    /// The lock of `folder`, not yet taken.
    public init(_ folder: URL) { self.folder = folder }

    deinit {
        descriptor.withLock { if $0 >= 0 { close($0) } }
    }

    /// Takes the lock of the folder, which must exist; nothing where it is held already. Waits only where `waiting`.
    ///
    /// Throws ``JobError`` where another process holds it.
    public func acquire(waiting: Bool = false) throws {
        try descriptor.withLock { held in
            guard held < 0 else { return }
            let opened = open(folder.path, O_RDONLY | O_CLOEXEC)
            guard opened >= 0 else { throw InputError(folder.path, "this folder cannot be opened") }
            var status = flock(opened, LOCK_EX | (waiting ? 0 : LOCK_NB))
            for _ in 0..<5 where status != 0 && !waiting {
                // Whoever only asks whether it is held lets it go at once.
                usleep(20_000)
                status = flock(opened, LOCK_EX | LOCK_NB)
            }
            guard status == 0 else {
                close(opened)
                throw JobError(folder.path, "another baton works in this folder; wait for it, or take another folder")
            }
            held = opened
        }
    }

    /// Whether a process holds the lock of `folder` now; false where there is no such folder. Nothing is written.
    public static func isHeld(_ folder: URL) -> Bool {
        let opened = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { return false }
        defer { close(opened) }
        return flock(opened, LOCK_SH | LOCK_NB) != 0
    }
}
