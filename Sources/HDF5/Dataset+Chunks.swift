import CHDF5

/// The chunks of a dataset, as its header says them.
struct Chunks {
    /// Elements along each axis.
    let edges: [hsize_t]
    /// What each takes in the file, checksums and all.
    let bytes: hsize_t
    /// Where a filter is, the library gives the stored size of a chunk at once, and else only by counting up to it.
    let isFiltered: Bool
}

extension Dataset {
    /// The dataset's chunks; nil where it lies in one piece.
    /// - Throws: `HDF5Error` where a filter or layout is not one of those that this module reads. The library trusts what a
    ///   chunk inflates to, so none that changes the size is.
    func chunks() throws(HDF5Error) -> Chunks? {
        let properties = try place.handle(H5Dget_create_plist(id), "H5Dget_create_plist", H5Pclose)
        let filters = max(0, H5Pget_nfilters(properties.id)), layout = H5Pget_layout(properties.id)
        guard layout != H5D_VIRTUAL else { throw place.failure("is a view of other datasets, which is not read") }
        var checksums = 0
        for index in 0..<filters {
            var flags: UInt32 = 0, values = 0
            switch H5Pget_filter2(properties.id, UInt32(index), &flags, &values, nil, 0, nil, nil) {
            case H5Z_filter_t(H5Z_FILTER_FLETCHER32): checksums += 1
            case H5Z_filter_t(H5Z_FILTER_SHUFFLE): continue
            default: throw place.failure("is compressed, which is not read; write it without compression")
            }
        }
        guard layout == H5D_CHUNKED else { return nil }
        var edges = [hsize_t](repeating: 0, count: shape.count)
        try place.check(H5Pget_chunk(properties.id, Int32(edges.count), &edges), "H5Pget_chunk")
        guard !edges.contains(0) else { throw place.failure("its chunks are empty; the file is damaged") }
        // A text of its own length is a reference in the chunk: a length, an address, an index of 4 + 8 + 4 bytes.
        let isVariable = elementType == .string && H5Tis_variable_str(type.id) > 0
        var bytes = hsize_t(isVariable ? 16 : H5Tget_size(type.id))
        for edge in edges {
            let wide = bytes.multipliedReportingOverflow(by: edge)
            guard !wide.overflow else { throw place.failure("its chunks overflow") }
            bytes = wide.partialValue
        }
        let whole = bytes.addingReportingOverflow(4 * hsize_t(checksums))
        guard !whole.overflow else { throw place.failure("its chunks overflow") }
        return Chunks(edges: edges, bytes: whole.partialValue, isFiltered: filters > 0)
    }

    /// Throws unless all chunks take `stored` bytes together, and each that holds some of `rows` takes its share of them.
    /// The library itself does not compare a chunk's size with its shape, and reads beyond its end.
    func check(_ chunks: Chunks, stored: hsize_t, rows: Range<Int>) throws(HDF5Error) {
        var whole = chunks.bytes
        for (size, edge) in zip(shape, chunks.edges) {
            let wide = whole.multipliedReportingOverflow(by: (hsize_t(size) + edge - 1) / edge)
            guard !wide.overflow else { throw place.failure("its chunks overflow") }
            whole = wide.partialValue
        }
        guard whole == stored else { throw sizeFailure }
        guard !rows.isEmpty else { return }
        var starts = shape.map { _ in hsize_t(0) }, ends = shape.map(hsize_t.init)
        starts[0] = hsize_t(rows.lowerBound) / chunks.edges[0] * chunks.edges[0]
        ends[0] = hsize_t(rows.upperBound)
        var offset = starts, axis = 0
        while axis >= 0 {
            guard try storedBytes(ofChunkAt: offset, isFiltered: chunks.isFiltered) == chunks.bytes else { throw sizeFailure }
            axis = offset.count - 1
            while axis >= 0 {
                offset[axis] += chunks.edges[axis]
                if offset[axis] < ends[axis] { break }
                offset[axis] = starts[axis]
                axis -= 1
            }
        }
    }

    private var sizeFailure: HDF5Error {
        place.failure("its chunks are not of the size that it says; the file is damaged")
    }

    private func storedBytes(ofChunkAt offset: [hsize_t], isFiltered: Bool) throws(HDF5Error) -> hsize_t {
        var bytes: hsize_t = 0
        if isFiltered {
            try place.check(H5Dget_chunk_storage_size(id, offset, &bytes), "H5Dget_chunk_storage_size")
        } else {
            var mask: UInt32 = 0, address: haddr_t = 0
            try place.check(
                H5Dget_chunk_info_by_coord(id, offset, &mask, &address, &bytes), "H5Dget_chunk_info_by_coord")
        }
        return bytes
    }
}
