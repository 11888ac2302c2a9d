import CKernels
import COpenBLAS

/// How one of several choices follows from their scores.
public enum ChoiceRule: Sendable {
    /// Drawn from the softmax of the scores.
    case softmax
    /// The highest score; one of the highest at random on a tie.
    case argmax
}

extension FloatRows {
    /// `left · rightᵀ` for the rows `range` of `right`, into the window `[left.rows, range.count]`: `left` is `[m, k]`,
    /// `right` `[n, k]`.
    public func fill(with left: Tensor, timesTransposed right: Tensor, rows range: Range<Int>) {
        let k = left.columns
        precondition(right.columns == k, "inner sizes differ: \(k) and \(right.columns)")
        precondition(range.lowerBound >= 0 && range.upperBound <= right.rows, "rows \(range) of \(right.rows)")
        precondition(rows == left.rows && columns == range.count, "window is not [\(left.rows), \(range.count)]")
        left.scalars.withUnsafeBufferPointer { a in
            right.scalars.withUnsafeBufferPointer { b in
                guard let a = a.baseAddress, let b = b.baseAddress, rows > 0, columns > 0, k > 0 else { return }
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(k), 1, a, Int32(k),
                    b + range.lowerBound * k, Int32(k), 0, base, Int32(stride))
            }
        }
    }

    /// What policies earn that choose in each column by the scores in this window, `[policies × choices, columns]`, summed
    /// over the columns: `values` `[choices, columns]` is what a choice is worth there, NaN where it can't be made. A column
    /// without choices earns 0. Sums are formed in double in a fixed order; the same bits on every instruction set.
    public func rewards(_ rule: ChoiceRule, values: FloatRows, on set: InstructionSet = .best) -> [Double] {
        let choices = values.rows, policies = choices == 0 ? 0 : rows / choices
        precondition(policies * choices == rows, "\(rows) rows of scores for \(choices) choices")
        precondition(values.columns == columns, "values have \(values.columns) columns, scores \(columns)")
        return [Double](unsafeUninitializedCapacity: policies) { sums, count in
            if let sums = sums.baseAddress {
                switch rule {
                case .softmax:
                    baton_softmax_rewards(
                        set.kernel, policies, choices, columns, base, stride, values.base, values.stride, sums)
                case .argmax:
                    baton_argmax_rewards(
                        set.kernel, policies, choices, columns, base, stride, values.base, values.stride, sums)
                }
            }
            count = policies
        }
    }
}
