import CKernels
import Glibc

/// The bytes of a packed matrix: its own, or a region that something else keeps alive.
/// A class because it owns memory; only `fill` writes, while the matrix is made.
final class PackedMemory: @unchecked Sendable {
    let base: UnsafeRawPointer
    private let own: UnsafeMutableRawPointer?
    private let owner: (any AnyObject & Sendable)?

    /// Weights of a few MiB are read from end to end: with large pages a pass looks up a hundredth of the addresses.
    private static let hugePage = 2 << 20

    /// `count` bytes of undefined value.
    init(count: Int) {
        let isLarge = count >= Self.hugePage
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, count), alignment: isLarge ? Self.hugePage : 64)
        // A wish: the kernel that refuses it only makes reading slower.
        if isLarge { madvise(memory, count / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
        own = memory
        base = UnsafeRawPointer(memory)
        owner = nil
    }

    /// A region that `owner` keeps.
    init(_ region: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        guard let start = region.baseAddress else { preconditionFailure("no packed bytes") }
        precondition(UInt(bitPattern: start) % 64 == 0, "packed bytes are not aligned to 64 bytes")
        base = start
        own = nil
        self.owner = owner
    }

    deinit { own?.deallocate() }

    /// Writes `columns` of panel `panel` of a matrix of `rows` rows from `scratch` `[width, columns]`, whose rows are `stride` apart.
    /// Numbers of 8 bits take all columns at once, because they have one scale.
    func fill(
        panel: Int, width: Int, rows: Int, inputs: Int, columns: Range<Int>, precision: Precision,
        from scratch: UnsafePointer<Float>, stride: Int
    ) {
        guard let own else { return }
        if let storage = precision.storage {
            let target = own + (panel * 48 * inputs + columns.lowerBound * width) * precision.elementSize
            baton_pack_panel(storage, width, width, columns.count, scratch, stride, target)
            return
        }
        precondition(columns.count == inputs, "8-bit weights in pieces")
        let padded = (rows + 15) / 16 * 16, depth = (inputs + 3) / 4 * 4
        let scales = (own + padded * depth).assumingMemoryBound(to: Float.self)
        let sums = (own + padded * (depth + 4)).assumingMemoryBound(to: Int32.self)
        baton_pack_panel8(
            width, width, inputs, scratch, stride, own + panel * 48 * depth, scales + panel * 48, sums + panel * 48)
    }
}
