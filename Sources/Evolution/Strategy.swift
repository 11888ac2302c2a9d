/// The choices that make one separable CMA-ES differ from another, each by name.
public struct Strategy: Sendable, Codable, Equatable {
    /// How the step size adapts.
    public enum StepControl: String, Sendable, Codable, CaseIterable {
        /// Cumulative step-size adaptation: by the length of a path of steps (tutorial, eqs. 43–44). Its memory is about
        /// n/µ_eff generations, so it is slow in high dimensions.
        case cumulative
        /// Two-point adaptation: two candidates lie before and behind the mean along its last step, and the step size
        /// grows if the one in front is better (Hansen, "CMA-ES with two-point step-size adaptation", 2008; Hansen,
        /// Atamna, Auger, "How to assess step-size adaptation mechanisms in randomised search", 2014).
        case twoPoint
    }

    /// What a rank is worth.
    public enum Weights: String, Sendable, Codable, CaseIterable {
        /// Logarithmic, the better half alone, by the additive update of Ros and Hansen.
        case positive
        /// The worse half too in the variances, with negative weights. The update is then multiplicative, so that no
        /// variance can become negative; both agree to first order in the rates.
        case active
        /// The centred rank, signed, in the mean and in the variances, Σ|w| = 1. All candidates speak, so that luck averages
        /// out: µ_eff = 24 of 32 where the logarithm leaves 9. For noisy fitness.
        case linear
    }

    /// The shape of the distribution.
    public enum Covariance: String, Sendable, Codable, CaseIterable {
        /// A variance for each coordinate.
        case separable
        /// One variance for all: c₁ = c_µ = 0. What the same number of evaluations buys without adapting the shape.
        case isotropic
    }

    /// Where the weights and learning rates come from; `Constants` has the formulas.
    public enum Rates: String, Sendable, Codable, CaseIterable {
        /// Ros and Hansen, "A simple modification in CMA-ES achieving linear time and space complexity", PPSN 2008.
        case rosHansen
        /// The option `CMA_diagonal` of pycma 4, which learns variances faster.
        case pycma
    }

    /// How candidates are drawn.
    public enum Sampling: String, Sendable, Codable, CaseIterable {
        case independent
        /// In pairs ±z (Brockhoff, Auger, Hansen, Arnold, Hohm, "Mirrored sampling and sequential selection for evolution
        /// strategies", PPSN 2010).
        case mirrored
    }

    /// Whether the rates of mean and variances follow the noise.
    public enum Learning: String, Sendable, Codable, CaseIterable {
        case fixed
        /// Down where updates contradict one another, up where they agree (Nomura, Akimoto, Ono, "CMA-ES with learning rate
        /// adaptation", GECCO 2023), in diagonal form.
        case adaptive
    }

    public var stepControl: StepControl
    public var weights: Weights
    public var covariance: Covariance
    public var rates: Rates
    public var sampling: Sampling
    public var learning: Learning
    /// c_m: the share of the way to the weighted mean of the candidates that the mean goes; in 0 … 1, zero excluded.
    public var meanRate: Double

    /// All choices.
    public init(
        stepControl: StepControl, weights: Weights = .active, covariance: Covariance = .separable, rates: Rates = .pycma,
        sampling: Sampling = .independent, learning: Learning = .fixed, meanRate: Double = 1
    ) {
        self.stepControl = stepControl
        self.weights = weights
        self.covariance = covariance
        self.rates = rates
        self.sampling = sampling
        self.learning = learning
        self.meanRate = meanRate
    }

    /// For fitness without noise. Active weights with pycma's rates; two-point adaptation from 300 dimensions on, and the
    /// cumulative one below.
    ///
    /// Evaluations to 1e-8 at n = 1,000, in thousands, two-point against cumulative: sphere 69 and 109, tablet 85 and 128,
    /// cigar 137 and 190, ellipsoid 485 and 362 (one seed). Positive weights take up to 40 % more on all but the sphere.
    public static func standard(dimension: Int) -> Strategy {
        Strategy(stepControl: dimension >= 300 ? .twoPoint : .cumulative)
    }

    /// For fitness that is mostly luck, such as a few binary rewards a candidate: linear weights, and learning rates that
    /// follow the noise. Within 0.004 of the best of fifteen settings at 16 to 2,048 questions a generation; two-point
    /// adaptation and mirrored sampling cost up to six points there (`Experiments/07-noise`).
    public static let noisy = Strategy(stepControl: .cumulative, weights: .linear, learning: .adaptive)
}
