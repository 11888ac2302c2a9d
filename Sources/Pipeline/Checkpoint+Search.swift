import Evolution
import Files
import HDF5

// The state of the engine in a checkpoint: arrays and attributes of the group `search`.
extension HDF5File {
    borrowing func write(_ state: SepCMAES.State) throws {
        try write(state.mean, to: "search/mean")
        try write(state.variances, to: "search/variances")
        try write(state.stepPath, to: "search/step_path")
        try write(state.variancePath, to: "search/variance_path")
        try write(state.previousMean, to: "search/two_point/previous_mean")
        try setAttribute("smoothed_rank", to: .double(state.smoothedRank), on: "search/two_point")
        try setAttribute("seed", to: .uint64(state.seed), on: "search")
        try setAttribute("population_size", to: .int64(Int64(state.populationSize)), on: "search")
        try setAttribute("generation", to: .int64(Int64(state.generation)), on: "search")
        try setAttribute("step_size", to: .double(state.stepSize), on: "search")
        try write(state.strategy)
        try write(state.record)
        try setAttribute("bounds", to: .string(state.bounds?.handling.rawValue ?? "none"), on: "search")
        if let bounds = state.bounds {
            try write(bounds.lower, to: "search/bounds/lower")
            try write(bounds.upper, to: "search/bounds/upper")
        }
        if let learning = state.learning {
            try write(learning.mean, to: "search/learning/mean")
            try write(learning.variances, to: "search/learning/variances")
        }
    }

    private borrowing func write(_ strategy: Strategy) throws {
        try setAttribute("step_control", to: .string(strategy.stepControl.rawValue), on: "search")
        try setAttribute("weights", to: .string(strategy.weights.rawValue), on: "search")
        try setAttribute("covariance", to: .string(strategy.covariance.rawValue), on: "search")
        try setAttribute("rates", to: .string(strategy.rates.rawValue), on: "search")
        try setAttribute("sampling", to: .string(strategy.sampling.rawValue), on: "search")
        try setAttribute("learning", to: .string(strategy.learning.rawValue), on: "search")
        try setAttribute("mean_rate", to: .double(strategy.meanRate), on: "search")
    }

    private borrowing func write(_ record: Record) throws {
        try write(record.best, to: "search/record/best")
        try write(record.median, to: "search/record/median")
        try setAttribute("initial_step_size", to: .double(record.initialStepSize), on: "search/record")
        try setAttribute("evaluations", to: .int64(Int64(record.evaluations)), on: "search/record")
        try setAttribute("flat_generations", to: .int64(Int64(record.flatGenerations)), on: "search/record")
        // NaN before the first candidate: no fitness is.
        try setAttribute("highest", to: .double(record.highest ?? .nan), on: "search/record")
    }

    private borrowing func write(_ rate: LearningRates.Rate, to group: String) throws {
        try write(rate.drift, to: "\(group)/drift")
        try setAttribute("rate", to: .double(rate.value), on: group)
        try setAttribute("power", to: .double(rate.power), on: group)
    }

    borrowing func readSearchState() throws -> SepCMAES.State {
        let strategy = try readStrategy()
        return SepCMAES.State(
            strategy: strategy, seed: try uint64Attribute("seed", on: "search"),
            populationSize: Int(try int64Attribute("population_size", on: "search")),
            generation: Int(try int64Attribute("generation", on: "search")),
            stepSize: try doubleAttribute("step_size", on: "search"),
            mean: try read("search/mean", rank: 1).values, variances: try read("search/variances", rank: 1).values,
            stepPath: try read("search/step_path", rank: 1).values,
            variancePath: try read("search/variance_path", rank: 1).values,
            previousMean: try read("search/two_point/previous_mean", rank: 1).values,
            smoothedRank: try doubleAttribute("smoothed_rank", on: "search/two_point"),
            learning: strategy.learning == .adaptive
                ? LearningRates(
                    mean: try readRate("search/learning/mean"), variances: try readRate("search/learning/variances")) : nil,
            bounds: try readBounds(), record: try readRecord())
    }

    private borrowing func readStrategy() throws -> Strategy {
        guard let control = Strategy.StepControl(rawValue: try stringAttribute("step_control", on: "search")),
            let weights = Strategy.Weights(rawValue: try stringAttribute("weights", on: "search")),
            let covariance = Strategy.Covariance(rawValue: try stringAttribute("covariance", on: "search")),
            let rates = Strategy.Rates(rawValue: try stringAttribute("rates", on: "search")),
            let sampling = Strategy.Sampling(rawValue: try stringAttribute("sampling", on: "search")),
            let learning = Strategy.Learning(rawValue: try stringAttribute("learning", on: "search"))
        else { throw InputError(path, "the search names a strategy that this baton hasn't got") }
        return Strategy(
            stepControl: control, weights: weights, covariance: covariance, rates: rates, sampling: sampling,
            learning: learning, meanRate: try doubleAttribute("mean_rate", on: "search"))
    }

    private borrowing func readBounds() throws -> Bounds? {
        guard let handling = Bounds.Handling(rawValue: try stringAttribute("bounds", on: "search")) else { return nil }
        return Bounds(
            lower: try read("search/bounds/lower", rank: 1).values, upper: try read("search/bounds/upper", rank: 1).values,
            handling: handling)
    }

    private borrowing func readRecord() throws -> Record {
        let highest = try doubleAttribute("highest", on: "search/record")
        return Record(
            initialStepSize: try doubleAttribute("initial_step_size", on: "search/record"),
            evaluations: Int(try int64Attribute("evaluations", on: "search/record")),
            best: try read("search/record/best", rank: 1).values, median: try read("search/record/median", rank: 1).values,
            highest: highest.isNaN ? nil : highest,
            flatGenerations: Int(try int64Attribute("flat_generations", on: "search/record")))
    }

    private borrowing func readRate(_ group: String) throws -> LearningRates.Rate {
        LearningRates.Rate(
            value: try doubleAttribute("rate", on: group), drift: try read("\(group)/drift", rank: 1).values,
            power: try doubleAttribute("power", on: group))
    }
}
