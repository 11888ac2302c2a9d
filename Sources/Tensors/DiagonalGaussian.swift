import CKernels

/// The passes over all coordinates by which a normal distribution with a variance a coordinate is drawn and moved: the
/// arithmetic of a separable search, which `Evolution` puts together. The same bits for any number of threads and on every
/// instruction set.
public struct DiagonalGaussian: Sendable {
    /// Coordinates that one piece of work handles: a multiple of what the kernels hold in registers. Part of the result,
    /// since sums over coordinates are formed piece by piece.
    static let block = 4096

    private let threads: Threads
    private let isa: baton_isa

    /// Passes on up to `threads` threads; `instructions` must be supported by this processor.
    public init(threads: Threads = .one, instructions: InstructionSet = .best) {
        precondition(instructions <= InstructionSet.best, "this processor has no \(instructions)")
        self.threads = threads
        isa = instructions.kernel
    }

    private func pieces(_ n: Int) -> Int { (n + Self.block - 1) / Self.block }

    /// σ√v of each of the variances v: standard deviations.
    public func deviations(stepSize: Double, variances: [Double]) -> [Double] {
        let n = variances.count, isa = isa, block = Self.block
        return [Double](unsafeUninitializedCapacity: n) { buffer, initialized in
            variances.withUnsafeBufferPointer { v in
                let variances = Shared(v.baseAddress), out = SharedMutable(buffer.baseAddress)
                threads.run(pieces(n)) { piece in
                    guard let v = variances.base, let out = out.base else { return }
                    baton_scaled_roots(isa, piece * block, min(n, (piece + 1) * block), stepSize, v, out)
                }
            }
            initialized = n
        }
    }

    /// Weighted sums over the rows of `draws` `[rows, n]`: `linear[j] = Σᵢ a[i] z[i, j]` and `square[j] = Σᵢ b[i] z[i, j]²`.
    public func moments(
        of draws: [Double], columns n: Int, linear a: [Double], square b: [Double]
    ) -> (linear: [Double], square: [Double]) {
        precondition(a.count == b.count && draws.count == a.count * n, "\(a.count) and \(b.count) weights for the draws")
        let isa = isa, block = Self.block
        var square: [Double] = []
        let linear = [Double](unsafeUninitializedCapacity: n) { l, initializedLinear in
            square = [Double](unsafeUninitializedCapacity: n) { s, initializedSquare in
                draws.withUnsafeBufferPointer { z in
                    let draws = Shared(z.baseAddress)
                    let linear = SharedMutable(l.baseAddress), square = SharedMutable(s.baseAddress)
                    threads.run(pieces(n)) { piece in
                        guard let z = draws.base, let l = linear.base, let s = square.base else { return }
                        baton_weighted_moments(
                            isa, a.count, n, z, a, b, piece * block, min(n, (piece + 1) * block), l, s)
                    }
                }
                initializedSquare = n
            }
            initializedLinear = n
        }
        return (linear, square)
    }

    /// `mean += rate · deviations · step` and `path = keep · path + gain · step`, by component. Returns |path|².
    public func follow(
        _ step: [Double], deviations: [Double], rate: Double, keep: Double, gain: Double, mean: inout [Double],
        path: inout [Double]
    ) -> Double {
        let n = step.count, isa = isa, block = Self.block
        precondition(deviations.count == n && mean.count == n && path.count == n, "the vectors differ in length")
        return mean.withUnsafeMutableBufferPointer { m in
            path.withUnsafeMutableBufferPointer { p in
                step.withUnsafeBufferPointer { s in
                    deviations.withUnsafeBufferPointer { d in
                        let mean = SharedMutable(m.baseAddress), path = SharedMutable(p.baseAddress)
                        let step = Shared(s.baseAddress), deviations = Shared(d.baseAddress)
                        let parts = threads.map(pieces(n)) { piece -> Double in
                            guard let m = mean.base, let p = path.base, let s = step.base, let d = deviations.base else {
                                return 0
                            }
                            return baton_follow_step(
                                isa, piece * block, min(n, (piece + 1) * block), d, s, rate, keep, gain, m, p)
                        }
                        return parts.reduce(0, +)
                    }
                }
            }
        }
    }

    /// How variances and their path move; the names are those of Hansen's tutorial (arXiv 1604.00772).
    public struct VarianceUpdate: Sendable {
        /// 1 − c_c and h_σ √(c_c (2 − c_c) µ_eff).
        public var pathKeep: Double, pathGain: Double
        /// Rates of the path's square and of the draws' squares; both zero: variances stay.
        public var rankOne: Double, rankMu: Double
        /// Additive: what remains of a variance; multiplicative: the sum of the weights of the squares.
        public var decay: Double
        /// v · exp(…) in place of a sum, so that negative weights leave variances positive.
        public var isMultiplicative: Bool
        /// Where variances stay.
        public var limits: ClosedRange<Double>

        public init(
            pathKeep: Double, pathGain: Double, rankOne: Double, rankMu: Double, decay: Double, isMultiplicative: Bool,
            limits: ClosedRange<Double>
        ) {
            self.pathKeep = pathKeep
            self.pathGain = pathGain
            self.rankOne = rankOne
            self.rankMu = rankMu
            self.decay = decay
            self.isMultiplicative = isMultiplicative
            self.limits = limits
        }
    }

    /// Moves `path` by √v · step, and the variances v by the path's squares and by `squares`:
    /// additive `decay v + rankOne path² + rankMu v squares`,
    /// multiplicative `v exp(rankOne (path²/v − 1) + rankMu (squares − decay))`.
    public func adapt(
        _ update: VarianceUpdate, step: [Double], squares: [Double], variances: inout [Double], path: inout [Double],
        threads: Threads = .one
    ) {
        let n = step.count, isa = isa, block = Self.block
        precondition(squares.count == n && variances.count == n && path.count == n, "the vectors differ in length")
        let kernel = baton_variance_update(
            keep: update.pathKeep, gain: update.pathGain, one: update.rankOne, mu: update.rankMu, decay: update.decay,
            least: update.limits.lowerBound, most: update.limits.upperBound, multiplies: update.isMultiplicative ? 1 : 0)
        variances.withUnsafeMutableBufferPointer { v in
            path.withUnsafeMutableBufferPointer { p in
                step.withUnsafeBufferPointer { s in
                    squares.withUnsafeBufferPointer { q in
                        let variances = SharedMutable(v.baseAddress), path = SharedMutable(p.baseAddress)
                        let step = Shared(s.baseAddress), squares = Shared(q.baseAddress)
                        threads.run(pieces(n)) { piece in
                            guard let v = variances.base, let p = path.base, let s = step.base, let q = squares.base else {
                                return
                            }
                            baton_adapt_variances(isa, kernel, piece * block, min(n, (piece + 1) * block), s, q, v, p)
                        }
                    }
                }
            }
        }
    }
}
