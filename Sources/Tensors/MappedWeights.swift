import CKernels
public import Foundation

/// The tensors of one or more safetensors files, mapped: read from disk when touched, shared by all who map them.
/// A file must not be truncated or written over in place while it is open: reading what is gone ends the process. To
/// put another file in its place is harmless.
/// A class because it owns the mapping; nothing changes after `init`.
public final class MappedWeights: Sendable {
    private let files: [MappedFile]
    private let entries: [String: (file: Int, entry: SafetensorsEntry)]

    /// Maps a file. Throws `WeightsError` in one line when it cannot be read or its header does not tell the truth.
    public convenience init(reading url: URL) throws { try self.init(shards: [url]) }

    /// Maps the files of a model that is spread over several. Each tensor stands in one of them.
    public init(shards urls: [URL]) throws {
        var entries: [String: (file: Int, entry: SafetensorsEntry)] = [:]
        files = try urls.map { try MappedFile(reading: $0) }
        for (index, file) in files.enumerated() {
            for entry in file.header.entries {
                guard entries.updateValue((index, entry), forKey: entry.name) == nil else {
                    throw WeightsError("\(file.path): tensor \"\(entry.name)\" stands in two files")
                }
            }
        }
        self.entries = entries
    }

    /// Names of all tensors, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// What the first file says about itself.
    public var metadata: [String: String] { files.first?.header.metadata ?? [:] }

    /// The element type of a tensor; nil when there is none of this name.
    public func type(of name: String) -> ElementType? { entries[name]?.entry.type }

    /// The shape of a tensor; nil when there is none of this name.
    public func shape(of name: String) -> [Int]? { entries[name]?.entry.shape }

    /// A copy of a tensor, widened to 32-bit floats. Throws when it is missing, of another shape or not of floats.
    public func tensor(named name: String, shape: [Int]) throws -> Tensor {
        let rows = try self.rows(named: name, shape: shape)
        let count = shape.reduce(1, *)
        return Tensor(
            shape: shape,
            scalars: [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                if let target = buffer.baseAddress { rows.widen(0..<count, to: target) }
                initialized = count
            })
    }

    /// The rows of a tensor where they lie, for tables of which only some rows are read. Throws as `tensor` does.
    public func rows(named name: String, shape: [Int]) throws -> MappedRows {
        guard let (file, entry) = entries[name] else {
            throw WeightsError("\(paths): no tensor \"\(name)\"")
        }
        guard entry.shape == shape else {
            throw WeightsError("\(files[file].path): tensor \"\(name)\" has shape \(entry.shape), expected \(shape)")
        }
        guard [.float32, .float16, .bfloat16].contains(entry.type) else {
            throw WeightsError(
                "\(files[file].path): tensor \"\(name)\" is of \(entry.type.rawValue); F32, F16 and BF16 are read")
        }
        return MappedRows(
            owner: self, base: files[file].data(at: entry.range), type: entry.type, shape: shape,
            place: "\(files[file].path): tensor \"\(name)\"")
    }

    /// Throws, with its name, when a tensor holds an infinite value or NaN.
    public func checkFinite(_ name: String, threads: Threads = .one) throws {
        guard let shape = shape(of: name) else { throw WeightsError("\(paths): no tensor \"\(name)\"") }
        try rows(named: name, shape: shape).checkFinite(threads: threads)
    }

    /// The bytes of a tensor of any type where they lie; they are there as long as this is.
    public func bytes(named name: String) throws -> UnsafeRawBufferPointer {
        guard let (file, entry) = entries[name] else { throw WeightsError("\(paths): no tensor \"\(name)\"") }
        return UnsafeRawBufferPointer(start: files[file].data(at: entry.range), count: entry.range.count)
    }

    /// Gives back the memory of what was read so far. What is read again comes from the system's cache: for after the
    /// matrices of a model were packed, when only rows of its tables are still read.
    public func releasePages() { for file in files { file.releasePages() } }

    private var paths: String { files.map(\.path).joined(separator: ", ") }
}

/// Rows of a mapped tensor, widened when they are copied out.
public struct MappedRows: @unchecked Sendable {
    private let owner: MappedWeights
    private let base: UnsafeRawPointer
    private let type: ElementType
    public let shape: [Int]
    /// Elements of one row.
    public let columns: Int
    /// File and tensor, for messages.
    private let place: String

