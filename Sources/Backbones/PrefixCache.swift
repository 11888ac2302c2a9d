import Synchronization
import Tensors

/// Keys and values of sixteen tokens in a row, of all layers that a pass went through. A class because passes share it.
final class PrefixBlock: Sendable {
    /// Tokens of a block: what a text and its successor share is reused but for the last fifteen.
    static let tokens = 16

    let layers: Int
    /// Layer `i`'s rows are `16 i ..< 16 (i + 1)`, each a token's keys and then its values. Written once, by the pass
    /// that made the block, before anyone else sees it.
    let rows: FloatRows
    let bytes: Int
    private let memory: Workspace

    init(layers: Int, columns: Int) {
        self.layers = layers
        memory = Workspace()
        memory.reset(for: Workspace.room(rows: layers * Self.tokens, columns: columns))
        rows = memory.rows(layers * Self.tokens, columns: columns)
        bytes = Self.bytes(layers: layers, columns: columns)
    }

    /// What a block takes.
    static func bytes(layers: Int, columns: Int) -> Int {
        Workspace.room(rows: layers * tokens, columns: columns) * MemoryLayout<Float>.stride
    }

    func layer(_ index: Int) -> FloatRows { rows.rows(index * Self.tokens..<(index + 1) * Self.tokens) }
}

/// Keys and values of texts that were read before, for texts that begin alike: a system prompt, a transcript that grows.
/// A tree of blocks of sixteen tokens: a block stands for its tokens behind all that precede it, so texts that part
/// share what they had in common. Least recently used leaves go first when memory is full.
/// A class because the threads of a server share it.
public final class PrefixCache: Sendable {
    private struct Key: Hashable {
        let parent: Int
        let tokens: [Int32]
    }

    private struct Node {
        let block: PrefixBlock
        let id: Int
        let key: Key
        var children = 0
        var lastUse: Int
    }

    private struct Tree {
        var nodes: [Key: Node] = [:]
        /// Keys of nodes by their id; the root is 0 and has none.
        var keys: [Int: Key] = [:]
        var bytes = 0, nextID = 1, clock = 0
        /// Bytes of blocks that passes are filling.
        var promised = 0
    }

    private let limit: Int
    private let tree = Mutex(Tree())

    /// An empty cache that holds at most `bytes`.
    public init(bytes: Int) { limit = max(0, bytes) }

    /// Bytes in use.
    public var bytes: Int { tree.withLock(\.bytes) }

    /// The blocks of the longest known beginning of `tokens`, of at most `count` tokens and with `layers` layers or more.
    func beginning(of tokens: ArraySlice<Int32>, atMost count: Int, layers: Int) -> [PrefixBlock] {
        tree.withLock { tree in
            tree.clock += 1
            var blocks: [PrefixBlock] = [], parent = 0
            for key in Self.pieces(tokens.prefix(count)) {
                let key = Key(parent: parent, tokens: key)
                guard var node = tree.nodes[key], node.block.layers >= layers else { break }
                node.lastUse = tree.clock
                tree.nodes[key] = node
                parent = node.id
                blocks.append(node.block)
            }
            return blocks
        }
    }

    /// Frees what `count` new blocks of `bytes` take beside `known` ones, which stay, and promises it to the caller until it
    /// gives it back; returns for how many of them there is room. So memory is bounded also while passes fill blocks.
    func makeRoom(for count: Int, bytes: Int, beside known: [PrefixBlock]) -> Int {
        let used = known.reduce(0) { $0 + $1.bytes }
        return tree.withLock { tree in
            let fitting = min(count, max(0, limit - used - tree.promised) / max(1, bytes))
            tree.promised += fitting * bytes
            // The known ones were just used, and go last.
            Self.shrink(&tree, to: limit - tree.promised)
            return fitting
        }
    }

    /// Gives back what ``makeRoom(for:bytes:beside:)`` promised, after the blocks are kept or given up.
    func giveBack(_ bytes: Int) { tree.withLock { $0.promised -= bytes } }

    /// Tokens of the longest known beginning of `tokens`, of at most `count`.
    func knownTokens(of tokens: ArraySlice<Int32>, atMost count: Int, layers: Int) -> Int {
        beginning(of: tokens, atMost: count, layers: layers).count * PrefixBlock.tokens
    }

    /// Keeps `blocks`, which begin at the first token of `tokens`; those that are known already stay as they are.
    func keep(_ blocks: [PrefixBlock], of tokens: ArraySlice<Int32>) {
        tree.withLock { tree in
            tree.clock += 1
            var parent = 0
            for (tokens, block) in zip(Self.pieces(tokens), blocks) {
                let key = Key(parent: parent, tokens: tokens)
                if var node = tree.nodes[key] {
                    let isDeeper = block.layers > node.block.layers
                    node.lastUse = tree.clock
                    tree.bytes += isDeeper ? block.bytes - node.block.bytes : 0
                    tree.nodes[key] = Node(
                        block: isDeeper ? block : node.block, id: node.id, key: key, children: node.children,
                        lastUse: tree.clock)
                    parent = node.id
                } else {
                    tree.nodes[key] = Node(block: block, id: tree.nextID, key: key, lastUse: tree.clock)
                    tree.keys[tree.nextID] = key
                    if let above = tree.keys[parent] { tree.nodes[above]?.children += 1 }
                    parent = tree.nextID
                    tree.nextID += 1
                    tree.bytes += block.bytes
                }
            }
            Self.shrink(&tree, to: limit)
        }
    }

    private static func pieces(_ tokens: ArraySlice<Int32>) -> [[Int32]] {
        let size = PrefixBlock.tokens
        return (0..<tokens.count / size).map { piece in
            let first = tokens.startIndex + piece * size
            return Array(tokens[first..<first + size])
        }
    }

    private static func shrink(_ tree: inout Tree, to limit: Int) {
        while tree.bytes > limit {
            // Of leaves used at the same time the one furthest from its root goes first: it was made last.
            let leaf = tree.nodes.values.filter { $0.children == 0 }.min { ($0.lastUse, $1.id) < ($1.lastUse, $0.id) }
            guard let leaf else { return }
            tree.nodes[leaf.key] = nil
            tree.keys[leaf.id] = nil
            tree.bytes -= leaf.block.bytes
            if let above = tree.keys[leaf.key.parent] { tree.nodes[above]?.children -= 1 }
        }
    }
}
