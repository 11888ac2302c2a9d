import Foundation
import Routing

/// The head fitted by KL: `checkpoints/sft.h5`.
struct SFTStage {
    let run: Run

    /// What was made, for people; `nil` where the head of the same inputs stands already.
    func perform() throws -> String? {
        let inputs = try run.inputs(), file = run.directory.sft, key = run.sftKey(inputs)
        if try run.standing(file, key: { try SFTCheckpoint(reading: file).key }) == key { return nil }
        try run.prepareFolder()
        let trained = HeadTrainer(options: run.recipe.sft.options, threads: run.threads)
            .fit(train: inputs.train, validation: inputs.validation)
        try SFTCheckpoint(trained: trained, key: key).write(to: file)
        return "validation reward \(trained.validationReward.fixed(4)) at τ \(trained.temperature.short), "
            + "λ \(trained.ridge.short), gradient norm \(trained.gradientNorm.scientific) after \(trained.iterations) steps"
    }
}
