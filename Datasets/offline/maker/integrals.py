"""Definite integrals of five kinds: what decides is whether there is a closed form and whether the integrand is tame."""

from decimal import Decimal

from .quadrature import digits, integral, value
from .randomness import apportion

KINDS = [("elementary", 30), ("smooth", 30), ("singular", 20), ("oscillating", 14), ("infinite", 6)]

# Wordings by part; no template, ask or hint stands in two of them.
TEMPLATES = {
    "train": [
        ("integral-evaluate", "Evaluate the definite integral of {f} for x from {a} to {b}.{hint}{ask}"),
        ("integral-area", "What is the signed area between the curve y = {f} and the x axis, from x = {a} to x = {b}?{hint}{ask}"),
        ("integral-respect", "Integrate {f} with respect to x over [{a}, {b}].{hint}{ask}"),
        ("integral-homework", "For my homework I need the integral of {f} dx between {a} and {b}.{hint} What number do I get?{ask}"),
        ("integral-pump", "A pump runs at a rate of {f} at time x, and I need the accumulated amount from x = {a} to x = {b}.{hint}{ask}"),
        ("integral-terse", "Definite integral, integrand {f}, from {a} to {b}.{hint}{ask}"),
        ("integral-net", "Determine the net signed area which the graph of {f} encloses with the horizontal axis over [{a}, {b}].{hint}{ask}"),
        ("integral-lost", "Hey, can you help me with some calculus? I have to add up {f} continuously between {a} and {b} and I keep getting lost.{hint}{ask}"),
        ("integral-grow", "How much does an antiderivative of {f} grow from x = {a} to x = {b}?{hint}{ask}"),
        ("integral-slices", "Sum up infinitely thin slices of height {f} over [{a}, {b}].{hint}{ask}"),
    ],
    "validation": [
        ("integral-cart", "A cart rolls with velocity {f} at moment x; what is its displacement between {a} and {b}?{hint}{ask}"),
        ("integral-riemann", "Please find the Riemann integral of {f} with respect to x, taken over [{a}, {b}].{hint}{ask}"),
        ("integral-get", "What do you get when you integrate {f} from {a} to {b}?{hint}{ask}"),
    ],
    "test": [
        ("integral-runs", "As x runs from {a} to {b}, what does ∫ {f} dx amount to?{hint}{ask}"),
        ("integral-bounds", "The integrand is {f}, the lower bound {a} and the upper bound {b}.{hint} Determine the definite integral.{ask}"),
        ("integral-method", "With x between {a} and {b}, integrate {f} by whatever method you like.{hint}{ask}"),
    ],
}
ASKS = {
    "train": [
        " Give at least eight significant digits.", " A decimal number will do.", " Answer with the number only.", " Just the number, please.",
        " Reply with the bare figure.", " Finish with the result alone.", " I only need the final value.",
    ],
    "validation": [" No working, only the number.", " A single number is enough.", " Don't round it to fewer than eight places."],
    "test": [" I need eight correct digits.", " State the number alone."],
}
HINTS = {
    "train": {
        "smooth": [
            " I don't expect a closed form.", " There is no elementary antiderivative.", " I couldn't find an antiderivative in any table.",
            " Symbolic integration won't get far here.", " The answer has no neat form.",
        ],
        "singular": [
            " The integrand is unbounded at the {end} end.", " It is an improper integral.", " Beware, the function blows up at the {end} end point.",
            " The {end} end point is a singularity.", " At the {end} limit the function has no finite value.",
        ],
        "oscillating": [
            " It oscillates rapidly.", " The function wiggles a great many times.", " It has very many ups and downs.",
            " A plot of it would be almost solid black.",
        ],
        "infinite": [" It is an improper integral.", " The range never ends.", " The upper limit isn't finite."],
    },
    "validation": {
        "smooth": [" Don't look for a formula, there is none.", " Only a numerical value is attainable."],
        "singular": [" It has a vertical asymptote at the {end} border.", " Near one border of the range the function is steep without limit."],
        "oscillating": [" The function vibrates quickly.", " There are more than a hundred turning points."],
        "infinite": [" One side of the range is open-ended."],
    },
    "test": {
        "smooth": [" As far as I know, no formula for the antiderivative exists.", " A closed expression is not to be hoped for."],
        "singular": [" Towards the {end} edge the integrand exceeds every bound in magnitude.", " Strictly speaking, this integral is an improper one."],
        "oscillating": [" The graph of the integrand is a dense series of waves."],
        "infinite": [" Strictly speaking, this integral is an improper one."],
    },
}


