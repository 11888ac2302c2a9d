/// Limited-memory BFGS for a smooth convex function (Nocedal & Wright, Numerical Optimization, algorithm 7.5),
/// with a line search that satisfies the strong Wolfe conditions (algorithms 3.5 and 3.6).
public struct LBFGS: Sendable, Equatable {
    /// Pairs of steps and gradient changes that approximate the Hessian.
    public var memory = 12
    /// Iterations at most.
    public var iterations = 1000
    /// Stop once the Euclidean norm of the gradient is at most this.
    public var gradientNorm = 1e-6

    /// The defaults: 12 pairs, 1,000 iterations, gradient norm 1e-6.
    public init() {}

    /// Where the search ended.
    public struct Solution: Sendable, Equatable {
        /// The point.
        public var point: [Double]
        /// The function's value there.
        public var value: Double
        /// The Euclidean norm of the gradient there.
        public var gradientNorm: Double
        /// Steps taken.
        public var iterations: Int
    }

    /// A function with its gradient.
    public typealias Objective = ([Double]) -> (value: Double, gradient: [Double])

    /// Minimises `objective` from `start`.
    public func minimize(from start: [Double], _ objective: @escaping Objective) -> Solution {
        var point = start
        var (value, gradient) = objective(point)
        var pairs: [(step: [Double], change: [Double], rho: Double)] = []
        var taken = 0
        while taken < iterations, norm(gradient) > gradientNorm {
            var direction = descent(gradient, pairs)
            if dot(direction, gradient) >= 0 {
                pairs.removeAll()
                direction = gradient.map { -$0 }
            }
            let first = pairs.isEmpty ? min(1, 1 / norm(gradient)) : 1
            guard
                let next = LineSearch(objective: objective, point: point, direction: direction)
                    .search(value: value, slope: dot(direction, gradient), first: first)
            else { break }
            let step = zip(next.point, point).map { $0 - $1 }
            let change = zip(next.gradient, gradient).map { $0 - $1 }
            let curvature = dot(step, change)
            if curvature > 1e-14 * norm(step) * norm(change) {
                pairs.append((step, change, 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            (point, value, gradient) = (next.point, next.value, next.gradient)
            taken += 1
        }
        return Solution(point: point, value: value, gradientNorm: norm(gradient), iterations: taken)
    }

    /// The two-loop recursion: −H·gradient, with H₀ scaled by the newest pair.
    private func descent(
        _ gradient: [Double], _ pairs: [(step: [Double], change: [Double], rho: Double)]
    ) -> [Double] {
        var q = gradient
        var alphas: [Double] = []
        for pair in pairs.reversed() {
            let alpha = pair.rho * dot(pair.step, q)
            alphas.append(alpha)
            add(-alpha, pair.change, to: &q)
        }
        if let newest = pairs.last {
            let scale = 1 / (newest.rho * dot(newest.change, newest.change))
            for index in q.indices { q[index] *= scale }
        }
        for (pair, alpha) in zip(pairs, alphas.reversed()) {
            add(alpha - pair.rho * dot(pair.change, q), pair.step, to: &q)
        }
        return q.map { -$0 }
    }
}

/// Finds a step that decreases the function enough and flattens its slope.
private struct LineSearch {
    let objective: LBFGS.Objective
    let point: [Double]
    let direction: [Double]

    struct Point {
        var length: Double
        var point: [Double]
        var value: Double
        var gradient: [Double]
        var slope: Double
    }

    /// Sufficient decrease and curvature, as Nocedal & Wright suggest for quasi-Newton methods.
    private static let decrease = 1e-4, curvature = 0.9

    /// `nil` where no step decreases the function: it is then flat to rounding.
    func search(value: Double, slope: Double, first: Double) -> Point? {
        var previous = Point(length: 0, point: point, value: value, gradient: [], slope: slope)
        var length = first
        for attempt in 0..<30 {
            let current = evaluate(length)
            let tooHigh = current.value > value + Self.decrease * length * slope
            if tooHigh || !current.value.isFinite || (attempt > 0 && current.value >= previous.value) {
                return zoom(previous, current, value: value, slope: slope)
            }
            if abs(current.slope) <= -Self.curvature * slope { return current }
            if current.slope >= 0 { return zoom(current, previous, value: value, slope: slope) }
            previous = current
            length *= 2
        }
        return previous.length > 0 ? previous : nil
    }

    private func zoom(_ low: Point, _ high: Point, value: Double, slope: Double) -> Point? {
        var (low, high) = (low, high)
        for _ in 0..<40 {
            let middle = evaluate(interpolated(low, high))
            if middle.value > value + Self.decrease * middle.length * slope || middle.value >= low.value
                || !middle.value.isFinite
            {
                high = middle
            } else {
                if abs(middle.slope) <= -Self.curvature * slope { return middle }
                if middle.slope * (high.length - low.length) >= 0 { high = low }
                low = middle
            }
            if abs(high.length - low.length) < 1e-16 { break }
        }
        return low.length > 0 && low.value < value ? low : nil
    }

    /// The minimum of the parabola through both values and the lower slope, kept away from the ends.
    private func interpolated(_ low: Point, _ high: Point) -> Double {
        let width = high.length - low.length
        let curvature = high.value - low.value - low.slope * width
        let guess = curvature > 0 ? -low.slope * width / (2 * curvature) : 0.5
        return low.length + width * (guess.isFinite ? min(0.9, max(0.1, guess)) : 0.5)
    }

    private func evaluate(_ length: Double) -> Point {
        var moved = point
        add(length, direction, to: &moved)
        let (value, gradient) = objective(moved)
        return Point(
            length: length, point: moved, value: value, gradient: gradient, slope: dot(gradient, direction))
    }
}

private func dot(_ left: [Double], _ right: [Double]) -> Double {
    var sum = 0.0
    for index in left.indices { sum += left[index] * right[index] }
    return sum
}

private func norm(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }

private func add(_ factor: Double, _ vector: [Double], to target: inout [Double]) {
    for index in target.indices { target[index] += factor * vector[index] }
}
