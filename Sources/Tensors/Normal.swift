import CKernels

/// Standard normals from a counter: the rows of a matrix that need never be stored, because each can be drawn again.
///
/// A block of `Philox` makes two of them by the method of Box and Muller (1958); `CKernels.h` states the formula.
/// All sums over rows run in the order of the rows, so the bits depend on neither threads nor instruction set.
public struct Normals: Sendable, Equatable {
    private let seed: UInt64
    private let generation: UInt32
    private let purpose: UInt32
    private let instructions: InstructionSet

    /// The normals of one generation and purpose. `instructions` must be supported by this processor.
    public init(
        _ philox: Philox, generation: UInt32, purpose: Philox.Purpose, instructions: InstructionSet = .best
    ) {
        precondition(instructions <= InstructionSet.best, "this processor has no \(instructions)")
        self.seed = philox.seed
        self.generation = generation
        self.purpose = purpose.rawValue
        self.instructions = instructions
    }

    private var source: baton_random_source {
        baton_random_source(
            seed: seed, generation: generation, purpose: purpose, isa: instructions.kernel)
    }

    /// The first `count` normals of row `row`.
    public func row(_ row: Int, count: Int) -> [Double] {
        let source = source
        return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress, count > 0 { baton_normals(source, UInt32(row), 0, count, base) }
            initialized = count
        }
    }

    /// The matrix `center + scale · z`, `[rows, n]`, z being drawn per row and component; its first rows are `leading`,
    /// `[k, n]`, as they are. `scale` and `center` have n elements. The same bits for any number of threads.
    public func affine(
        rows: Int, center: [Double], scale: [Double], leading: [Double] = [], threads: Threads = .one
    ) -> [Double] {
        let n = center.count, given = n == 0 ? 0 : leading.count / n, source = source
        precondition(scale.count == n, "center has \(n) elements, scale \(scale.count)")
        precondition(given * n == leading.count && given <= rows, "leading is not made of up to \(rows) rows of \(n)")
        return [Double](unsafeUninitializedCapacity: rows * n) { buffer, initialized in
            leading.withUnsafeBufferPointer { first in
                if let from = first.baseAddress { buffer.baseAddress?.update(from: from, count: first.count) }
            }
            center.withUnsafeBufferPointer { c in
                scale.withUnsafeBufferPointer { s in
                    let center = Shared(c.baseAddress), scale = Shared(s.baseAddress)
                    let out = SharedMutable(buffer.baseAddress)
                    threads.run(rows - given) { piece in
                        guard let c = center.base, let s = scale.base, let x = out.base else { return }
                        let row = given + piece
                        baton_normals_affine(source, UInt32(row), n, c, s, x + row * n)
                    }
                }
            }
            initialized = rows * n
        }
    }

    /// Columns that one piece of `moments` handles; a multiple of the kernel's chunk.
    private static let columnBlock = 512

    /// Weighted sums over the rows: `linear[j] = Σᵢ a[i] z[i, j]` and `square[j] = Σᵢ b[i] z[i, j]²`, for n columns.
    /// Rows with both weights zero are not drawn. The same bits for any number of threads.
    public func moments(
        linear a: [Double], square b: [Double], columns n: Int, threads: Threads = .one
    ) -> (linear: [Double], square: [Double]) {
        precondition(a.count == b.count, "\(a.count) linear weights, but \(b.count) for the squares")
        let source = source, block = Self.columnBlock
        var square: [Double] = []
        let linear = [Double](unsafeUninitializedCapacity: n) { l, initializedLinear in
            square = [Double](unsafeUninitializedCapacity: n) { s, initializedSquare in
                let linear = SharedMutable(l.baseAddress), square = SharedMutable(s.baseAddress)
                threads.run((n + block - 1) / block) { piece in
                    guard let l = linear.base, let s = square.base else { return }
                    let begin = piece * block
                    baton_normals_moments(source, a.count, a, b, begin, min(begin + block, n), l, s)
                }
                initializedSquare = n
            }
            initializedLinear = n
        }
        return (linear, square)
    }
}
