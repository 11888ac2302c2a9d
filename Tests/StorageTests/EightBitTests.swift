import Backbones
import Foundation
import Pipeline
import Routing
import Tensors
import Testing

/// Whether a head that was fitted to 32-bit states chooses the same workers from 8-bit ones, on the real backbone.
@Suite(.enabled(if: RealStates.isModelThere, RealStates.missing))
struct EightBitTests {
    /// Outcomes of real models, beside the checkout.
    private static let real = Folders.package.deletingLastPathComponent().appendingPathComponent("shared/data/zeroeval-small")
    private static let isRealThere = FileManager.default.fileExists(atPath: real.path)
    private static let missing: Comment = "../shared/data is not beside this checkout"

    /// Of each task: the cosine of the last levels, whether routes differ, and how far apart the two best scores are in f32.
    private func agreement(on folder: Outcomes) throws -> (cosines: [Double], flips: [Double], routes: Int) {
        let directory = try ModelDirectory(reading: RealStates.model)
        let exact = try Encoder(directory, levels: .spread).states(for: folder.prompts, threads: .available)
        let encoder = try Encoder(directory, levels: .spread, precision: .int8)
        let near = try encoder.states(for: folder.prompts, threads: .available), last = encoder.model.width
        let data = RecordedStates(outcomes: folder, states: exact), split = try #require(folder.splits["0"])
        let policy = HeadTrainer(threads: .available)
            .fitPooled(train: data.set(split.train), validation: data.set(split.validation)).policy
        let first = rows(policy.scores(for: exact)), second = rows(policy.scores(for: near))
        var cosines: [Double] = [], flips: [Double] = []
        for task in 0..<exact.rows {
            cosines.append(cosine(exact[row: task].suffix(last), near[row: task].suffix(last)))
            guard first[task].firstMax != second[task].firstMax else { continue }
            let scores = first[task].sorted(by: >)
            flips.append(scores[0] - scores[1])
        }
        return (cosines.sorted(), flips.sorted(), exact.rows)
    }

    private func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        let (dot, x, y) = zip(a, b).reduce((0.0, 0.0, 0.0)) { sums, pair in
            let (x, y) = (Double(pair.0), Double(pair.1))
            return (sums.0 + x * y, sums.1 + x * x, sums.2 + y * y)
        }
        return dot / (x * y).squareRoot()
    }

    private func rows(_ scores: Matrix) -> [[Double]] {
        (0..<scores.rows).map { Array(scores.scalars[$0 * scores.columns..<($0 + 1) * scores.columns]) }
    }

    private func check(_ name: String, _ found: (cosines: [Double], flips: [Double], routes: Int)) {
        let first = found.cosines[found.cosines.count / 100], same = 1 - Double(found.flips.count) / Double(found.routes)
        #expect(first >= 0.998, "\(name): cosine \(first) at the first percentile")
        #expect(same >= 0.99, "\(name): the same route for \(same), margins of the flips \(found.flips)")
    }

    @Test func theHeadOfProgramsChoosesTheSameWorkers() throws {
        check("programs", try agreement(on: Outcomes(reading: Folders.programs)))
    }

    @Test(.enabled(if: isRealThere, missing)) func theHeadOfRealModelsChoosesTheSameWorkersOnThousandsOfTexts() throws {
        let outcomes = try Outcomes(reading: Self.real)
        #expect(outcomes.prompts.count >= 2000)
        check("zeroeval-small", try agreement(on: outcomes))
    }
}

extension [Double] {
    fileprivate var firstMax: Int? { indices.max { self[$0] < self[$1] } }
}
