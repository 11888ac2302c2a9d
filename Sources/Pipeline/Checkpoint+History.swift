import Files
import HDF5

/// The history of a search as columns, one value a generation.
extension HDF5File {
    borrowing func write(_ history: [GenerationRecord]) throws {
        try write(history.map(\.train), to: "history/mean")
        try write(history.map(\.validation), to: "history/validation")
        try write(history.map(\.sigma), to: "history/sigma")
        try write(history.map(\.axisRatio), to: "history/axis_ratio")
        try write(history.map(\.bestCandidate), to: "history/best")
        try write(history.map { Int64($0.evaluations.made) }, to: "history/evaluations_made")
        try write(history.map { Int64($0.evaluations.reused) }, to: "history/evaluations_reused")
        try write(history.map { Int64($0.evaluations.failed) }, to: "history/failed_episodes")
        try write(history.map { Int64($0.kept) }, to: "history/kept")
    }

    borrowing func readHistory() throws -> [GenerationRecord] {
        let train: [Double] = try read("history/mean", rank: 1).values
        let validation: [Double] = try read("history/validation", rank: 1).values
        let sigma: [Double] = try read("history/sigma", rank: 1).values
        let axisRatio: [Double] = try read("history/axis_ratio", rank: 1).values
        let best: [Double] = try read("history/best", rank: 1).values
        let made: [Int64] = try read("history/evaluations_made", rank: 1).values
        let reused: [Int64] = try read("history/evaluations_reused", rank: 1).values
        let failed: [Int64] = try read("history/failed_episodes", rank: 1).values
        let kept: [Int64] = try read("history/kept", rank: 1).values
        let lengths = [
            validation.count, sigma.count, axisRatio.count, best.count, made.count, reused.count, failed.count, kept.count,
        ]
        guard lengths.allSatisfy({ $0 == train.count }) else {
            throw InputError(path, "the columns of history differ in length; the checkpoint is damaged")
        }
        return train.indices.map {
            GenerationRecord(
                generation: $0, train: train[$0], validation: validation[$0], sigma: sigma[$0], axisRatio: axisRatio[$0],
                evaluations: EvaluationCounts(made: Int(made[$0]), reused: Int(reused[$0]), failed: Int(failed[$0])),
                kept: Int(kept[$0]), bestCandidate: best[$0])
        }
    }
}
