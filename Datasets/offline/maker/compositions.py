"""Two questions chained into one, from two families: no program of the pool reads both halves."""

from decimal import Decimal
from fractions import Fraction

from . import colouring, integrals, knapsack, lexical, programs, units
from .factors import is_prime
from .primitives import call
from .quadrature import digits, integral

LENGTHS = units.QUANTITIES["length"]
# The first side conditions of `knapsack`'s training part: these rows stay when that part gets more.
SIDES = {
    "at-most": [" Take no more than {k} items.", " You may choose {k} of them at most."],
    "apart": [" The {p} and the {q} must not be taken together.", " It's either the {p} or the {q}, never both."],
    "needs": [" The {p} is allowed only together with the {q}."],
}


def least_prime_factor(n):
    """By division: n is below a few millions here."""
    p = 2
    while p * p <= n:
        if n % p == 0:
            return p
        p += 1
    return n


def exact(value):
    return str(value), "exact", {}


def number(fraction, tolerance=1e-4):
    return units.decimal(fraction), "number", {"relative_tolerance": tolerance}


def composite(n):
    """Whether n is a number to factor whose answer isn't guessed."""
    return 50 < n < 3_000_000 and not is_prime(n) and least_prime_factor(n) >= 5


def units_then_factor(random):
    q, u, v, answer = units.linear(random, random.pick(["common", "rare"]), False)
    rounded = int(answer + Fraction(1, 2))
    if abs(answer - int(answer) - Fraction(1, 2)) < Fraction(1, 50) or not composite(rounded):
        return None
    return f"Convert {q} {u} to {v}, round to the nearest whole number, and give the smallest prime factor of that.", exact(least_prime_factor(rounded))


def integral_then_factor(random):
    f, a, b, answer, _ = integrals.problem(random, random.pick(["elementary", "smooth", "singular"]), False)
    scaled = answer * 1000
    if not composite(int(scaled)) or not Decimal("0.01") < scaled % 1 < Decimal("0.99"):
        return None
    return (
        f"Evaluate the definite integral of {f} for x from {a} to {b} and multiply it by 1000. "
        "What is the smallest prime factor of the whole number in front of the decimal point?", exact(least_prime_factor(int(scaled))))


def load(random, kind, capacity_text=None):
    items, capacity, slots, answer = knapsack.problem(random, kind, False, knapsack.OTHERS.split(", "))
    listed = ", ".join(f"{name} (weight {weight}, value {value})" for name, weight, value in items)
    side = random.pick(SIDES[kind]).format(**slots) if slots else ""
    return items, capacity, listed, side, answer


def knapsack_then_factor(random):
    _, capacity, listed, side, answer = load(random, random.pick(["plain-short", "at-most", "apart"]))
    if not composite(answer):
        return None
    return f"A van carries at most {capacity} kg. Items: {listed}.{side} Find the greatest total value, then state its smallest prime factor.", exact(least_prime_factor(answer))


def knapsack_then_units(random):
    _, capacity, listed, side, answer = load(random, random.pick(["plain-short", "at-most", "needs"]))
    u, v = random.pick([("furlongs", "metres"), ("fathoms", "yards"), ("chains", "kilometres"), ("leagues", "miles"), ("rods", "feet")])
    return (
        f"A rucksack holds at most {capacity} kg. Items: {listed}.{side} Let N be the greatest total value that fits. Express N {u} in {v}.",
        number(answer * LENGTHS[u][0] / LENGTHS[v][0]))


def units_then_knapsack(random):
    items, _, listed, _, _ = load(random, "plain-short")
    stones = random.between(4, 20)
    capacity = int(stones * units.QUANTITIES["mass"]["stones"][0])
    if not sum(weight for _, weight, _ in items) * 3 // 10 < capacity < sum(weight for _, weight, _ in items) * 7 // 10:
        return None
    return (
        f"A sledge carries {stones} stones; convert that to kilograms and drop the decimals to get its limit in kg. "
        f"Items to choose from, weights in kg: {listed}. What is the greatest total value?",
        (str(knapsack.best(items, capacity)), "number", {"tolerance": 0}))


def lexical_then_units(random):
    noun, group, answer = random.pick(lexical.NEAR_MISSES)
    _, u, v, one = units.linear(random, "rare", False)
    table = next(table for table in units.QUANTITIES.values() if u in table)
    first, second = random.between(12, 480), random.between(12, 480)
    result = (first if answer == "yes" else second) * table[u][0] / table[v][0]
    if first == second or not Fraction(1, 1000) < result < 10**8:
        return None
    a, kind = lexical.with_article(noun), lexical.with_article(group)
    return f"Let N be {first} if {a} is {kind}, and {second} if it isn't. Convert N {u} to {v}.", number(result)


def colouring_then_integral(random):
    wanted = random.pick(["yes", "no"])
    n, edges = colouring.graph(random, "colouring-towers", "pairs", wanted, False)
    f, a, _ = integrals.smooth(random, False)
    first, second = random.sample(range(int(a) + 1, int(a) + 4), 2)
    answer = integral(f, a, str(first if wanted == "yes" else second))
    if abs(answer) < Decimal("0.001"):
        return None
    worded = colouring.worded([f"T{i + 1}" for i in range(n)], edges, "pairs")
    return (
        f"{n} radio towers share three frequencies. These interfere with each other: {worded}. Let B be {first} if every tower can get a frequency "
        f"so that towers that interfere never have the same one, and {second} if not. Integrate {f} with respect to x over [{a}, B].",
        (digits(answer), "number", {"relative_tolerance": 1e-6}))


def program_then_factor(random):
    _, program, cases = programs.problem(random, "two", False, 4)
    if not cases or not isinstance(cases[0][1], int):
        return None
    values = [random.between(12, 60) for _ in range(6)]
    try:
        result = call(program, values)
    except (ValueError, IndexError, TypeError, AttributeError):
        return None
    if not isinstance(result, int) or not composite(result):
        return None
    shown = "\n".join(f"f({arguments[0]}) -> {value}" for arguments, value in cases[:4])
    return f"Find the rule behind these calls of f:\n{shown}\nWhat is the smallest prime factor of f({values})?", exact(least_prime_factor(result))


CHAINS = [
    (("units", "factor"), units_then_factor), (("integral", "factor"), integral_then_factor), (("knapsack", "factor"), knapsack_then_factor),
    (("knapsack", "units"), knapsack_then_units), (("units", "knapsack"), units_then_knapsack), (("lexical", "units"), lexical_then_units),
    (("colouring", "integral"), colouring_then_integral), (("program", "factor"), program_then_factor),
]


def rows(random, each):
    for hops, make in CHAINS:
        seen = set()
        for _ in range(5000):
            made = make(random)
            if made is None or made[0] in seen:
                continue
            seen.add(made[0])
            question, (target, grader, options) = made
            yield {
                "question": question, "target": target, "grader": grader, "grader_options": options,
                "meta": {"template": f"composition-{'-'.join(hops)}", "hops": list(hops)},
            }
            if len(seen) == each:
                break
        else:
            raise RuntimeError(f"too few compositions of {hops}")
