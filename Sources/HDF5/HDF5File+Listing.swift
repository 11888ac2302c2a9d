import CHDF5

/// A group or dataset of a file, with what it says of itself.
public struct HDF5Entry: Sendable, Equatable {
    /// What an entry can be.
    public enum Kind: Sendable, Equatable {
        case group
        case dataset(type: ElementType, shape: [Int])
    }

    /// The full path inside the file, such as "/search/mean".
    public let name: String
    public let kind: Kind
}

/// Groups within groups that are followed: a file may link a group into itself.
private let deepestGroup = 16

extension HDF5File {
    /// All groups and datasets, each group before its members, members by name. Links into other files are left out.
    /// - Throws: `HDF5Error` where the file is damaged.
    public borrowing func entries() throws(HDF5Error) -> [HDF5Entry] {
        let file = id, place = Place(path: path)
        return try enteringLibrary { () throws(HDF5Error) in
            var entries: [HDF5Entry] = []
            try list("/", in: file, depth: 0, path: place.path, into: &entries)
            return entries
        }
    }

    /// The attributes of an object by name; the file itself is "/". Those of other types than `HDF5Attribute` are left out.
    /// - Throws: `HDF5Error` where the object is missing or damaged.
    public borrowing func attributes(of object: String = "/") throws(HDF5Error) -> [(name: String, value: HDF5Attribute)] {
        let file = id, place = Place(path: path, object: object)
        try place.checkName(object)
        return try enteringLibrary { () throws(HDF5Error) in
            let none = hid_t(H5P_DEFAULT)
            let owner = try place.handle(H5Oopen(file, object, none), "H5Oopen", H5Oclose)
            var found: [(name: String, value: HDF5Attribute)] = []
            var index: hsize_t = 0
            while true {
                let id = H5Aopen_by_idx(owner.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, none, none)
                guard id >= 0 else { return found }
                let attribute = Handle(id, H5Aclose)
                index += 1
                let name = try place.name("H5Aget_name") { H5Aget_name(attribute.id, $1, $0) }
                if let value = try? value(of: attribute.id, at: place) { found.append((name, value)) }
            }
        }
    }
}

private func list(
    _ group: String, in file: hid_t, depth: Int, path: String, into entries: inout [HDF5Entry]
) throws(HDF5Error) {
    let place = Place(path: path, object: group), none = hid_t(H5P_DEFAULT)
    guard depth < deepestGroup else { throw place.failure("groups lie more than \(deepestGroup) deep") }
    var info = H5G_info_t()
    try place.check(H5Gget_info_by_name(file, group, &info, none), "H5Gget_info_by_name")
    for index in 0..<info.nlinks {
        let link = try place.name("H5Lget_name_by_idx") {
            H5Lget_name_by_idx(file, group, H5_INDEX_NAME, H5_ITER_INC, index, $0, $1, none)
        }
        let name = group == "/" ? "/" + link : group + "/" + link
        var linkInfo = H5L_info_t()
        try place.check(H5Lget_info(file, name, &linkInfo, none), "H5Lget_info")
        guard linkInfo.type == H5L_TYPE_HARD else { continue }
        let object = try place.handle(H5Oopen(file, name, none), "H5Oopen", H5Oclose)
        switch H5Iget_type(object.id) {
        case H5I_GROUP:
            entries.append(HDF5Entry(name: name, kind: .group))
            try list(name, in: file, depth: depth + 1, path: path, into: &entries)
        case H5I_DATASET:
            let dataset = try Dataset(name, in: file, place: Place(path: path, object: name))
            entries.append(HDF5Entry(name: name, kind: .dataset(type: dataset.elementType, shape: dataset.shape)))
        default: continue
        }
    }
}

extension Place {
    /// A name that `call` writes into a buffer of the given size, and whose length it returns.
    fileprivate func name(_ call: String, _ body: (UnsafeMutablePointer<CChar>?, Int) -> Int) throws(HDF5Error) -> String {
        let length = try check(body(nil, 0), call)
        guard length < 65536 else { throw failure("a name of \(length) bytes") }
        var buffer = [CChar](repeating: 0, count: length + 1)
        try check(body(&buffer, buffer.count), call)
        guard let name = String(validating: buffer.prefix { $0 != 0 }, as: UTF8.self) else {
            throw failure("a name is not UTF-8")
        }
        return name
    }
}
