#!/usr/bin/env python3
"""Writes Tests/NumericsTests/Fixtures/sep_cmaes.json: what the evolution engine must reproduce.

    python3 Tests/Oracles/sep_cmaes.py                 # needs NumPy; compares its constants with pycma 4 if that is installed

An own implementation in NumPy, float64, written from the papers and not from the Swift code. It minimises.
  words       Philox 4x32-10: the three known answers of the authors' test suite, and words of the engine's layout:
              key = 64-bit seed (low, high), counter = (block, row, generation, purpose)
  normals     Box-Muller with the angle reduced to a quarter turn exactly, then NumPy's log, sin and cos
  constants   of the strategies `rosHansen` (Ros & Hansen 2008) and `pycma` (CMA_diagonal; tutorial arXiv 1604.00772).
              The latter agree with pycma 4.5.0's es.sp.{c1_sep, cmu_sep, cc_sep, weights} to 1e-14 where that is checked;
              c_sigma and d_sigma are those of pycma before 4.5.0's change for large mu_eff
  trajectories  50 generations on the ellipsoid sum 10^(6 i/(n-1)) x_i^2 from x0 = 3, sigma0 = 2 or 0.01; of those with
              bounds the box is 1 ... 3.5
"""
import hashlib, json, math, platform
from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).resolve().parents[1] / "NumericsTests" / "Fixtures" / "sep_cmaes.json"
MASK = np.uint64(0xFFFFFFFF)
GENERATIONS = 50
SELECTED = [1, 2, 3, 5, 10, 20, 35, 50]


# ---- random numbers ---------------------------------------------------------------------------------------------------
def philox(counter, key):
    """Ten rounds over arrays of four counter words; two key words."""
    c = [np.asarray(w, dtype=np.uint64) for w in counter]
    k = [int(w) for w in key]
    for _ in range(10):
        p, q = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(q >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), q & MASK, (p >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p & MASK]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def words(seed, row, generation, purpose, blocks):
    i = np.arange(blocks, dtype=np.uint64)
    rest = [np.full(blocks, v, dtype=np.uint64) for v in (row, generation, purpose)]
    return philox([i, *rest], [seed & 0xFFFFFFFF, seed >> 32])


def normals(seed, row, generation, purpose, count):
    a, b, c, d = words(seed, row, generation, purpose, (count + 1) // 2)
    u = (((a << np.uint64(32) | b) >> np.uint64(11)) + np.uint64(1)).astype(np.float64) * 2.0**-53
    turn = ((c << np.uint64(32) | d) >> np.uint64(11)).astype(np.int64)  # v = turn / 2^53
    quarter = (turn + 2**50) >> 51
    angle = (turn - (quarter << 51)).astype(np.float64) * (math.pi / 2 * 2.0**-51)  # in [-pi/4, pi/4]
    cos, sin = np.cos(angle), np.sin(angle)
    cosine = np.choose(quarter & 3, [cos, -sin, -cos, sin])
    sine = np.choose(quarter & 3, [sin, cos, -sin, -cos])
    radius = np.sqrt(-2 * np.log(u))
    return np.stack([radius * cosine, radius * sine], axis=1).ravel()[:count]


# ---- constants --------------------------------------------------------------------------------------------------------
def constants(n, lam, rates="pycma", weights="active", covariance="separable"):
    mu = lam // 2
    center = mu + 1 if rates == "rosHansen" else (lam + 1) / 2
    raw = np.array([math.log(center) - math.log(i) for i in range(1, lam + 1)])
    best = np.where(raw > 0, raw, 0)
    best = best / math.fsum(best)
    if weights == "linear":
        best = np.array([(lam + 1) / 2 - i for i in range(1, lam + 1)])
        best = best / math.fsum(np.abs(best))
    mueff = 1 / math.fsum(best**2)
    if rates == "rosHansen":
        ccov = 2 / (mueff * (n + math.sqrt(2)) ** 2) + (1 - 1 / mueff) * min(1, (2 * mueff - 1) / ((n + 2) ** 2 + mueff))
        ccov = min(1, (n + 2) / 3 * ccov)
        cc, c1, cmu = 4 / (n + 4), ccov / mueff, ccov * (1 - 1 / mueff)
    else:
        cc = (1 + 1 / n + mueff / n) / (n**0.5 + 1 / n + 2 * mueff / n)
        c1 = 1 / (n + 2 * n**0.5 + mueff / n)
        cmu = min(1 - c1, (mueff + 1 / mueff - 1.75) / (n + 4 * n**0.5 + mueff / 2))
    signed = best.copy()
    if weights == "active":
        worst = np.where(raw < 0, raw, 0)
        total = math.fsum(worst)
        mueff_minus = total**2 / math.fsum(worst**2)
        alpha = min(1 + c1 / cmu, 1 + 2 * mueff_minus / (mueff + 2))
        signed = best + worst / -total * alpha
    cs = (mueff + 2) / (n + mueff + 3)
    isotropic = covariance == "isotropic"
    return dict(
        mean_weights=best, covariance_weights=signed, mueff=mueff, cs=cs,
        ds=1 + cs + 2 * max(0, math.sqrt((mueff - 1) / (n + 1)) - 1),
        d=0.7 + 2 * math.log(n) + 2 * math.log(max(1, lam - n)), cc=cc,
        c1=0.0 if isotropic else c1, cmu=0.0 if isotropic else cmu,
        chi=math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)))


