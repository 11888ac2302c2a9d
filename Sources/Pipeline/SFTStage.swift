import Foundation
import Routing
import Tensors

/// The head fitted by KL: `checkpoints/sft.h5`.
struct SFTStage {
    let run: Run

    /// What was made, for people; `nil` where the head of the same inputs stands already.
    func perform() throws -> String? {
        let inputs = try run.inputs(), file = run.directory.sft, key = run.sftKey(inputs)
        if try run.standing(file, key: { try SFTCheckpoint(reading: file).key }) == key { return nil }
        try run.prepareFolder()
        let trained = run.recipe.sft.train(inputs.train, validation: inputs.validation, threads: run.threads)
        try SFTCheckpoint(trained: trained, key: key).write(to: file)
        return "validation reward \(trained.validationReward.fixed(4)) at τ \(trained.temperature.short), "
            + "λ \(trained.ridge.short), gradient norm \(trained.gradientNorm.scientific) after \(trained.iterations) steps"
    }
}

extension SFTSettings {
    /// The trained head of these settings.
    func train(_ train: TaskSet, validation: TaskSet, threads: Threads) -> TrainedHead {
        let trainer = HeadTrainer(options: options, threads: threads)
        return method == .pooled
            ? trainer.fitPooled(train: train, validation: validation) : trainer.fit(train: train, validation: validation)
    }
}
