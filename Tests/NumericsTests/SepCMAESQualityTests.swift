import Evolution
import Testing

@Suite struct SepCMAESQualityTests {
    /// Evaluations to a sample with cost ≤ 1e-8 from x0 = 3, σ0 = 2 with default settings: the median of five seeds within
    /// 15 % of the best of pycma 4.5.0, cmaes 0.13.1, evotorch 0.6.1, libcmaes and c-cmaes (medians of five seeds too).
    @Test(arguments: [
        ("sphere", 20, 2280), ("ellipsoid", 20, 4540), ("tablet", 20, 3350), ("cigar", 20, 4690),
        ("sphere", 100, 10_800), ("ellipsoid", 100, 27_000), ("tablet", 100, 14_800), ("cigar", 100, 20_700),
    ])
    func quadraticsCostNoMoreThanElsewhere(function: String, dimension n: Int, best: Int) throws {
        let scales: [Double] =
            switch function {
            case "sphere": [Double](repeating: 1, count: n)
            case "tablet": [1e6] + [Double](repeating: 1, count: n - 1)
            case "cigar": [1] + [Double](repeating: 1e6, count: n - 1)
            default: ellipsoidScales(n)
            }
        let counts = (0..<5).map { evaluations(scales, seed: $0, limit: 2 * best) }.sorted()
        #expect(Double(counts[2]) <= 1.15 * Double(best), "\(counts)")
    }

    private func evaluations(_ scales: [Double], seed: UInt64, limit: Int) -> Int {
        var search = SepCMAES(mean: [Double](repeating: 3, count: scales.count), stepSize: 2, seed: seed)
        var count = 0
        while count < limit {
            let cost = ellipsoid(search.ask(), scales: scales)
            count += cost.count
            if cost.contains(where: { $0 <= 1e-8 }) { break }
            search.tell(cost.map { -$0 })
        }
        return count
    }
}
