import CHDF5

extension HDF5File {
    /// Writes texts as a new one-dimensional dataset of UTF-8 strings.
    ///
    /// They are padded to one length, which the checksum covers; where that would waste much, each has its own length.
    /// - Throws: `HDF5Error` where a text holds a zero byte, the name is taken, or the file cannot be written.
    public borrowing func write(_ texts: [String], to name: String) throws(HDF5Error) {
        let file = id, place = Place(path: path, object: name)
        try place.checkName(name)
        try place.checkTexts(texts)
        let longest = max(1, texts.lazy.map(\.utf8.count).max() ?? 1), total = texts.lazy.map(\.utf8.count).reduce(0, +)
        let padded = longest.multipliedReportingOverflow(by: texts.count)
        let wasteful = padded.overflow || padded.partialValue > 4 * total + 65536
        try enteringLibrary { () throws(HDF5Error) in
            let type = try stringType(wasteful ? nil : longest, at: place)
            let creation = Creation(place: place, file: file, name: name, shape: [texts.count])
            let dataset = try creation.dataset(type: type.id, elementBytes: H5Tget_size(type.id))
            guard !texts.isEmpty else { return }
            let all = hid_t(H5S_ALL)
            if wasteful {
                try place.writeVariable(texts, to: dataset.id, type: type.id, memory: all, file: all)
            } else {
                var bytes = [UInt8](repeating: 0, count: texts.count * longest)
                for (index, text) in texts.enumerated() {
                    for (offset, byte) in text.utf8.enumerated() { bytes[index * longest + offset] = byte }
                }
                try place.check(H5Dwrite(dataset.id, type.id, all, all, hid_t(H5P_DEFAULT), bytes), "H5Dwrite")
            }
        }
    }

    /// Makes an empty dataset `[0]` of UTF-8 strings, each of its own length, that `appendRows(_:to:)` lengthens.
    /// - Throws: `HDF5Error` where the name is taken or the file cannot be written.
    public borrowing func createStringRows(at name: String) throws(HDF5Error) {
        let file = id, place = Place(path: path, object: name)
        try place.checkName(name)
        try enteringLibrary { () throws(HDF5Error) in
            let type = try stringType(nil, at: place)
            let creation = Creation(place: place, file: file, name: name, shape: [0], grows: true)
            _ = try creation.dataset(type: type.id, elementBytes: H5Tget_size(type.id))
        }
    }

    /// Appends texts to a dataset that `createStringRows(at:)` made.
    /// - Throws: `HDF5Error` where there is no such dataset, a text holds a zero byte, or the file cannot be written.
    public borrowing func appendRows(_ texts: [String], to name: String) throws(HDF5Error) {
        let file = id, place = Place(path: path, object: name)
        try place.checkTexts(texts)
        try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            guard dataset.elementType == .string, H5Tis_variable_str(dataset.type.id) > 0 else {
                throw place.failure("holds \(dataset.elementType), need strings of their own length")
            }
            try dataset.require(rank: 1)
            guard !texts.isEmpty else { return }
            let selection = try dataset.grown(by: texts.count)
            try place.writeVariable(
                texts, to: dataset.id, type: dataset.type.id, memory: selection.memory.id, file: selection.file.id)
        }
    }

    /// The texts of the one-dimensional dataset `name`.
    /// - Throws: `HDF5Error` where there is none, it holds no texts, or a text is not UTF-8.
    public borrowing func readStrings(_ name: String) throws(HDF5Error) -> [String] {
        let file = id, place = Place(path: path, object: name)
        return try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            try dataset.require(rank: 1)
            return try dataset.strings(in: 0..<dataset.shape[0])
        }
    }

    /// The rows `rows` of the one-dimensional dataset of texts `name`.
    /// - Throws: `HDF5Error` as `readStrings(_:)`, and where the dataset has fewer rows.
    public borrowing func readStringRows(_ rows: Range<Int>, of name: String) throws(HDF5Error) -> [String] {
        let file = id, place = Place(path: path, object: name)
        return try enteringLibrary { () throws(HDF5Error) in
            let dataset = try Dataset(name, in: file, place: place)
            try dataset.require(rank: 1)
            try dataset.require(rows: rows)
            return try dataset.strings(in: rows)
        }
    }
}

