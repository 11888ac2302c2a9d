import CHDF5

/// The value of an attribute: one number, text or truth.
public enum HDF5Attribute: Sendable, Equatable, CustomStringConvertible {
    case int64(Int64)
    case uint64(UInt64)
    case double(Double)
    case string(String)
    case bool(Bool)

    /// The value alone.
    public var description: String {
        switch self {
        case .int64(let value): "\(value)"
        case .uint64(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value
        case .bool(let value): "\(value)"
        }
    }
}

extension HDF5File {
    /// Notes `value` under `name` on an object; the file itself is "/".
    /// - Throws: `HDF5Error` where the object is missing, the name is taken, or a text holds a zero byte.
    public borrowing func setAttribute(
        _ name: String, to value: HDF5Attribute, on object: String = "/"
    ) throws(HDF5Error) {
        let file = id, place = Place(path: path, object: "attribute \(name) of \(object)")
        try place.checkName(name)
        try place.checkName(object)
        if case .string(let text) = value { try place.checkTexts([text]) }
        try enteringLibrary { () throws(HDF5Error) in
            let owner = try place.handle(H5Oopen(file, object, hid_t(H5P_DEFAULT)), "H5Oopen", H5Oclose)
            let writer = AttributeWriter(place: place, owner: owner.id, name: name)
            switch value {
            case .int64(var value): try writer.write(&value, memory: h5x_memory_int64(), file: h5x_file_int64())
            case .uint64(var value): try writer.write(&value, memory: h5x_memory_uint64(), file: h5x_file_uint64())
            case .double(var value): try writer.write(&value, memory: h5x_memory_double(), file: h5x_file_double())
            case .bool(let value):
                let type = try boolType(at: place)
                var byte: Int8 = value ? 1 : 0
                try writer.write(&byte, memory: type.id, file: type.id)
            case .string(let text):
                // Of its own length: h5py gives such attributes as str, padded ones as bytes.
                let type = try stringType(nil, at: place)
                var bytes = text.utf8.map(CChar.init(bitPattern:)) + [0]
                try bytes.withUnsafeMutableBufferPointer { buffer throws(HDF5Error) in
                    var pointer = buffer.baseAddress
                    try writer.write(&pointer, memory: type.id, file: type.id)
                }
            }
        }
    }

    /// The attribute `name` of an object; the file itself is "/".
    /// - Throws: `HDF5Error` where it is missing or is not one number, text or truth.
    public borrowing func attribute(_ name: String, on object: String = "/") throws(HDF5Error) -> HDF5Attribute {
        let file = id, place = Place(path: path, object: "attribute \(name) of \(object)")
        try place.checkName(name)
        try place.checkName(object)
        return try enteringLibrary { () throws(HDF5Error) in
            let none = hid_t(H5P_DEFAULT)
            let owner = try place.handle(H5Oopen(file, object, none), "H5Oopen", H5Oclose)
            guard try place.check(H5Aexists(owner.id, name), "H5Aexists") > 0 else { throw place.failure("is missing") }
            let attribute = try place.handle(H5Aopen(owner.id, name, none), "H5Aopen", H5Aclose)
            return try value(of: attribute.id, at: place)
        }
    }

    /// True where the object has an attribute `name`.
    /// - Throws: `HDF5Error` where the object is missing.
    public borrowing func hasAttribute(_ name: String, on object: String = "/") throws(HDF5Error) -> Bool {
        let file = id, place = Place(path: path, object: object)
        try place.checkName(name)
        try place.checkName(object)
        return try enteringLibrary { () throws(HDF5Error) in
            let owner = try place.handle(H5Oopen(file, object, hid_t(H5P_DEFAULT)), "H5Oopen", H5Oclose)
            return try place.check(H5Aexists(owner.id, name), "H5Aexists") > 0
        }
    }

    /// The attribute as a signed integer.
    /// - Throws: `HDF5Error` where it is missing, is something else, or does not fit.
    public borrowing func int64Attribute(_ name: String, on object: String = "/") throws(HDF5Error) -> Int64 {
        switch try attribute(name, on: object) {
        case .int64(let value): return value
        case .uint64(let value): if let value = Int64(exactly: value) { return value }
        default: break
        }
        throw wrongKind(name, object, "a 64-bit integer")
    }

    /// The attribute as an unsigned integer.
    /// - Throws: `HDF5Error` where it is missing, is something else, or is negative.
    public borrowing func uint64Attribute(_ name: String, on object: String = "/") throws(HDF5Error) -> UInt64 {
        switch try attribute(name, on: object) {
        case .uint64(let value): return value
        case .int64(let value): if let value = UInt64(exactly: value) { return value }
        default: break
        }
        throw wrongKind(name, object, "an unsigned 64-bit integer")
    }

