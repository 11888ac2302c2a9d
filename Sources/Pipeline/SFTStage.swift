import Foundation
import Routing
import Tensors

/// The head fitted by KL: `checkpoints/sft.h5`.
struct SFTStage {
    let run: Run

    /// Digest of all that the head depends on.
    func key(states: States, data: RecordedStates, split: OutcomeFolder.Split) -> String {
        let sft = run.recipe.sft, outcomes = data.folder.outcomes
        var parts = ["sft", states.key, "\(sft.temperatures ?? [])", "\(sft.ridges ?? [])", "\(sft.kappa)"]
        parts.append(contentsOf: outcomes.workers)
        parts.append(outcomes.samples.map(String.init).joined(separator: ","))
        parts.append(outcomes.rates.scalars.map { "\($0)" }.joined(separator: ","))
        parts.append("\(split.train);\(split.validation);\(split.test)")
        return StageKey(parts).hex
    }

    /// What was made, for people; `nil` where the head of the same inputs stands already.
    func perform() throws -> String? {
        let (data, split, states) = try run.recorded()
        let key = key(states: states, data: data, split: split)
        let standing = try run.directory.key(of: run.directory.sft)
        try run.keepRecipe()
        if standing == key { return nil }
        let trained = HeadTrainer(options: run.recipe.sft.options, threads: run.threads)
            .fit(train: data.set(data.usable(split.train)), validation: data.set(data.usable(split.validation)))
        try SFTCheckpoint(trained: trained, key: key).write(to: run.directory.sft)
        return "validation reward \(trained.validationReward.fixed(4)) at τ \(trained.temperature.short), "
            + "λ \(trained.ridge.short), gradient norm \(trained.gradientNorm.scientific) after \(trained.iterations) steps"
    }
}
