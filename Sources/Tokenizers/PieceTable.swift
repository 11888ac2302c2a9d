/// Word pieces by their bytes: an open hash table over one array of bytes, so that a look-up allocates nothing and the
/// hashes of all beginnings of a word come from one pass (FNV-1a).
struct PieceTable: Sendable {
    /// The hash of a piece above its index; the beginning of an empty slot is `empty`.
    private var slots: [UInt64]
    private var starts: [UInt32] = [0]
    private(set) var ids: [Int32] = []
    private var bytes: [UInt8] = []
    /// Bytes of the longest piece.
    private(set) var longest = 0

    static let emptyHash: UInt32 = 2_166_136_261
    private static let empty = UInt64.max

    /// The hash of some bytes and one more.
    static func hash(_ hash: UInt32, adding byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }

    static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hash = emptyHash
        for byte in piece { hash = Self.hash(hash, adding: byte) }
        return hash
    }

    /// An empty table with room for `capacity` pieces.
    init(capacity: Int) {
        var size = 16
        while size < capacity + capacity / 2 { size *= 2 }
        slots = [UInt64](repeating: Self.empty, count: size)
        ids.reserveCapacity(capacity)
        starts.reserveCapacity(capacity + 1)
    }

    /// Throws with the piece that stands twice.
    init(_ pieces: [(bytes: ArraySlice<UInt8>, id: Int32)]) throws(TokenizerError) {
        self.init(capacity: pieces.count)
        for (piece, id) in pieces where !piece.withUnsafeBufferPointer({ insert($0, id: id) }) {
            throw Self.twice(piece)
        }
    }

    static func twice(_ piece: some Collection<UInt8>) -> TokenizerError {
        TokenizerError("\"\(String(decoding: piece, as: UTF8.self))\" stands twice in \"vocab\"")
    }

    /// Adds a piece; false when it is there already. There must be room.
    mutating func insert(_ piece: UnsafeBufferPointer<UInt8>, id: Int32) -> Bool {
        precondition(ids.count + 1 < slots.count, "a table of \(slots.count) pieces is full")
        let hash = Self.hash(piece), slot = slot(of: piece, hash: hash)
        guard slots[slot] == Self.empty else { return false }
        slots[slot] = UInt64(hash) << 32 | UInt64(ids.count)
        ids.append(id)
        bytes.append(contentsOf: piece)
        starts.append(UInt32(bytes.count))
        longest = max(longest, piece.count)
        return true
    }

    /// The id of `piece`; nil when it is no piece.
    func id(of piece: UnsafeBufferPointer<UInt8>) -> Int32? { id(of: piece, hash: Self.hash(piece)) }

    /// The same with the hash, where the caller has it.
    func id(of piece: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int32? {
        let found = slots[slot(of: piece, hash: hash)]
        return found == Self.empty ? nil : ids[Int(found & 0xffff_ffff)]
    }

    /// The index of `piece`, in the order of insertion. `guess` is looked at first, which costs nothing where callers
    /// come in that order.
    func index(of piece: UnsafeBufferPointer<UInt8>, guess: Int) -> Int? {
        if ids.indices.contains(guess), isPiece(guess, piece) { return guess }
        let found = slots[slot(of: piece, hash: Self.hash(piece))]
        return found == Self.empty ? nil : Int(found & 0xffff_ffff)
    }

    /// Calls `body` with the bytes of the piece that was inserted `index`th, from 0.
    func withPiece<Result>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(starts[index])..<Int(starts[index + 1])]))
        }
    }

    /// Where `piece` is, or the empty place where it would be.
    private func slot(of piece: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int {
        let mask = slots.count - 1
        var slot = Int(hash ^ (hash >> 15)) & mask
        while slots[slot] != Self.empty {
            if slots[slot] >> 32 == UInt64(hash), isPiece(Int(slots[slot] & 0xffff_ffff), piece) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func isPiece(_ index: Int, _ piece: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[index])
        guard Int(starts[index + 1]) - start == piece.count else { return false }
        var same = 0
        while same < piece.count, bytes[start + same] == piece[same] { same += 1 }
        return same == piece.count
    }
}