def times(factor, text):
    return text if factor == 1 else f"{factor}*{text}"


def elementary(random, wide):
    k, m, c = random.between(2, 12 if wide else 5), random.between(1, 3), random.between(1, 9)
    low, high = random.between(0, 3), random.between(4, 9 if wide else 6)
    small = random.pick(["1", "2", "3", "1/2", "3/2", "1.2", "0.7"])
    return random.pick([
        (f"{k}*x^3-{times(m, 'x^2')}+{c}", str(-low), str(high)), (f"{c}*x^2+{k}*x-{m}", str(low), str(high)),
        (f"x^{m}*exp({'-' if k % 2 else ''}x)", "0", str(random.between(1, 4))), (f"x*exp(-{k}*x)", "0", small),
        (f"1/(x^2+{k * k})", str(low), str(high)), (f"x/(x^2+{c})", "0", str(high)),
        (f"sin({times(m, 'x')})^2", "0", random.pick(["pi/2", "pi", "1", "2"])), (f"{c}*cos({times(m, 'x')})", "0", random.pick(["pi/3", "1/2", "1"])),
        (f"{times(c, 'x')}*log(x)", "1", str(high)), (f"log(x)+{c}", "2", str(high)),
        (f"exp({times(m, 'x')}/4)*cos(x)", "0", small), (f"x*cos({k}*x)", "0", random.pick(["1", "2", "pi/4"])),
        (f"sqrt(x+{c})", str(low), str(high)), (f"1/(x*(x+{c}))", "1", str(high)), (f"{k}*x*sin(x)", "0", random.pick(["pi", "2", "1", "pi/2"])),
        (f"({c}*x+{k})^{m + 1}", str(-low), str(random.between(1, 3))), (f"atan(x/{k})", "0", str(high)),
    ])


def smooth(random, wide):
    k, m, c = random.between(1, 5 if wide else 3), random.between(1, 4), random.between(2, 9 if wide else 5)
    low = random.between(0, 2)
    high = low + random.between(1, 3 if wide else 2)
    inner = times(k, "x")
    f = random.pick([
        f"exp(sin({inner}))", f"exp(cos({inner}))", f"sqrt(1+{times(m, 'x^4')})", f"sqrt({c}+x^3)*cos(x)", f"sin(x^3+{c})" if high < 4 else f"sin(x^2+exp(-{inner}))",
        f"cos({inner})/({c}+exp(x))", f"log({c}+sin(x^2))", f"exp(-x^2)*cos(sin({inner}))", f"1/({inner}+exp(x))", f"{m}/(1+x^2+sin(x)^2)",
        f"sin(cos({inner})+{c})", f"sqrt({c}+sin({inner})^2)", f"atan(x^2+{m})*exp(-x)", f"exp(-{inner})*log({c}+cos(x))", f"tan(sin(x)/{c})",
        f"(x+1)^(x/{c})", f"exp(x)/({c}+cos({inner}))", f"log({c}+exp({inner}))*cos(x)",
    ])
    return f, str(low), str(high)


def singular(random, wide):
    """Integrable, with an elementary antiderivative; also its closed value. Mostly steep ones: numerics loses there."""
    below = random.pick([10, 11, 12, 14, 15, 16, 18, 20] + ([24, 25, 30] if wide else []))
    s = f"({below - 1}/{below})"
    b, c, m = random.between(1, 20 if wide else 9), random.between(2, 6), random.between(1, 5)
    power = f"{b}^(1/{below})*{below}"
    steep = [
        (times(m, f"x^(-{s[1:-1]})"), "0", str(b), f"{m}*{power}", "left"),
        (times(m, f"({b + c}-x)^(-{s[1:-1]})"), str(c), str(b + c), f"{m}*{power}", "right"),
        (times(m, f"(x-{c})^(-{s[1:-1]})"), str(c), str(b + c), f"{m}*{power}", "left"),
        (f"x^(-{s[1:-1]})*(1+{times(m, 'x')})", "0", str(b), f"{power}+{m}*{b}^(1+1/{below})/(1+1/{below})", "left"),
        (f"log(x)*x^(-{s[1:-1]})", "0", "1", f"-{below * below}", "left"),
        (f"{m}/(x*log(x)^2)", "0", f"1/{c}", f"{m}/log({c})", "left"),
        (f"{m}/(x*log(x)^4)", "0", f"1/{c}", f"{m}/(3*log({c})^3)", "left"),
    ]
    mild = [
        (f"{m}/sqrt(x)", "0", str(b), f"2*{m}*sqrt({b})", "left"), (times(m, "log(x)"), "0", str(b), f"{m}*({b}*log({b})-{b})", "left"),
        (f"{m}/sqrt({c * c}-x^2)", "0", str(c), f"{m}*pi/2", "right"),
        (f"{times(m, 'log(x)')}/sqrt(x)", "0", str(b), f"{m}*2*sqrt({b})*(log({b})-2)", "left"),
    ]
    return random.pick(steep if random.chance(4, 5) else mild)


