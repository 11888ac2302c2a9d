/// One generation's candidates, in the order in which `SepCMAES.tell` expects their fitness: `[count, dimension]`.
public struct Population: Sendable, Equatable {
    /// Number of candidates.
    public let count: Int
    /// Components of each.
    public let dimension: Int
    /// All components, row-major.
    public let values: [Double]

    init(count: Int, dimension: Int, values: [Double]) {
        self.count = count
        self.dimension = dimension
        self.values = values
    }

    /// Candidate `row`, as a slice: its indices start at `row · dimension`.
    public subscript(row: Int) -> ArraySlice<Double> {
        values[row * dimension..<(row + 1) * dimension]
    }
}
