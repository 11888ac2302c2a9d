import Evolution

extension StopReason {
    /// As a report has it.
    var key: String {
        switch self {
        case .budget: "budget"
        case .target: "target"
        case .stepSize: "step_size"
        case .fitness: "fitness"
        case .stagnation: "stagnation"
        case .flatFitness: "flat_fitness"
        case .condition: "condition"
        case .growth: "growth"
        case .noEffect: "no_effect"
        }
    }

    /// What a search has come to, for people; follows "stopped: ".
    var text: String {
        switch self {
        case .budget: "all candidates that were granted are spent"
        case .target: "a candidate is as good as was asked for"
        case .stepSize: "its steps are too short to matter"
        case .fitness: "the best of many generations are alike"
        case .stagnation: "neither the best nor the median has become better for long"
        case .flatFitness: "most candidates of a generation are equally good, again and again"
        case .condition: "its longest axis is out of all proportion to the shortest"
        case .growth: "its steps have grown out of all proportion to the first"
        case .noEffect: "its steps no longer change the mean"
        }
    }
}