    /// The attribute as a floating-point number.
    /// - Throws: `HDF5Error` where it is missing or something else.
    public borrowing func doubleAttribute(_ name: String, on object: String = "/") throws(HDF5Error) -> Double {
        guard case .double(let value) = try attribute(name, on: object) else {
            throw wrongKind(name, object, "a floating-point number")
        }
        return value
    }

    /// The attribute as text.
    /// - Throws: `HDF5Error` where it is missing or something else.
    public borrowing func stringAttribute(_ name: String, on object: String = "/") throws(HDF5Error) -> String {
        guard case .string(let value) = try attribute(name, on: object) else { throw wrongKind(name, object, "a text") }
        return value
    }

    /// The attribute as a truth.
    /// - Throws: `HDF5Error` where it is missing or something else.
    public borrowing func boolAttribute(_ name: String, on object: String = "/") throws(HDF5Error) -> Bool {
        guard case .bool(let value) = try attribute(name, on: object) else { throw wrongKind(name, object, "true or false") }
        return value
    }

    private borrowing func wrongKind(_ name: String, _ object: String, _ need: String) -> HDF5Error {
        HDF5Error(path: path, object: "attribute \(name) of \(object)", reason: "is not \(need)")
    }
}

/// One new attribute of an open object.
private struct AttributeWriter {
    let place: Place
    let owner: hid_t
    let name: String

    func write<Value>(_ value: inout Value, memory: hid_t, file: hid_t) throws(HDF5Error) {
        let none = hid_t(H5P_DEFAULT)
        let space = try place.handle(H5Screate(H5S_SCALAR), "H5Screate", H5Sclose)
        let attribute = try place.handle(H5Acreate2(owner, name, file, space.id, none, none), "H5Acreate2", H5Aclose)
        try place.check(withUnsafePointer(to: value) { H5Awrite(attribute.id, memory, $0) }, "H5Awrite")
    }
}

/// h5py's boolean: an enumeration over a byte.
private func boolType(at place: Place) throws(HDF5Error) -> Handle {
    let type = try place.handle(H5Tenum_create(h5x_memory_int8()), "H5Tenum_create", H5Tclose)
    var value: Int8 = 0
    try place.check(H5Tenum_insert(type.id, "FALSE", &value), "H5Tenum_insert")
    value = 1
    try place.check(H5Tenum_insert(type.id, "TRUE", &value), "H5Tenum_insert")
    return type
}

/// The one value of an open attribute.
func value(of attribute: hid_t, at place: Place) throws(HDF5Error) -> HDF5Attribute {
    let type = try place.handle(H5Aget_type(attribute), "H5Aget_type", H5Tclose)
    let space = try place.handle(H5Aget_space(attribute), "H5Aget_space", H5Sclose)
    let shape = try extent(of: space.id, at: place)
    guard shape.allSatisfy({ $0 == 1 }) else { throw place.failure("has shape \(shape), need one value") }
    switch ElementType(of: type.id) {
    case .float(let bits) where bits <= 64:
        var value = 0.0
        try place.check(H5Aread(attribute, h5x_memory_double(), &value), "H5Aread")
        return .double(value)
    case .integer(let bits, signed: false) where bits <= 64:
        var value: UInt64 = 0
        try place.check(H5Aread(attribute, h5x_memory_uint64(), &value), "H5Aread")
        return .uint64(value)
    case .integer(let bits, signed: true) where bits <= 64:
        var value: Int64 = 0
        try place.check(H5Aread(attribute, h5x_memory_int64(), &value), "H5Aread")
        return .int64(value)
    case .bool:
        var value: Int8 = 0
        try place.check(H5Aread(attribute, type.id, &value), "H5Aread")
        return .bool(value != 0)
    case .string: return .string(try text(of: attribute, type: type.id, space: space.id, at: place))
    case let type: throw place.failure("is of type \(type), which is not read")
    }
}

private func text(of attribute: hid_t, type: hid_t, space: hid_t, at place: Place) throws(HDF5Error) -> String {
    guard H5Tis_variable_str(type) > 0 else {
        var bytes = [UInt8](repeating: 0, count: H5Tget_size(type))
        try place.check(H5Aread(attribute, type, &bytes), "H5Aread")
        return try place.text(bytes[...], paddedAs: type)
    }
    var pointer: UnsafeMutablePointer<CChar>?
    try place.check(H5Aread(attribute, type, &pointer), "H5Aread")
    defer { _ = H5Dvlen_reclaim(type, space, hid_t(H5P_DEFAULT), &pointer) }
    guard let pointer else { return "" }
    guard let text = String(validatingCString: pointer) else { throw place.failure("is not UTF-8") }
    return text
}
