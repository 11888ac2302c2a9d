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

    /// The normals of one generation and purpose, and of its `attempt`, below 2²⁴, where a draw may be rejected.
    /// `instructions` must be supported by this processor.
    public init(
        _ philox: Philox, generation: UInt32, purpose: Philox.Purpose, attempt: UInt32 = 0,
        instructions: InstructionSet = .best
    ) {
        precondition(instructions <= InstructionSet.best, "this processor has no \(instructions)")
        self.seed = philox.seed
        self.generation = generation
        self.purpose = purpose.rawValue | attempt << 8
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

    /// Draws `rows` of the matrix z `[·, n]`, keeps them in `draws`, and puts `center + scale · z` into `points`; both are
    /// `[rows of the matrix, n]`, and their other rows stay as they are. `scale` and `center` have n elements. The same bits
    /// for any number of threads.
    public func affine(
        rows: [Int], center: [Double], scale: [Double], draws: inout [Double], points: inout [Double],
        threads: Threads = .one
    ) {
        let n = center.count, source = source, end = ((rows.max() ?? -1) + 1) * n
        precondition(scale.count == n, "center has \(n) elements, scale \(scale.count)")
        precondition(
            draws.count == points.count && end <= draws.count && (rows.min() ?? 0) >= 0, "the rows do not fit the matrix")
        draws.withUnsafeMutableBufferPointer { z in
            points.withUnsafeMutableBufferPointer { x in
                center.withUnsafeBufferPointer { c in
                    scale.withUnsafeBufferPointer { s in
                        let center = Shared(c.baseAddress), scale = Shared(s.baseAddress)
                        let draws = SharedMutable(z.baseAddress), points = SharedMutable(x.baseAddress)
                        threads.run(rows.count) { piece in
                            guard let c = center.base, let s = scale.base, let z = draws.base, let x = points.base else {
                                return
                            }
                            let row = rows[piece]
                            baton_normals_affine(source, UInt32(row), n, c, s, z + row * n, x + row * n)
                        }
                    }
                }
            }
        }
    }
}