    init(owner: MappedWeights, base: UnsafeRawPointer, type: ElementType, shape: [Int], place: String) {
        self.owner = owner
        self.base = base
        self.type = type
        self.shape = shape
        columns = shape.dropFirst().reduce(1, *)
        self.place = place
    }

    /// Throws, with the tensor's name, when a value is infinite or NaN.
    public func checkFinite(threads: Threads = .one) throws {
        let count = shape.reduce(1, *), piece = 1 << 20, pieces = (count + piece - 1) / piece
        let finite = threads.map(pieces) { isFinite($0 * piece..<min(count, ($0 + 1) * piece)) }
        guard finite.allSatisfy({ $0 }) else {
            throw WeightsError("\(place) holds an infinite value or NaN; the file is damaged")
        }
    }

    /// Copies row `source` to row `row` of `target`.
    public func copy(_ source: Int, to row: Int, of target: FloatRows) {
        precondition(source >= 0 && source < shape.first ?? 1 && target.columns == columns, "row \(source) of \(shape)")
        precondition(row >= 0 && row < target.rows, "row \(row) of \(target.rows)")
        widen(source * columns..<(source + 1) * columns, to: target.base + row * target.stride)
    }

    func widen(_ elements: Range<Int>, to target: UnsafeMutablePointer<Float>) {
        let from = base + elements.lowerBound * type.size
        switch type {
        // The format promises no alignment in the file: bytes are copied, here and in the kernels.
        case .float32: UnsafeMutableRawPointer(target).copyMemory(from: from, byteCount: elements.count * 4)
        case .float16: baton_widen_float16(elements.count, from, target)
        default: baton_widen_bfloat16(elements.count, from, target)
        }
    }

    private func isFinite(_ elements: Range<Int>) -> Bool {
        let piece = 1 << 12
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: piece) { scratch in
            guard let target = scratch.baseAddress else { return true }
            for first in stride(from: elements.lowerBound, to: elements.upperBound, by: piece) {
                let range = first..<min(elements.upperBound, first + piece)
                widen(range, to: target)
                guard baton_all_finite(range.count, target) == 1 else { return false }
            }
            return true
        }
    }
}

/// A file in memory, read only. A class because the mapping has to end once.
private final class MappedFile: @unchecked Sendable {
    let path: String
    let header: SafetensorsHeader
    private let base: UnsafeMutableRawPointer
    private let size: Int
    private let dataStart: Int

    private static let largestHeader = 100_000_000

    init(reading url: URL) throws {
        path = url.path
        (base, size) = try Self.map(url.path)
        do {
            (header, dataStart) = try Self.header(of: UnsafeRawBufferPointer(start: base, count: size))
        } catch {
            munmap(base, size)
            throw WeightsError("\(path): \(error.description)")
        }
    }

    deinit { munmap(base, size) }

    /// Nothing is ever written there, so no more than the pages is lost. A refusal would cost memory only.
    func releasePages() { madvise(base, size, MADV_DONTNEED) }

    func data(at range: Range<Int>) -> UnsafeRawPointer { UnsafeRawPointer(base) + dataStart + range.lowerBound }

    private static func map(_ path: String) throws(WeightsError) -> (UnsafeMutableRawPointer, Int) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw WeightsError("\(path): cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WeightsError("\(path): not a file")
        }
        let size = Int(status.st_size)
        guard size >= 8 else { throw WeightsError("\(path): \(size) bytes are too few for a safetensors file") }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw WeightsError("\(path): cannot be mapped: \(String(cString: strerror(errno)))")
        }
        return (base, size)
    }

    private static func header(of file: UnsafeRawBufferPointer) throws(WeightsError) -> (SafetensorsHeader, Int) {
        let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(largestHeader), Int(length) <= file.count - 8 else {
            throw WeightsError(
                "the header is said to take \(length) bytes, the file has \(file.count); not a safetensors file, or cut off")
        }
        let start = 8 + Int(length)
        return (try SafetensorsHeader(json: [UInt8](file[8..<start]), dataSize: file.count - start), start)
    }
}
