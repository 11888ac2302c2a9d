import CHDF5

/// What the elements of a dataset are, as far as this module tells them apart.
public enum ElementType: Sendable, Equatable, CustomStringConvertible {
    case float(bits: Int)
    case integer(bits: Int, signed: Bool)
    /// Text, padded to one length in the dataset or each with its own.
    case string
    /// h5py's two-valued enumeration.
    case bool
    /// A type that this module does not read.
    case other

    /// As NumPy would say it: `float32`, `int64`, `str`.
    public var description: String {
        switch self {
        case .float(let bits): "float\(bits)"
        case .integer(let bits, let signed): "\(signed ? "" : "u")int\(bits)"
        case .string: "str"
        case .bool: "bool"
        case .other: "other"
        }
    }

    /// The kind of the library's type `id`.
    init(of id: hid_t) {
        let bits = H5Tget_size(id) * 8
        switch H5Tget_class(id) {
        case H5T_FLOAT: self = .float(bits: bits)
        case H5T_INTEGER: self = .integer(bits: bits, signed: H5Tget_sign(id) == H5T_SGN_2)
        case H5T_STRING: self = .string
        case H5T_ENUM: self = H5Tget_nmembers(id) == 2 && bits == 8 ? .bool : .other
        default: self = .other
        }
    }
}

/// A number that datasets hold: `Float`, `Double` or `Int64`.
public protocol HDF5Scalar: AdditiveArithmetic, BitwiseCopyable, Sendable {
    /// How the elements stand in the file.
    static var elementType: ElementType { get }
}

extension Float: HDF5Scalar {
    public static var elementType: ElementType { .float(bits: 32) }
}
extension Double: HDF5Scalar {
    public static var elementType: ElementType { .float(bits: 64) }
}
extension Int64: HDF5Scalar {
    public static var elementType: ElementType { .integer(bits: 64, signed: true) }
}

extension HDF5Scalar {
    /// The library's identifiers of this type, in memory and in the file; never closed, they belong to the library.
    /// Little-endian in the file on every machine.
    static var types: (memory: hid_t, file: hid_t) {
        switch elementType {
        case .float(bits: 32): (h5x_memory_float(), h5x_file_float())
        case .float: (h5x_memory_double(), h5x_file_double())
        default: (h5x_memory_int64(), h5x_file_int64())
        }
    }

    /// True where every value of `stored` is a value of this type: widening yes, rounding no.
    static func holds(_ stored: ElementType) -> Bool {
        switch (elementType, stored) {
        case (.float(let own), .float(let bits)): bits <= own
        case (.integer(let own, _), .integer(let bits, let signed)): signed ? bits <= own : bits < own
        default: false
        }
    }
}
