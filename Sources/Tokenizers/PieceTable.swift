/// Word pieces by their bytes: an open hash table over one array of bytes, so that a look-up allocates nothing and the
/// hashes of all beginnings of a word come from one pass (FNV-1a).
struct PieceTable: Sendable {
    private var slots: [Int32]
    private var starts: [Int32] = []
    private var ids: [Int32] = []
    private var bytes: [UInt8] = []
    /// Bytes of the longest piece.
    private(set) var longest = 0

    static let emptyHash: UInt32 = 2_166_136_261

    /// The hash of some bytes and one more.
    static func hash(_ hash: UInt32, adding byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 16_777_619 }

    /// Throws with the piece that stands twice.
    init(_ pieces: [(bytes: ArraySlice<UInt8>, id: Int32)]) throws(TokenizerError) {
        var size = 16
        while size < 2 * pieces.count { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        for (piece, id) in pieces {
            let hash = piece.reduce(Self.emptyHash) { Self.hash($0, adding: $1) }
            var slot = Int(Self.mixed(hash)) & (size - 1)
            while slots[slot] >= 0 {
                let index = Int(slots[slot])
                let end = index + 1 < starts.count ? Int(starts[index + 1]) : bytes.count
                guard !bytes[Int(starts[index])..<end].elementsEqual(piece) else {
                    throw TokenizerError("\"\(String(decoding: piece, as: UTF8.self))\" stands twice in \"vocab\"")
                }
                slot = (slot + 1) & (size - 1)
            }
            slots[slot] = Int32(ids.count)
            starts.append(Int32(bytes.count))
            ids.append(id)
            bytes.append(contentsOf: piece)
            longest = max(longest, piece.count)
        }
        starts.append(Int32(bytes.count))
    }

    /// The id of `piece`, whose hash the caller has; nil when it is no piece.
    func id(of piece: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int32? {
        let mask = slots.count - 1
        var slot = Int(Self.mixed(hash)) & mask
        while slots[slot] >= 0 {
            let index = Int(slots[slot]), start = Int(starts[index])
            if Int(starts[index + 1]) - start == piece.count {
                var same = 0
                while same < piece.count, bytes[start + same] == piece[same] { same += 1 }
                if same == piece.count { return ids[index] }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private static func mixed(_ hash: UInt32) -> UInt32 { hash ^ (hash >> 15) }
}
