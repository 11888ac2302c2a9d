import Dispatch
import Files
import Foundation
import Tensors

/// Packed weights that an earlier start left beside the model, mapped: their memory is the system's cache of the file.
struct PackedFile: Sendable {
    private let mapped: MappedWeights

    /// Nil where there are none for just these weights in this layout, or the file is not what we wrote.
    init?(reading place: PackedPlace) {
        guard let record = place.record, record.layout == PackedMatrix.layout,
            record.weights == FileStamp.all(of: place.weightFiles),
            let mapped = try? MappedWeights(reading: place.file),
            // After it was mapped, so that what is mapped is what the record means.
            record.packed == FileStamp(of: place.file)
        else { return nil }
        self.mapped = mapped
    }

    /// The map called `name`; nil where the file has none of this size.
    func map(
        _ name: String, outputs: Int, inputs: Int, isInterleaved: Bool, bias: [Float]?, precision: Precision
    ) -> PackedMatrix? {
        let size = PackedMatrix.bytes(outputs: outputs, inputs: inputs, isInterleaved: isInterleaved, precision: precision)
        guard let bytes = try? mapped.bytes(named: name), bytes.count == Self.padded(size) else { return nil }
        return PackedMatrix(
            packed: UnsafeRawBufferPointer(rebasing: bytes.prefix(size)), owner: mapped, outputs: outputs, inputs: inputs,
            isInterleaved: isInterleaved, bias: bias, precision: precision)
    }

    /// To a cache line, where each map begins.
    private static func padded(_ size: Int) -> Int { (size + 63) / 64 * 64 }

    /// Writes `maps` and then their record, unless another process is at it. A disk without room for twice the file is left alone.
    static func write(_ maps: [(name: String, map: PackedMatrix)], of weights: [FileStamp], to place: PackedPlace) throws {
        try Durable.makeFolder(place.folder)
        let lock = FolderLock(place.folder)
        try lock.acquire()
        defer { withExtendedLifetime(lock) {} }
        let size = maps.reduce(0) { $0 + padded($1.map.bytes) }
        guard PackedFile(reading: place) == nil, room(in: place.folder) > 2 * size else { return }
        try Durable.remove(place.recordFile)
        try removeOthers(than: weights, around: place)
        let header = Safetensors.header(
            bytes: maps.map { ($0.name, padded($0.map.bytes)) },
            metadata: ["format": "baton packed weights \(PackedMatrix.layout)", "precision": place.precision], alignment: 4096)
        try Durable.replace(place.file) { beside in
            let file = try FileHandle(forWritingTo: beside)
            defer { try? file.close() }
            try file.write(contentsOf: header)
            for (_, map) in maps {
                try map.withPackedBytes { try append($0, to: file) }
                try file.write(contentsOf: Data(count: padded(map.bytes) - map.bytes))
            }
        }
        guard let packed = FileStamp(of: place.file), FileStamp.all(of: place.weightFiles) == weights else { return }
        let record = PackedRecord(layout: PackedMatrix.layout, weights: weights, packed: packed)
        try Durable.replace(place.recordFile, by: JSONEncoder().encode(record))
    }

    /// What was packed of weights that have been replaced since.
    private static func removeOthers(than weights: [FileStamp], around place: PackedPlace) throws {
        for precision in Precision.allCases {
            let other = PackedPlace(folder: place.folder, precision: precision.rawValue, weightFiles: place.weightFiles)
            guard let record = other.record, record.weights != weights else { continue }
            try Durable.remove(other.recordFile)
            try Durable.remove(other.file)
        }
    }

    private static func append(_ bytes: UnsafeRawBufferPointer, to file: FileHandle) throws {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = Glibc.write(file.fileDescriptor, base, min(rest.count, 8 << 20))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw CocoaError(.fileWriteUnknown) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    private static func room(in folder: URL) -> Int {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return 0 }
        return Int(clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
}

/// The writing of packed weights, on a thread of its own while the model works already. A class because all copies of a model
/// wait for one writing: the last to go does, so that a command that ends at once has left them all the same.
final class PackedWriting: Sendable {
    private let done = DispatchGroup()

    init(_ maps: [(name: String, map: PackedMatrix)], of weights: [FileStamp], to place: PackedPlace) {
        let done = done
        done.enter()
        Thread.detachNewThread {
            // A folder that takes nothing costs the packing at each start, nothing else.
            try? PackedFile.write(maps, of: weights, to: place)
            done.leave()
        }
    }

    deinit { done.wait() }
}
