import Files

/// What is wrong with a file of weights, or with what was asked of it: one line with the file and the tensor.
public struct WeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// An error that says `description`, in one line whatever a file's text in it is.
    public init(_ description: String) { self.description = description.oneLine }
}

/// Element types of safetensors files. Only the three float types are read; the others may stand beside them.
public enum ElementType: String, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case float8e4m3 = "F8_E4M3"
    case float8e5m2 = "F8_E5M2"

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .float64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool, .float8e4m3, .float8e5m2: 1
        }
    }
}

/// One tensor of a safetensors file, as the header describes it.
struct SafetensorsEntry: Equatable {
    let name: String
    let type: ElementType
    let shape: [Int]
    /// Bytes behind the header.
    let range: Range<Int>
}

/// The header of a safetensors file: a JSON object of a fixed form. Read by an own scanner because a general one
/// loses what has to be refused: repeated keys, and numbers that are not whole.
struct SafetensorsHeader {
    private(set) var metadata: [String: String] = [:]
    private(set) var entries: [SafetensorsEntry] = []

    /// Checks `json` against all that can be wrong with it; `dataSize` is the number of bytes behind the header.
    init(json: [UInt8], dataSize: Int) throws(WeightsError) {
        guard String(validating: json, as: UTF8.self) != nil else { throw WeightsError("the header is not UTF-8") }
        var scanner = HeaderScanner(json)
        var seen: Set<[UInt8]> = []
        try scanner.object { scanner, name throws(WeightsError) in
            guard seen.insert(Array(name.utf8)).inserted else { throw WeightsError("tensor \"\(name)\" is named twice") }
            if name == "__metadata__" {
                metadata = try scanner.strings()
            } else {
                entries.append(try Self.entry(name, &scanner))
            }
        }
        try scanner.end()
        try checkLayout(dataSize: dataSize)
    }

    /// `{"dtype": …, "shape": […], "data_offsets": [begin, end]}`, in any order, nothing else.
    private static func entry(_ name: String, _ scanner: inout HeaderScanner) throws(WeightsError) -> SafetensorsEntry {
        var type: String?, shape: [Int]?, offsets: [Int]?
        do {
            try scanner.object { scanner, key throws(WeightsError) in
                switch key {
                case "dtype" where type == nil: type = try scanner.string()
                case "shape" where shape == nil: shape = try scanner.naturals()
                case "data_offsets" where offsets == nil: offsets = try scanner.naturals()
                default: throw WeightsError("unexpected or repeated key \"\(key)\"")
                }
            }
        } catch {
            throw WeightsError("tensor \"\(name)\": \(error.description)")
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw WeightsError("tensor \"\(name)\": needs dtype, shape and two data_offsets")
        }
        guard let element = ElementType(rawValue: type) else {
            throw WeightsError("tensor \"\(name)\": unknown dtype \"\(type)\"")
        }
        guard offsets[0] <= offsets[1] else {
            throw WeightsError("tensor \"\(name)\": data_offsets \(offsets) run backwards")
        }
        var bytes = element.size
        for size in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow else { throw WeightsError("tensor \"\(name)\": shape \(shape) overflows") }
            bytes = product
        }
        guard bytes == offsets[1] - offsets[0] else {
            throw WeightsError(
                "tensor \"\(name)\": \(type) of shape \(shape) takes \(bytes) bytes, data_offsets \(offsets) give \(offsets[1] - offsets[0])"
            )
        }
        return SafetensorsEntry(name: name, type: element, shape: shape, range: offsets[0]..<offsets[1])
    }

    /// The tensors follow each other without gap or overlap and fill the file.
    private func checkLayout(dataSize: Int) throws(WeightsError) {
        var end = 0
        for entry in entries.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard entry.range.upperBound <= dataSize else {
                throw WeightsError(
                    "tensor \"\(entry.name)\": ends at byte \(entry.range.upperBound) of \(dataSize); the file is cut off or the header lies"
                )
            }
            guard entry.range.lowerBound == end else {
                let what = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
                throw WeightsError("tensor \"\(entry.name)\": \(what) (begins at byte \(entry.range.lowerBound), not \(end))")
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else { throw WeightsError("\(dataSize - end) bytes belong to no tensor") }
    }
}
