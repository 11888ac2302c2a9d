import CKernels

/// The vector instructions that the kernels may use. The best one is taken unless a test asks for another.
public enum InstructionSet: Int, Sendable, CaseIterable, Comparable {
    /// `avx2` includes FMA and F16C, `avx512` F, BW, VL and DQ.
    case portable, avx2, avx512, avx512vnni

    /// The best set of this processor.
    public static let best = InstructionSet(rawValue: Int(baton_best_isa().rawValue)) ?? .portable

    /// All sets that this processor has.
    public static let available = allCases.filter { $0 <= best }

    /// Names of the processor features that the kernels use here: `avx2`, `fma`, `f16c`, `avx512f`,
    /// `avx512vnni`, `sha`.
    public static var features: [String] {
        var names: [String] = []
        while let name = baton_feature(names.count) { names.append(String(cString: name)) }
        return names
    }

    /// The most 32-bit floating-point operations per second that this set reaches on one core: multiplications and additions
    /// in registers, for some milliseconds, the best of a few tries.
    public var peak: Double {
        let clock = ContinuousClock()
        return (0..<5).reduce(0.0) { best, _ in
            var operations = 0.0
            let taken = clock.measure { operations = baton_peak(kernel, 100_000) }
            return max(best, operations / (taken / .seconds(1)))
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    var kernel: baton_isa { baton_isa(UInt32(rawValue)) }
}
