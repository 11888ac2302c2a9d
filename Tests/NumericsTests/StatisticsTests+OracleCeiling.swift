import Statistics
import Testing

private typealias Cell = OracleCeiling.Cell

/// Cells of equally good workers: `tasks × workers`, each a count of `samples` coins of a linear congruential generator.
private func coins(tasks: Int, workers: Int, samples: Int) -> [[OracleCeiling.Cell?]] {
    var state: UInt64 = 42
    return (0..<tasks).map { _ in
        (0..<workers).map { _ in
            let heads = (0..<samples).count { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state >> 63 == 1
            }
            return OracleCeiling.Cell(successes: Double(heads), samples: samples)
        }
    }
}

@Suite struct OracleCeilingTests {
    @Test func theNaiveCeilingIsTheMeanOfMaxima() {
        let ceiling = OracleCeiling(cells: [
            [Cell(successes: 1, samples: 4), Cell(successes: 3, samples: 4)], [nil, Cell(successes: 1, samples: 2)],
            [nil, nil],
        ])
        #expect(ceiling.naive == 0.625)
    }

    /// Equal coins: nothing can be chosen, so the true ceiling is one half; the naive one takes luck for skill.
    @Test func onNoiseTheCrossFittedCeilingIsUnbiased() throws {
        let ceiling = OracleCeiling(cells: coins(tasks: 2000, workers: 5, samples: 4))
        let crossFitted = try #require(ceiling.crossFitted(splits: 20, seed: 1))
        #expect(ceiling.naive > 0.75)
        #expect(abs(crossFitted - 0.5) < 0.02)
    }

    @Test func certainSkillIsFound() {
        let cells = (0..<6).map { task in (0..<3).map { Cell(successes: $0 == task % 3 ? 4 : 0, samples: 4) as Cell? } }
        #expect(OracleCeiling(cells: cells).crossFitted(splits: 3, seed: 1) == 1)
    }

    /// Two samples of one worker, one right: the half that shows it chooses it and scores the other, and the other way round.
    /// A deterministic rate of 0.4 wins where the worker shows a 0: (0.4 + 0) / 2.
    @Test func aDeterministicWorkerStandsInBothHalves() throws {
        let ceiling = OracleCeiling(cells: [[Cell(successes: 1, samples: 2), Cell(successes: 0.4, samples: 1)]])
        #expect(ceiling.deterministic == [1])
        #expect(abs(try #require(ceiling.crossFitted(splits: 8, seed: 3)) - 0.2) < 1e-12)
    }

    @Test func theNamedWorkerIsNotHalved() throws {
        let cells: [[OracleCeiling.Cell?]] = [[Cell(successes: 1, samples: 2), Cell(successes: 0, samples: 2)]]
        let ceiling = OracleCeiling(cells: cells, deterministic: [0])
        #expect(ceiling.crossFitted(splits: 8, seed: 3) == 0.5)
    }

    /// Where worker 0 shows its one success it ties with worker 1, and scores 0 beside worker 1's 1; else worker 1 alone.
    @Test func tiesShareTheChoice() throws {
        let cells: [[OracleCeiling.Cell?]] = [[Cell(successes: 1, samples: 2), Cell(successes: 1, samples: 1)]]
        #expect(OracleCeiling(cells: cells).crossFitted(splits: 4, seed: 1) == 0.75)
    }

    @Test func withoutRepeatsThereIsNoCrossFit() {
        let single: [[OracleCeiling.Cell?]] = [[Cell(successes: 1, samples: 1), nil]]
        #expect(OracleCeiling(cells: single).crossFitted(seed: 1) == nil)
        #expect(OracleCeiling(cells: []).crossFitted(seed: 1) == nil)
        let named: [[OracleCeiling.Cell?]] = [[Cell(successes: 1, samples: 2), Cell(successes: 1, samples: 1)]]
        #expect(OracleCeiling(cells: named, deterministic: [0]).crossFitted(seed: 1) == nil)
    }

    @Test func missingCellsAreLeftOut() {
        let ceiling = OracleCeiling(cells: [[Cell(successes: 2, samples: 2), nil], [nil, nil]])
        #expect(ceiling.crossFittedByTask(splits: 2, seed: 1) == [1, nil])
        #expect(ceiling.crossFitted(splits: 2, seed: 1) == 1)
    }

    @Test func halvesOfFractionalScoresKeepTheSum() throws {
        let ceiling = OracleCeiling(cells: [[Cell(successes: 1.5, samples: 4)]])
        let value = try #require(ceiling.crossFitted(splits: 10, seed: 1))
        #expect(abs(value - 0.375) < 1e-12)
    }

    @Test func theSeedIsTheResult() {
        let ceiling = OracleCeiling(cells: coins(tasks: 30, workers: 3, samples: 5))
        #expect(ceiling.crossFitted(splits: 3, seed: 1) == ceiling.crossFitted(splits: 3, seed: 1))
        #expect(ceiling.crossFitted(splits: 3, seed: 1) != ceiling.crossFitted(splits: 3, seed: 2))
    }
}
