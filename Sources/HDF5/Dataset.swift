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
    /// bytes of the file and may lie, and what it says is about to be allocated. Of the chunks, those are looked at that
    /// hold some of `rows`, or all where nil.
    func checkedCount(reading rows: Range<Int>? = nil) throws(HDF5Error) -> Int {
        var count = 1, bytes = H5Tget_size(type.id)
        for size in shape {
            let wide = count.multipliedReportingOverflow(by: size), wideBytes = bytes.multipliedReportingOverflow(by: size)
            guard !wide.overflow, !wideBytes.overflow else { throw place.failure("its shape \(shape) overflows") }
            (count, bytes) = (wide.partialValue, wideBytes.partialValue)
        }
        guard bytes > 0 else { return count }
        let chunks = try chunks()
        let file = try place.handle(H5Iget_file_id(id), "H5Iget_file_id", H5Fclose)
        var fileBytes: hsize_t = 0
        try place.check(H5Fget_filesize(file.id, &fileBytes), "H5Fget_filesize")
        let stored = min(H5Dget_storage_size(id), fileBytes)
        guard stored >= hsize_t(bytes) else {
            throw place.failure(
                "its shape \(shape) needs \(bytes) bytes but the file holds \(stored); the file is incomplete or damaged")
        }
        if let chunks { try check(chunks, stored: stored, rows: rows ?? 0..<(shape.first ?? 0)) }
        return count
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
