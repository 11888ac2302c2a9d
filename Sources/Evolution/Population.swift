/// One generation's candidates, in the order in which `SepCMAES.tell` expects their fitness: `[count, dimension]`.
public struct Population: Sendable, Equatable {
    /// Number of candidates.
    public internal(set) var count: Int
    /// Components of each.
    public internal(set) var dimension: Int
    /// All components, row-major.
    public internal(set) var values: [Double]
    /// The standard normals z behind them, `[count, dimension]`: kept, since drawing is most of a generation's work.
    var draws: [Double]
    /// Whose candidates these are.
    var origin: Origin?

    /// What tells one generation of one search from another.
    struct Origin: Sendable, Equatable {
        let seed: UInt64, generation: Int, dimension: Int, strategy: Strategy, stepSize: Double, first: Double
    }

    /// Room for the candidates of any search: `SepCMAES.ask(into:)` fills it, and later again without asking for memory.
    public init() {
        count = 0
        dimension = 0
        values = []
        draws = []
    }

    /// Makes room for `count` candidates, whose components are then to be written.
    mutating func prepare(count: Int, dimension: Int) {
        self.count = count
        self.dimension = dimension
        guard values.count != count * dimension else { return }
        values = [Double](repeating: 0, count: count * dimension)
        draws = values
    }

    /// Candidate `row`, as a slice: its indices start at `row · dimension`.
    public subscript(row: Int) -> ArraySlice<Double> {
        values[row * dimension..<(row + 1) * dimension]
    }
}