extension Dataset {
    /// The texts in `rows` of a one-dimensional dataset, padded or of their own lengths.
    fileprivate func strings(in rows: Range<Int>) throws(HDF5Error) -> [String] {
        guard elementType == .string else { throw place.failure("holds \(elementType), need str") }
        _ = try checkedCount(reading: rows)
        guard !rows.isEmpty else { return [] }
        let selection = try selection(of: rows)
        guard H5Tis_variable_str(type.id) > 0 else { return try paddedStrings(count: rows.count, selection) }
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows.count)
        try place.check(
            H5Dread(id, type.id, selection.memory.id, selection.file.id, hid_t(H5P_DEFAULT), &pointers), "H5Dread")
        defer { _ = H5Dvlen_reclaim(type.id, selection.memory.id, hid_t(H5P_DEFAULT), &pointers) }
        var texts: [String] = []
        texts.reserveCapacity(rows.count)
        for pointer in pointers {
            guard let pointer else { texts.append(""); continue }
            guard let text = String(validatingCString: pointer) else { throw place.failure("a text is not UTF-8") }
            texts.append(text)
        }
        return texts
    }

    private func paddedStrings(count: Int, _ selection: borrowing Selection) throws(HDF5Error) -> [String] {
        let size = H5Tget_size(type.id)
        var bytes = [UInt8](repeating: 0, count: count * size)
        try place.check(
            H5Dread(id, type.id, selection.memory.id, selection.file.id, hid_t(H5P_DEFAULT), &bytes), "H5Dread")
        var texts: [String] = []
        texts.reserveCapacity(count)
        for index in 0..<count { texts.append(try place.text(bytes[index * size..<(index + 1) * size], paddedAs: type.id)) }
        return texts
    }
}

extension Place {
    /// The text in the bytes of one padded element.
    func text(_ bytes: ArraySlice<UInt8>, paddedAs type: hid_t) throws(HDF5Error) -> String {
        var content = bytes.prefix { $0 != 0 }
        if H5Tget_strpad(type) == H5T_STR_SPACEPAD {
            while content.last == UInt8(ascii: " ") { content.removeLast() }
        }
        guard let text = String(validating: content, as: UTF8.self) else { throw failure("a text is not UTF-8") }
        return text
    }

    /// A zero byte would end the text in the file.
    func checkTexts(_ texts: [String]) throws(HDF5Error) {
        guard let index = texts.firstIndex(where: { $0.utf8.contains(0) }) else { return }
        throw failure("text \(index) holds a zero byte, which HDF5 strings cannot")
    }

    /// Writes texts of their own lengths, through one buffer of all their bytes.
    fileprivate func writeVariable(
        _ texts: [String], to dataset: hid_t, type: hid_t, memory: hid_t, file: hid_t
    ) throws(HDF5Error) {
        var bytes: [UInt8] = [], starts: [Int] = []
        starts.reserveCapacity(texts.count)
        for text in texts {
            starts.append(bytes.count)
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        let status = bytes.withUnsafeBufferPointer { buffer -> herr_t in
            guard let base = buffer.baseAddress else { return 0 }
            let pointers = starts.map { base + $0 }
            return H5Dwrite(dataset, type, memory, file, hid_t(H5P_DEFAULT), pointers)
        }
        try check(status, "H5Dwrite")
    }
}

/// The UTF-8 string type of `size` bytes, padded with zeros; nil is a length for each element.
func stringType(_ size: Int?, at place: Place) throws(HDF5Error) -> Handle {
    let type = try place.handle(H5Tcopy(h5x_c_string()), "H5Tcopy", H5Tclose)
    try place.check(H5Tset_size(type.id, size ?? h5x_variable()), "H5Tset_size")
    try place.check(H5Tset_cset(type.id, H5T_CSET_UTF8), "H5Tset_cset")
    if size != nil { try place.check(H5Tset_strpad(type.id, H5T_STR_NULLPAD), "H5Tset_strpad") }
    return type
}
