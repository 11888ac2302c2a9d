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

    /// What the covariance learns from.
    public enum Weights: String, Sendable, Codable, CaseIterable {
        /// The better half alone, by the additive update of Ros and Hansen.
        case positive
        /// The worse half too, with negative weights. The update is then multiplicative, so that no variance can become
        /// negative; both agree to first order in the rates.
        case active
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

    public var stepControl: StepControl
    public var weights: Weights
    public var covariance: Covariance
    public var rates: Rates

    /// All choices.
    public init(
        stepControl: StepControl, weights: Weights = .active, covariance: Covariance = .separable, rates: Rates = .pycma
    ) {
        self.stepControl = stepControl
        self.weights = weights
        self.covariance = covariance
        self.rates = rates
    }

    /// Active weights with pycma's rates; two-point adaptation from 300 dimensions on, and the cumulative one below.
    ///
    /// Evaluations to 1e-8 at n = 1,000, in thousands, two-point against cumulative: sphere 69 and 109, tablet 85 and 128,
    /// cigar 137 and 190, ellipsoid 485 and 362 (one seed). Positive weights take up to 40 % more on all but the sphere.
    public static func standard(dimension: Int) -> Strategy {
        Strategy(stepControl: dimension >= 300 ? .twoPoint : .cumulative)
    }
}