def largest_difference_from_pycma(cases):
    """Over c_1, c_mu, c_c and the weights, relative; None without pycma."""
    try:
        import warnings
        warnings.simplefilter("ignore")
        import cma
    except ImportError:
        return None
    largest = 0.0
    for n, lam in cases:
        sp = cma.CMAEvolutionStrategy(n * [0.0], 1, {"CMA_diagonal": True, "popsize": lam, "verbose": -9}).sp
        k = constants(n, lam)
        pairs = [(sp.c1_sep, k["c1"]), (sp.cmu_sep, k["cmu"]), (sp.cc_sep, k["cc"]), *zip(sp.weights, k["covariance_weights"])]
        largest = max(largest, *(abs(a - b) / abs(b) for a, b in pairs if b != 0))
    return f"pycma {cma.__version__}: {largest:.1e}"


# ---- the search -------------------------------------------------------------------------------------------------------
def shared_weights(cost, weights):
    """Weights by candidate: NaN last and weightless, equal cost by the mean weight of its ranks. Weights that sum to 0 do so
    among those that did not fail."""
    out = np.zeros(len(cost))
    alive = ~np.isnan(cost)
    for value in np.unique(cost[alive]):
        tied = cost == value
        first = np.sum(cost[alive] < value)
        out[tied] = np.mean(weights[first : first + tied.sum()])
    if abs(weights.sum()) < 1e-12 and not alive.all():
        out[alive] -= out.sum() / alive.sum()
    return out


