import CHDF5

/// A dataset of a file, open, with what it says of itself.
struct Dataset: ~Copyable {
    let place: Place
    let handle: Handle
    /// The elements' type in the file.
    let type: Handle
    /// The size of each axis; empty for a scalar.
    let shape: [Int]

    var id: hid_t { handle.id }
    var elementType: ElementType { ElementType(of: type.id) }

    /// The dataset `name` of the file `file`.
    init(_ name: String, in file: hid_t, place: Place) throws(HDF5Error) {
        try place.checkName(name)
        let handle = try place.handle(H5Dopen2(file, name, hid_t(H5P_DEFAULT)), "H5Dopen2", H5Dclose)
        let type = try place.handle(H5Dget_type(handle.id), "H5Dget_type", H5Tclose)
        let space = try place.handle(H5Dget_space(handle.id), "H5Dget_space", H5Sclose)
        let shape = try extent(of: space.id, at: place)
        self.place = place
        self.handle = handle
        self.type = type
        self.shape = shape
    }

    /// How many elements the shape says, once it is certain that the file has room for as many: a shape is a few
    /// bytes of the file and may lie, and what it says is about to be allocated.
    func checkedCount() throws(HDF5Error) -> Int {
        var count = 1, bytes = H5Tget_size(type.id)
        for size in shape {
            let wide = count.multipliedReportingOverflow(by: size), wideBytes = bytes.multipliedReportingOverflow(by: size)
            guard !wide.overflow, !wideBytes.overflow else { throw place.failure("its shape \(shape) overflows") }
            (count, bytes) = (wide.partialValue, wideBytes.partialValue)
        }
        guard bytes > 0 else { return count }
        let file = try place.handle(H5Iget_file_id(id), "H5Iget_file_id", H5Fclose)
        var fileBytes: hsize_t = 0
        try place.check(H5Fget_filesize(file.id, &fileBytes), "H5Fget_filesize")
        let stored = min(H5Dget_storage_size(id), fileBytes)
        let layout = try storage()
        // Deflate shrinks at most 1032 times.
        let room = stored.multipliedReportingOverflow(by: layout.isCompressed ? 1032 : 1)
        guard room.overflow || room.partialValue >= hsize_t(bytes) else {
            throw place.failure(
                "its shape \(shape) needs \(bytes) bytes but the file holds \(stored); the file is incomplete or damaged")
        }
        guard layout.wholeBytes == nil || layout.wholeBytes == stored else {
            throw place.failure("its chunks are not of the size that it says; the file is damaged")
        }
        return count
    }

    /// Whether a filter may have shrunk what is stored; and where none may, what all chunks take together, which is nil
    /// without chunks. The library itself does not compare a chunk's size with its shape, and reads beyond its end.
    private func storage() throws(HDF5Error) -> (isCompressed: Bool, wholeBytes: hsize_t?) {
        let properties = try place.handle(H5Dget_create_plist(id), "H5Dget_create_plist", H5Pclose)
        var checksums = 0
        for index in 0..<max(0, H5Pget_nfilters(properties.id)) {
            var flags: UInt32 = 0, values = 0
            switch H5Pget_filter2(properties.id, UInt32(index), &flags, &values, nil, 0, nil, nil) {
            case H5Z_filter_t(H5Z_FILTER_FLETCHER32): checksums += 1
            case H5Z_filter_t(H5Z_FILTER_SHUFFLE): continue
            default: return (true, nil)
            }
        }
        guard H5Pget_layout(properties.id) == H5D_CHUNKED else { return (false, nil) }
        var chunk = [hsize_t](repeating: 0, count: shape.count)
        try place.check(H5Pget_chunk(properties.id, Int32(chunk.count), &chunk), "H5Pget_chunk")
        // A text of its own length is a reference in the chunk: a length, an address, an index of 4 + 8 + 4 bytes.
        let isVariable = elementType == .string && H5Tis_variable_str(type.id) > 0
        var chunks: hsize_t = 1, chunkBytes = hsize_t(isVariable ? 16 : H5Tget_size(type.id))
        for (size, edge) in zip(shape, chunk) where edge > 0 {
            let wideChunks = chunks.multipliedReportingOverflow(by: (hsize_t(size) + edge - 1) / edge)
            let wideBytes = chunkBytes.multipliedReportingOverflow(by: edge)
            guard !wideChunks.overflow, !wideBytes.overflow else { throw place.failure("its chunks overflow") }
            (chunks, chunkBytes) = (wideChunks.partialValue, wideBytes.partialValue)
        }
        let whole = chunks.multipliedReportingOverflow(by: chunkBytes + 4 * hsize_t(checksums))
        return (false, whole.overflow ? hsize_t.max : whole.partialValue)
    }

    /// The part of the dataset with `rows` of the first axis, and a memory space of its shape.
    func selection(of rows: Range<Int>) throws(HDF5Error) -> Selection {
        let file = try place.handle(H5Dget_space(id), "H5Dget_space", H5Sclose)
        var start = shape.map { _ in hsize_t(0) }, count = shape.map(hsize_t.init)
        start[0] = hsize_t(rows.lowerBound)
        count[0] = hsize_t(rows.count)
        try place.check(
            H5Sselect_hyperslab(file.id, H5S_SELECT_SET, start, nil, count, nil), "H5Sselect_hyperslab")
        let memory = try place.handle(H5Screate_simple(Int32(count.count), count, nil), "H5Screate_simple", H5Sclose)
        return Selection(memory: memory, file: file)
    }

    /// Makes room for `count` more rows and selects them.
    func grown(by count: Int) throws(HDF5Error) -> Selection {
        guard !shape.isEmpty else { throw place.failure("a single value has no rows to append to") }
        var sizes = shape.map(hsize_t.init)
        sizes[0] += hsize_t(count)
        try place.check(H5Dset_extent(id, sizes), "H5Dset_extent")
        return try selection(of: shape[0]..<shape[0] + count)
    }
}

/// Which elements move, in memory and in the file.
struct Selection: ~Copyable {
    let memory: Handle
    let file: Handle
}

/// The size of each axis of a dataspace. A null space has no elements at all, hence the shape `[0]`.
func extent(of space: hid_t, at place: Place) throws(HDF5Error) -> [Int] {
    guard H5Sget_simple_extent_type(space) != H5S_NULL else { return [0] }
    let rank = Int(try place.check(H5Sget_simple_extent_ndims(space), "H5Sget_simple_extent_ndims"))
    var sizes = [hsize_t](repeating: 0, count: rank)
    try place.check(H5Sget_simple_extent_dims(space, &sizes, nil), "H5Sget_simple_extent_dims")
    var shape: [Int] = []
    for size in sizes {
        guard let size = Int(exactly: size) else { throw place.failure("an axis of \(size) elements") }
        shape.append(size)
    }
    return shape
}
