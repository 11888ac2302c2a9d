import CHDF5
import Synchronization

/// The one lock around the C library. Debian's build has a lock of its own, others have none; and the error stack
/// is read after the failed call, so both must happen in one piece.
private let gate: Mutex<Void> = {
    // Every file is closed by its owner. At exit the library would write files again that a full disk kept from
    // closing, and crash on them.
    _ = H5dont_atexit()
    return Mutex(())
}()

/// Runs `body` alone in the library, with its error printing off (a setting of each thread).
/// The public functions enter once; what they call assumes that the lock is held.
func enteringLibrary<Result: Sendable>(_ body: () throws(HDF5Error) -> Result) throws(HDF5Error) -> Result {
    try gate.withLock { _ throws(HDF5Error) in
        h5x_silence()
        return try body()
    }
}

/// The HDF5 C library that this process has loaded.
public enum HDF5Library {
    /// The library's version, as `1.10.8`.
    public static var version: String {
        var version: (major: UInt32, minor: UInt32, release: UInt32) = (0, 0, 0)
        gate.withLock { _ in
            _ = H5get_libversion(&version.major, &version.minor, &version.release)
        }
        return "\(version.major).\(version.minor).\(version.release)"
    }
}

/// Where a call happens: names the file and the object in the errors of the calls made through it.
struct Place {
    let path: String
    var object = ""

    func failure(_ reason: String) -> HDF5Error { HDF5Error(path: path, object: object, reason: reason) }

    /// The result of a C call; negative values are thrown with the library's message.
    @discardableResult func check<Status: SignedInteger>(_ status: Status, _ call: String) throws(HDF5Error) -> Status {
        guard status >= 0 else { throw failure(call: call) }
        return status
    }

    /// The handle that a C call made; it is closed by `close` when it goes out of scope.
    func handle(_ id: hid_t, _ call: String, _ close: @escaping (hid_t) -> herr_t) throws(HDF5Error) -> Handle {
        Handle(try check(id, call), close)
    }

    private func failure(call: String) -> HDF5Error {
        let message = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            h5x_last_message(base, buffer.count)
            return String(cString: base)
        }
        return failure(message.isEmpty ? "\(call) failed" : "\(call): \(essence(of: message))")
    }

    /// The library's message; where the system refused, without the times and addresses that it puts around the reason.
    private func essence(of message: String) -> Substring {
        let parts = message.split(separator: "error message = '", maxSplits: 1)
        guard parts.count == 2, let reason = parts[1].split(separator: "'").first else { return message[...] }
        return message.prefix { $0 != ":" } + ": " + reason
    }

    /// C strings end at the first zero, so a name with one inside would silently be another name.
    func checkName(_ name: String) throws(HDF5Error) {
        if name.isEmpty { throw failure("empty name") }
        if name.utf8.contains(0) { throw failure("the name holds a zero byte") }
    }
}

/// An open identifier of the library, closed when it goes out of scope. Lives inside the lock only.
struct Handle: ~Copyable {
    let id: hid_t
    private let close: (hid_t) -> herr_t

    init(_ id: hid_t, _ close: @escaping (hid_t) -> herr_t) {
        self.id = id
        self.close = close
    }

    deinit { _ = close(id) }
}