class Search:
    def __init__(self, n, lam, seed, x0, sigma0, step, weights, covariance, rates, sampling="independent", learning="fixed",
                 mean_rate=1.0, scales=None, bounds=None):
        self.n, self.lam, self.seed, self.step, self.form = n, lam, seed, step, weights
        self.k = constants(n, lam, rates, weights, covariance)
        self.m, self.previous, self.sigma = np.full(n, x0), np.full(n, x0), sigma0
        self.C = np.ones(n) if scales is None else scales**2
        self.ps, self.pc, self.s, self.g = np.zeros(n), np.zeros(n), 0.0, 0
        self.mirrored, self.adaptive, self.cm = sampling == "mirrored", learning == "adaptive", mean_rate
        self.bounds = bounds  # (lower, upper, handling)
        # Rate, running mean, running squared length: of the mean and of sigma^2 C.
        self.rates = [[1.0, np.zeros(n), 0.0], [1.0, np.zeros(n), 0.0]]

    def draw(self):
        z = np.array([normals(self.seed, i, self.g, 0, self.n) for i in range(self.lam)])
        self.paired = self.step == "twoPoint" and np.any(self.m != self.previous)
        if self.mirrored:
            for i in range(0, self.lam - 1, 2):
                z[i + 1] = -z[i]
        if self.paired:
            direction = (self.m - self.previous) / (self.sigma * np.sqrt(self.C))
            rho = np.linalg.norm(normals(self.seed, 0, self.g, 1, self.n)) / np.linalg.norm(direction)
            z[0], z[1] = rho * direction, -rho * direction
        return z

    def confine(self, z):
        """Draws and points within the bounds; purpose 4 + 256 attempt is what is drawn again."""
        D = self.sigma * np.sqrt(self.C)
        x = self.m + D * z
        if self.bounds is None:
            return z, x
        lower, upper, handling = self.bounds
        if handling == "penalty":
            return z, np.clip(x, lower, upper)
        for i in range(self.lam):
            out = (x[i] < lower) | (x[i] > upper)
            for attempt in range(0 if not (self.paired and i < 2) else 100, 100):
                if not out.any():
                    break
                z[i, out] = normals(self.seed, i, self.g, 4 + 256 * attempt, self.n)[out]
                x[i] = self.m + D * z[i]
                out = (x[i] < lower) | (x[i] > upper)
            x[i] = np.clip(x[i], lower, upper)
            z[i, out] = (x[i, out] - self.m[out]) / D[out]
        return z, x

    def generation(self, cost_of):
        k, z = self.k, self.draw()
        D = np.sqrt(self.C)
        z, x = self.confine(z)
        cost = cost_of(x, self.g)
        shown = cost
        if self.bounds is not None and self.bounds[2] == "penalty":
            alive = np.sort(-cost[~np.isnan(cost)])
            spread = alive[3 * (len(alive) - 1) // 4] - alive[(len(alive) - 1) // 4] if len(alive) else 0
            cost = cost + 2 * spread * np.mean(((self.m + self.sigma * D * z - x) / (self.sigma * D)) ** 2, axis=1)
        self.g += 1
        if len(np.unique(cost[~np.isnan(cost)])) < 2:
            return shown
        w, v = shared_weights(cost, k["mean_weights"]), shared_weights(cost, k["covariance_weights"])
        zw, zz, mueff = w @ z, v @ z**2, 1 / np.sum(w**2)
        if self.mirrored:
            even = np.append(w, 0.0) if self.lam % 2 else w
            mueff = 1 / np.sum((even[0::2] - even[1::2]) ** 2)
        before = self.m.copy(), self.sigma**2 * self.C
        self.previous, self.m = self.m, self.m + self.cm * (self.sigma * D * zw)
        self.ps = (1 - k["cs"]) * self.ps + math.sqrt(k["cs"] * (2 - k["cs"]) * mueff) * zw
        length = np.linalg.norm(self.ps)
        h = length / math.sqrt(1 - (1 - k["cs"]) ** (2 * self.g)) < (1.4 + 2 / (self.n + 1)) * k["chi"]
        self.pc = (1 - k["cc"]) * self.pc + h * math.sqrt(k["cc"] * (2 - k["cc"]) * mueff) * D * zw
        stall = (1 - h) * k["cc"] * (2 - k["cc"])
        if self.form == "positive":
            self.C = (1 - k["c1"] - k["cmu"] * v.sum() + k["c1"] * stall) * self.C + k["c1"] * self.pc**2 + k["cmu"] * self.C * zz
        else:
            self.C = self.C * np.exp(k["c1"] * (1 - stall) * (self.pc**2 / self.C - 1) + k["cmu"] * (zz - v.sum()))
        if self.step == "cumulative":
            self.sigma *= math.exp(k["cs"] / k["ds"] * (length / k["chi"] - 1))
        elif self.paired:
            q = 0.0
            if not np.isnan(cost[:2]).any():
                q = (int(np.sum(cost < cost[1])) - int(np.sum(cost < cost[0]))) / (self.lam - 1)
            self.s = 0.7 * self.s + 0.3 * math.copysign(math.sqrt(abs(q)), q)
            self.sigma *= math.exp(self.s / k["d"])
        if self.adaptive:
            self.restrain(*before)
        if self.bounds is not None:
            self.m = np.clip(self.m, self.bounds[0], self.bounds[1])
        return shown

    def restrain(self, mean, square):
        """Learning-rate adaptation (Nomura, Akimoto, Ono 2023), diagonal: `mean` and `square` = sigma^2 C before the update."""
        parts = [(self.m - mean) / np.sqrt(square), (self.sigma**2 * self.C - square) / (math.sqrt(2) * square)]
        old = self.rates[0][0]
        for rate, part, beta in zip(self.rates, parts, (0.1, 0.03)):
            eta, drift, power = rate
            drift = (1 - beta) * drift + beta * part
            power = (1 - beta) * power + beta * np.sum(part**2)
            noise = power - np.sum(drift**2)
            snr = (np.sum(drift**2) - beta / (2 - beta) * power) / noise if noise > 0 else math.inf
            eta = min(1, eta * math.exp(min(0.1 * eta, beta) * min(1, max(-1, snr / (1.4 * eta) - 1))))
            rate[:] = eta, drift, power
        self.m = mean + self.rates[0][0] * parts[0] * np.sqrt(square)
        square = square + self.rates[1][0] * parts[1] * math.sqrt(2) * square
        self.sigma = math.exp(np.mean(np.log(square)) / 2)
        self.C = square / self.sigma**2
        self.sigma *= old / self.rates[0][0]


# ---- trajectories -----------------------------------------------------------------------------------------------------
def disturbed(cost, generation, ties, failures):
    """Ties: the cost on a logarithmic scale of `ties` steps an octave. Failures: a fifth of the candidates, changing;
    all of them in generation 3, two thirds in generation 5, all but one in generation 7."""
    if ties:
        cost = np.floor(np.log2(cost) * ties)
    if failures:
        k = np.arange(len(cost))
        failed = (7 * k + 3 * generation) % 5 == 0
        failed = {3: k >= 0, 5: k % 3 != 0, 7: k != 4}.get(generation, failed)
        cost = np.where(failed, np.nan, cost)
    return cost


VARIANTS = {
    "plain": dict(step="cumulative", weights="positive", covariance="separable", rates="rosHansen"),
    "active": dict(step="cumulative", weights="active", covariance="separable", rates="pycma"),
    "tied": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", ties=True),
    "failures": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", failures=True),
    "two_point": dict(step="twoPoint", weights="active", covariance="separable", rates="pycma"),
    "two_point_tied_failures": dict(
        step="twoPoint", weights="positive", covariance="separable", rates="pycma", ties=True, failures=True),
    # A start so short that the step path grows long and h_sigma stalls the variance path. With the seed of n = 10, one
    # decision would differ if the generations in h_sigma were counted from two, as some libraries do.
    "plain_short": dict(step="cumulative", weights="positive", covariance="separable", rates="rosHansen", sigma0=0.01),
    "active_short": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", sigma0=0.01),
    "isotropic": dict(step="cumulative", weights="positive", covariance="isotropic", rates="pycma"),
    "linear": dict(step="cumulative", weights="linear", covariance="separable", rates="pycma", mean_rate=0.5),
    "linear_two_point_tied_failures": dict(
        step="twoPoint", weights="linear", covariance="separable", rates="pycma", ties=True, failures=True),
    "mirrored": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", sampling="mirrored"),
    "mirrored_two_point": dict(
        step="twoPoint", weights="positive", covariance="separable", rates="rosHansen", sampling="mirrored"),
    "adaptive": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", learning="adaptive"),
    "adaptive_linear_two_point": dict(
        step="twoPoint", weights="linear", covariance="separable", rates="pycma", learning="adaptive", sampling="mirrored"),
    "scaled": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", scaled=True),
    "resampled": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", handling="resampling"),
    "resampled_two_point": dict(
        step="twoPoint", weights="active", covariance="separable", rates="pycma", handling="resampling"),
    "penalized": dict(step="cumulative", weights="active", covariance="separable", rates="pycma", handling="penalty"),
}


def trajectory(name, n, seed):
    options = dict(VARIANTS[name])
    ties = {10: 4, 100: 20, 1000: 100}[n] if options.pop("ties", False) else 0
    failures, sigma0 = options.pop("failures", False), options.pop("sigma0", 2.0)
    # Scales of the start, and a box that the optimum lies outside of, and whose borders the start is near.
    scales = 1 + np.arange(n) % 3 if options.pop("scaled", False) else None
    handling, bounds = options.pop("handling", None), None
    if handling:
        bounds = (np.full(n, 1.0), np.full(n, 3.5), handling)
    lam = 4 + math.floor(3 * math.log(n))
    scale = 10 ** (6 * np.arange(n) / (n - 1))
    search = Search(n, lam, seed, 3.0, sigma0, scales=scales, bounds=bounds, **options)
    steps, shown = [], min(n, 20)
    for generation in range(GENERATIONS):
        cost = search.generation(lambda x, g: disturbed(x**2 @ scale, g, ties, failures))
        # Rank = number of better candidates; a failure's is the number of all that did not fail.
        ranks = [int(np.sum(~np.isnan(cost))) if math.isnan(c) else int(np.sum(cost < c)) for c in cost]
        row = dict(ranks=ranks, step_size=search.sigma)
        if generation + 1 in SELECTED:
            row |= dict(mean=search.m[:shown].tolist(), variances=search.C[:shown].tolist(), mean_sum=math.fsum(search.m),
                        variance_sum=math.fsum(search.C), step_path_length=float(np.linalg.norm(search.ps)),
                        variance_path_length=float(np.linalg.norm(search.pc)))
        steps.append(row)
    return dict(name=name, dimension=n, population_size=lam, seed=seed, sigma0=sigma0, ties=ties, failures=failures,
                scales=None if scales is None else scales.tolist(), handling=handling,
                strategy=dict(stepControl=options["step"], weights=options["weights"], covariance=options["covariance"],
                              rates=options["rates"], sampling=options.get("sampling", "independent"),
                              learning=options.get("learning", "fixed"), meanRate=options.get("mean_rate", 1.0)),
                generations=steps)


def main():
    known = [([0] * 4, [0] * 2), ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2),
             ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])]
    published = ["6627e8d5e169c58dbc57ac4c9b00dbd8", "408f276d41c83b0ea20bc7c66d5451fd", "d16cfe0994fdcceb5001e42024126ea1"]
    for (counter, key), answer in zip(known, published):
        assert "".join(f"{int(w):08x}" for w in philox(counter, key)) == answer
    table = [(10, 10), (10, 32), (20, 12), (100, 17), (1000, 24), (1000, 32), (10240, 31), (10240, 32), (19456, 33)]
    streams = [(1, 0, 0, 0), (0xFEDCBA9876543210, 31, 59, 0), (42, 0, 7, 1), (2**64 - 1, 2**16, 2**31, 3)]
    data = dict(
        known_answers=[dict(counter=c, key=k, block=[int(w) for w in philox(c, k)]) for c, k in known],
        streams=[dict(seed=s, row=r, generation=g, purpose=p,
                      words=[int(w) for w in np.stack(words(s, r, g, p, 4), axis=1).ravel()],
                      normals=normals(s, r, g, p, 1001).tolist()) for s, r, g, p in streams],
        constants=[dict(dimension=n, population_size=lam, rates=r,
                        **{key: v.tolist() if isinstance(v, np.ndarray) else v for key, v in constants(n, lam, r).items()})
                   for n, lam in table for r in ("rosHansen", "pycma")],
        trajectories=[trajectory(name, n, 20_001 + n) for name in VARIANTS for n in (10, 100, 1000)])
    text = json.dumps(data, separators=(",", ":"))
    manifest = dict(
        oracle="Tests/Oracles/sep_cmaes.py", python=platform.python_version(), numpy=np.__version__,
        constants_compared_with=largest_difference_from_pycma(table), seeds="20001 + dimension",
        counter="block, row, generation, purpose", sha256_of_data=hashlib.sha256(text.encode()).hexdigest())
    OUTPUT.write_text('{"manifest":' + json.dumps(manifest) + ',\n"data":' + text + "}\n")
    print(json.dumps(manifest, indent=1), OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
