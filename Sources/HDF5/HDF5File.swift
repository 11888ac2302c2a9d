import CHDF5

/// An HDF5 file, open until the value goes out of scope. All calls take one process-wide lock.
///
/// The same calls in the same order write the same bytes: no object carries a time. Nothing is flushed to the disk
/// before the file is closed, so write beside the final name, `close()`, sync and rename.
///
/// What a file says of its shapes, chunks and filters is checked before it is believed. One thing cannot be: a file whose
/// bytes were altered can still crash the library where it reads texts of their own length, attributes among them. Those
/// lie in a heap whose sizes have no checksum, and no call of the library tells them before it copies by them.
public struct HDF5File: ~Copyable {
    /// The file's path, as it was given.
    public let path: String
    /// The library's identifier; negative once closed.
    private(set) var id: hid_t

    /// An empty file at `path`, open for writing; what was there is gone.
    /// - Throws: `HDF5Error` where the file cannot be made.
    public init(creating path: String) throws(HDF5Error) {
        let place = Place(path: path)
        try place.checkName(path)
        let id = try enteringLibrary { () throws(HDF5Error) in
            let access = try accessProperties(at: place)
            return try place.check(H5Fcreate(path, h5x_truncate(), hid_t(H5P_DEFAULT), access.id), "H5Fcreate")
        }
        self.path = path
        self.id = id
    }

    /// The file at `path`, open for reading.
    /// - Throws: `HDF5Error` where there is none, where it is cut short, or where it is no HDF5 file.
    public init(reading path: String) throws(HDF5Error) {
        let place = Place(path: path)
        try place.checkName(path)
        let id = try enteringLibrary { () throws(HDF5Error) in
            let access = try accessProperties(at: place)
            return try place.check(H5Fopen(path, h5x_read_only(), access.id), "H5Fopen")
        }
        self.path = path
        self.id = id
    }

    /// Writes what is left and closes the file. Without it the file is closed too, but a full disk goes unnoticed.
    /// - Throws: `HDF5Error` where the last bytes could not be written.
    public consuming func close() throws(HDF5Error) {
        let open = id, place = Place(path: path)
        id = -1
        try enteringLibrary { () throws(HDF5Error) in _ = try place.check(H5Fclose(open), "H5Fclose") }
    }

    deinit {
        let open = id
        guard open >= 0 else { return }
        _ = try? enteringLibrary { () throws(HDF5Error) in H5Fclose(open) }
    }

    /// True where a dataset or group of that name is in the file.
    /// - Throws: `HDF5Error` where the file cannot be read.
    public borrowing func contains(_ name: String) throws(HDF5Error) -> Bool {
        let file = id, place = Place(path: path, object: name)
        try place.checkName(name)
        return try enteringLibrary { () throws(HDF5Error) in
            // The library fails, rather than says no, where a group on the way is missing.
            var prefix = ""
            for part in name.split(separator: "/") {
                prefix += "/" + part
                if try place.check(H5Lexists(file, prefix, hid_t(H5P_DEFAULT)), "H5Lexists") == 0 { return false }
            }
            return true
        }
    }
}

/// Closing the file closes whatever is still open in it, so a lost handle cannot keep half a file in memory.
private func accessProperties(at place: Place) throws(HDF5Error) -> Handle {
    let access = try place.handle(H5Pcreate(h5x_file_access()), "H5Pcreate", H5Pclose)
    try place.check(H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG), "H5Pset_fclose_degree")
    return access
}
