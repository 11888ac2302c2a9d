import CHDF5

/// Bytes of a chunk, at most: small beside the library's cache of 1 MiB, large beside the index entry that each one costs.
private let chunkBytes = 1 << 16

/// A dataset about to be made.
struct Creation {
    let place: Place
    let file: hid_t
    let name: String
    /// Current size of each axis; empty for a scalar.
    let shape: [Int]
    /// True where the first axis may grow without bound.
    var grows = false

    /// Makes the dataset with elements of type `type`, `elementBytes` each; groups on the way are made as needed.
    /// Chunked with a checksum for each chunk, unless there is nothing to check.
    func dataset(type: hid_t, elementBytes: Int) throws(HDF5Error) -> Handle {
        let links = try place.handle(H5Pcreate(h5x_link_create()), "H5Pcreate", H5Pclose)
        try place.check(H5Pset_create_intermediate_group(links.id, 1), "H5Pset_create_intermediate_group")
        try place.check(H5Pset_char_encoding(links.id, H5T_CSET_UTF8), "H5Pset_char_encoding")
        let properties = try place.handle(H5Pcreate(h5x_dataset_create()), "H5Pcreate", H5Pclose)
        // Else the second at which it was written would be in the file.
        try place.check(H5Pset_obj_track_times(properties.id, false), "H5Pset_obj_track_times")
        let chunk = chunkShape(elementBytes: elementBytes)
        if !chunk.isEmpty {
            try place.check(H5Pset_chunk(properties.id, Int32(chunk.count), chunk), "H5Pset_chunk")
            // Texts of their own length lie outside the chunks, so the library has no checksum for them.
            let isVariable = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0
            if !isVariable { try place.check(H5Pset_fletcher32(properties.id), "H5Pset_fletcher32") }
        }
        let space = try dataspace()
        return try place.handle(
            H5Dcreate2(file, name, type, space.id, links.id, properties.id, hid_t(H5P_DEFAULT)), "H5Dcreate2", H5Dclose)
    }

    private func dataspace() throws(HDF5Error) -> Handle {
        let sizes = shape.map(hsize_t.init)
        var limits = sizes
        if grows { limits[0] = h5x_unlimited() }
        return try place.handle(H5Screate_simple(Int32(sizes.count), sizes, limits), "H5Screate_simple", H5Sclose)
    }

    /// The whole shape, its outer axes halved until a chunk is small enough; empty where there is nothing to cut.
    private func chunkShape(elementBytes: Int) -> [hsize_t] {
        var chunk = shape
        if grows { chunk[0] = max(1, chunkBytes / max(1, chunk.dropFirst().reduce(elementBytes, *))) }
        guard !chunk.isEmpty, !chunk.contains(0) else { return [] }
        for axis in chunk.indices {
            while chunk[axis] > 1, chunk.reduce(elementBytes, *) > chunkBytes { chunk[axis] = (chunk[axis] + 1) / 2 }
        }
        return chunk.map(hsize_t.init)
    }
}
