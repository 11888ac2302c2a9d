import CKernels

extension InstructionSet {
    /// Which product of packed weights this set has for `precision`, for people.
    public func kernel(for precision: Precision) -> String {
        switch (precision, self) {
        case (.f32, .portable): "portable, 128-bit vectors"
        case (.f32, .avx2): "AVX2, FMA"
        case (.f32, _): "AVX-512"
        case (.bf16, .portable), (.f16, .portable): "portable, widened before the product"
        case (.bf16, .avx2): "AVX2, FMA, widened in registers"
        case (.f16, .avx2): "AVX2, FMA, widened by F16C"
        case (.bf16, _), (.f16, _): "AVX-512, widened in registers up to 8 rows, else before the product"
        case (.int8, .portable): "portable, one number at a time"
        case (.int8, .avx2): "AVX2, pairs of 16 bits"
        case (.int8, .avx512): "AVX-512, pairs of 16 bits"
        case (.int8, .avx512vnni): "AVX-512 VNNI, fours of 8 bits"
        }
    }

    /// 32-bit floating-point operations per second that this set reaches on all of `threads` at once, in registers.
    public func peak(threads: Threads) -> Double {
        let set = kernel, clock = ContinuousClock()
        return (0..<3).reduce(0.0) { best, _ in
            let start = clock.now
            let operations = threads.map(threads.count) { _ in baton_peak(set, 2_000_000) }
            return max(best, operations.reduce(0, +) / ((clock.now - start) / .seconds(1)))
        }
    }
}