def oscillating(random, wide):
    w, p, b = random.between(150, 600 if wide else 320), random.between(1, 3), str(random.between(3, 6))
    wx = f"{w}*x"

    def at(x, antiderivative):
        return antiderivative.replace("x", f"({x})").replace("e(", "exp(")

    f, antiderivative = random.pick([
        (f"exp(-{times(p, 'x')})*cos({wx})", f"e(-{p}*x)*({w}*sin({wx})-{p}*cos({wx}))/{p * p + w * w}"),
        (f"exp(-{times(p, 'x')})*sin({wx})", f"e(-{p}*x)*(-{p}*sin({wx})-{w}*cos({wx}))/{p * p + w * w}"),
        (f"x*sin({wx})", f"sin({wx})/{w * w}-x*cos({wx})/{w}"), (f"x*cos({wx})", f"cos({wx})/{w * w}+x*sin({wx})/{w}"),
        (f"x^2*sin({wx})", f"(2-{w * w}*x^2)*cos({wx})/{w**3}+2*x*sin({wx})/{w * w}"),
        (f"sin({wx})*cos({w - 37}*x)", f"-cos({2 * w - 37}*x)/{2 * (2 * w - 37)}-cos(37*x)/74"),
        (f"{p}*sin({wx})^2*x" if p > 1 else f"x*sin({wx})^2", f"{p}*(x^2/4-x*sin({2 * w}*x)/{4 * w}-cos({2 * w}*x)/{8 * w * w})"),
    ])
    return f, "0", b, f"({at(b, antiderivative)})-({at('0', antiderivative)})"


def infinite(random, wide):
    k, m, w = random.between(1, 6 if wide else 4), random.between(1, 9 if wide else 5), random.between(2, 7)
    factorial = [1, 1, 2, 6, 24, 120, 720][k]
    mx, kx = times(m, "x"), f"x^{k}" if k > 1 else "x"
    return random.pick([
        (f"{kx}*exp(-{mx})", "0", f"{factorial}/{m ** (k + 1)}"), (f"{k}/({m * m}+x^2)", "0", f"{k}*pi/{2 * m}"),
        (f"exp(-{mx})*sin({w}*x)", "0", f"{w}/{m * m + w * w}"), (f"exp(-{mx})*cos({w}*x)", "0", f"{m}/{m * m + w * w}"),
        (f"{times(k, 'x')}*exp(-{times(m, 'x^2')})", "0", f"{k}/{2 * m}"), (f"{m}/x^{k + 2}", str(w), f"{m}/({k + 1}*{w}^{k + 1})"),
    ])


def problem(random, kind, wide):
    """f, a, b, the value, and where the integrand is unbounded."""
    if kind == "elementary" or kind == "smooth":
        f, a, b = (elementary if kind == "elementary" else smooth)(random, wide)
        return f, a, b, integral(f, a, b), ""
    if kind == "singular":
        f, a, b, closed, end = singular(random, wide)
    elif kind == "oscillating":
        (f, a, b, closed), end = oscillating(random, wide), ""
    else:
        (f, a, closed), b, end = infinite(random, wide), "infinity", ""
    return f, a, b, value(closed), end


def rows(random, split, count, seen):
    test = split == "test"
    kinds = random.shuffled(apportion(count, KINDS))
    templates = TEMPLATES[split]
    for index, kind in enumerate(kinds):
        wide = test and index % 3 == 0
        for _ in range(200):
            f, a, b, answer, end = problem(random, kind, wide)
            if (f, a, b) not in seen and Decimal("1e-5") < abs(answer) < Decimal("1e7"):
                break
        else:
            raise RuntimeError(f"no new integral of kind {kind}")
        seen.add((f, a, b))
        name, text = templates[index % len(templates)]
        hints = HINTS[split].get(kind, [])
        hint = random.pick(hints).replace("{end}", end) if hints and random.chance(1, 2) else ""
        ask = random.pick(ASKS[split] + [""])
        yield {
            "question": text.format(f=f, a=a, b=b, hint=hint, ask=ask), "target": digits(answer), "grader": "number",
            "grader_options": {"relative_tolerance": 1e-6},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual"},
        }
