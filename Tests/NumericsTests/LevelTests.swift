import Backbones
import Tensors
import Testing

/// Read-outs of several levels beside the levels themselves, which `BERTTests` holds to the reference.
@Suite struct LevelTests {
    private let model: BERT
    private let texts: [[Int32]] = [[2, 40, 41, 42, 3], [2, 7, 3], [2, 3], [2] + (10..<70).map { Int32($0) } + [3]]

    init() throws { model = try BERT(ModelDirectory(reading: Fixtures.url("bert_tiny"))) }

    /// What a read-out takes of one level, `[texts, width]`.
    private func read(_ level: Tensor, _ readout: Readout, _ batch: PackedBatch) -> [Float] {
        (0..<batch.count).flatMap { text -> [Float] in
            let rows = Array(batch.bounds[text]..<batch.bounds[text + 1])
            switch readout {
            case .cls: return Array(level[row: rows[0]])
            case .last: return Array(level[row: rows[rows.count - 1]])
            case .penultimate: return Array(level[row: rows[max(0, rows.count - 2)]])
            case .mean:
                return (0..<level.columns).map { column in
                    rows.reduce(Float(0)) { $0 + level[row: $1][$1 * level.columns + column] } * (1 / Float(rows.count))
                }
            }
        }
    }

    @Test(arguments: Readout.allCases) func severalLevelsStandOneBehindTheOther(readout: Readout) throws {
        let batch = PackedBatch(texts), all = try model.hiddenStates(of: batch), width = model.width
        let choices = [[0], [model.layers], [0, 1, model.layers], Array(0...model.layers)]
        for levels in choices {
            let states = try model.states(of: batch, readout: readout, levels: levels, threads: Threads(2))
            #expect(states.shape == [texts.count, levels.count * width])
            for (index, level) in levels.enumerated() {
                let expected = read(all[level], readout, batch)
                for text in texts.indices {
                    let own = states[row: text].dropFirst(index * width).prefix(width)
                    let (_, largest) = distance(own, expected[text * width..<(text + 1) * width])
                    // The last level of a token read-out is computed for that token alone, in other pieces.
                    #expect(largest < 1e-6, "\(readout) of level \(level) in \(levels): \(largest)")
                }
            }
        }
        let last = try model.states(of: batch, readout: readout)
        #expect(try model.states(of: batch, readout: readout, levels: [model.layers]) == last)
    }

    @Test func aTextHasTheSameLevelsAloneAndAmongOthers() throws {
        for readout in Readout.allCases {
            let together = try model.states(of: PackedBatch(texts), readout: readout, levels: [0, 1, model.layers])
            for (index, text) in texts.enumerated() {
                let alone = try model.states(of: PackedBatch([text]), readout: readout, levels: [0, 1, model.layers])
                #expect(alone.scalars == Array(together[row: index]))
            }
        }
    }

    @Test func levelsThatTheModelLacksAreRefused() {
        for levels in [[], [-1], [model.layers + 1], [1, 1], [2, 0]] {
            #expect(throws: ModelError.self) {
                try model.states(of: PackedBatch(texts), readout: .mean, levels: levels)
            }
        }
    }

    @Test(.enabled(if: Fixtures.miniLM != nil, Fixtures.withoutMiniLM))
    func everyLevelOfAVectorHasLengthOneByItself() throws {
        let directory = try ModelDirectory(reading: try #require(Fixtures.miniLM))
        let spread = try Encoder(directory, levels: .spread), last = try Encoder(directory)
        #expect(spread.levels == [0, 3, 6] && spread.width == 3 * 384 && last.levels == [6])
        let texts = ["What is 17 + 25?", "Translate this into French.", ""]
        let states = try spread.states(for: texts), plain = try last.states(for: texts)
        for text in texts.indices {
            for level in 0..<3 {
                let part = states[row: text].dropFirst(level * 384).prefix(384)
                #expect(abs(part.reduce(0) { $0 + Double($1) * Double($1) } - 1) < 1e-5)
            }
            #expect(Array(states[row: text].dropFirst(768)) == Array(plain[row: text]))
        }
        #expect(throws: ModelError.self) { try Encoder(directory, levels: .numbers([3, 7])) }
    }
}
