"""Conversions of units, from exact definitions in fractions of the SI's."""

from decimal import Decimal
from fractions import Fraction

from .quadrature import digits
from .randomness import apportion

KINDS = [("common", 25), ("rare", 42), ("temperature", 25), ("difference", 8)]

# Wordings by part; no template or ask stands in two of them.
TEMPLATES = {
    "train": [
        ("units-convert", "Convert {q} {u} to {v}.{ask}"), ("units-how-many", "How many {v} are {q} {u}?{ask}"),
        ("units-express", "Express {q} {u} in {v}.{ask}"),
        ("units-sign", "A sign says {q} {u}, but I'm used to {v}. What should it say for me?{ask}"),
        ("units-in", "Rewrite {q} {u} in {v}.{ask}"), ("units-terse", "{q} {u} = ? {v}.{ask}"),
        ("units-manual", "The manual says {q} {u}, but all my instruments read {v}. What's the figure?{ask}"),
        ("units-measures", "If something measures {q} {u}, what is that in {v}?{ask}"),
        ("units-quantity", "Express the quantity {q} {u} using {v} as the unit.{ask}"),
        ("units-stated", "Hi! I never remember how to go from one unit to another: what would {q} {u} be when stated in {v}?{ask}"),
    ],
    "validation": [
        ("units-label", "A foreign label reads {q} {u}. Translate it into {v} for me.{ask}"),
        ("units-equivalent", "State the equivalent of {q} {u} in {v}.{ask}"), ("units-what", "In {v}, what is {q} {u}?{ask}"),
    ],
    "test": [
        ("units-display", "Our display is set to {v}. What does it show for {q} {u}?{ask}"),
        ("units-almanac", "An old almanac states {q} {u}; what is the figure in {v}?{ask}"),
        ("units-rewrite", "Rewrite {q} {u} using {v} as the unit.{ask}"),
    ],
}
DIFFERENCE_TEMPLATES = {
    "train": [
        ("units-rise", "The temperature rose by {q} {u}. By how many {v} did it rise?{ask}"),
        ("units-colder", "Overnight it got colder by {q} {u}. How big is this drop in {v}?{ask}"),
        ("units-thermometer", "After lunch the thermometer had climbed by {q} {u}. What is that climb in {v}?{ask}"),
        ("units-boiler", "Since yesterday the boiler's temperature fell by {q} {u}. Convert the change to {v}.{ask}"),
    ],
    "validation": [
        ("units-soup", "The soup cooled by {q} {u} on the way to the table. How much of a loss is it in {v}?{ask}"),
        ("units-seasons", "From winter to summer the lake warms up by {q} {u}. Put that increase into {v}.{ask}"),
    ],
    "test": [
        ("units-ovens", "Two ovens differ in temperature by {q} {u}. State this difference in {v}.{ask}"),
        ("units-kiln", "The inside of a kiln is warmer than the outside by {q} {u}. How many {v} warmer is that?{ask}"),
    ],
}
ASKS = {
    "train": [
        " Give at least six significant digits.", " Answer with the number only.", "", " Just the number, please.", " Reply with the bare figure.",
        " I only need the final value.",
    ],
    "validation": [" No working, only the number.", " A single number is enough.", ""],
    "test": [" I need six correct digits.", " State the number alone.", ""],
}


def of(number, unit=1):
    return Fraction(number) * unit


FOOT, POUND, GALLON, INCH_CUBED = Fraction("0.3048"), Fraction("0.45359237"), Fraction("0.00454609"), Fraction("0.0254") ** 3
MILE, STANDARD_GRAVITY, NEWTON_POUND = 5280 * FOOT, Fraction("9.80665"), Fraction("0.45359237") * Fraction("9.80665")
PI = Fraction("3.14159265358979323846264338327950288")

# name: (value in SI units, whether it is rare), by dimension
QUANTITIES = {
    "length": {
        "metres": (of(1), False), "kilometres": (of(1000), False), "centimetres": (of("0.01"), False), "millimetres": (of("0.001"), False),
        "feet": (FOOT, False), "inches": (FOOT / 12, False), "yards": (3 * FOOT, False), "miles": (MILE, False),
        "furlongs": (660 * FOOT, True), "fathoms": (6 * FOOT, True), "chains": (66 * FOOT, True), "rods": (of("16.5", FOOT), True),
        "leagues": (3 * MILE, True), "nautical miles": (of(1852), True), "microns": (of("0.000001"), True),
    },
    "distance": {
        "light years": (of(9460730472580800), True), "astronomical units": (of(149597870700), True),
        "parsecs": (of(149597870700) * 648000 / PI, True),
    },
    "mass": {
        "grams": (of("0.001"), False), "kilograms": (of(1), False), "pounds": (POUND, False), "ounces": (POUND / 16, False),
        "troy ounces": (of("0.0311034768"), True), "stones": (14 * POUND, True), "grains": (POUND / 7000, True), "carats": (of("0.0002"), True),
        "slugs": (NEWTON_POUND / FOOT, True), "long tons": (2240 * POUND, True), "short tons": (2000 * POUND, True),
        "drams": (POUND / 256, True), "pennyweights": (24 * POUND / 7000, True),
    },
    "volume": {
        "litres": (of("0.001"), False), "millilitres": (of("0.000001"), False), "US gallons": (231 * INCH_CUBED, True),
        "imperial gallons": (GALLON, True), "US bushels": (of("2150.42", INCH_CUBED), True), "US pints": (of("28.875", INCH_CUBED), True),
    },
    "time": {
        "seconds": (of(1), False), "minutes": (of(60), False), "hours": (of(3600), False), "days": (of(86400), False),
        "weeks": (of(604800), False), "fortnights": (of(1209600), True),
    },
    "area": {
        "acres": (43560 * FOOT * FOOT, True), "hectares": (of(10000), True), "square metres": (of(1), True), "square miles": (MILE * MILE, True),
    },
    "pressure": {
        "pascals": (of(1), True), "atmospheres": (of(101325), True), "torr": (Fraction(101325, 760), True), "bars": (of(100000), True),
        "psi": (NEWTON_POUND / (FOOT / 12) ** 2, True),
    },
    "energy": {"joules": (of(1), True), "calories": (of("4.184"), True)},
    "power": {"watts": (of(1), True), "horsepower": (550 * FOOT * NEWTON_POUND, True)},
    "speed": {
        "knots": (Fraction(1852, 3600), True), "metres per second": (of(1), True), "miles per hour": (MILE / 3600, True),
        "kilometres per hour": (Fraction(1000, 3600), True),
    },
}
# name: (size of a degree in kelvins, its zero in kelvins)
SCALES = {
    "degrees Celsius": (Fraction(1), Fraction("273.15")), "degrees Fahrenheit": (Fraction(5, 9), Fraction("459.67") * 5 / 9),
    "kelvins": (Fraction(1), Fraction(0)),
}


def decimal(fraction, count=12):
    return digits(Decimal(fraction.numerator) / Decimal(fraction.denominator), count)


def quantity(random, wide):
    """A number as it stands in the question."""
    if wide:
        return random.pick([str(random.between(1000, 98765)), f"0.{random.between(11, 99)}", f"{random.between(100, 999)}.{random.between(1, 9)}"])
    return random.pick([str(random.between(2, 950)), str(random.between(2, 60)), f"{random.between(1, 99)}.{random.between(1, 9)}"])


def linear(random, kind, wide):
    pairs = [
        (table, u, v) for table in QUANTITIES.values() for u in table for v in table
        if u != v and (table[u][1] or table[v][1]) == (kind == "rare")
    ]
    table, u, v = random.pick(pairs)
    q = quantity(random, wide)
    return q, u, v, Fraction(q) * table[u][0] / table[v][0]


def temperature(random, kind, wide):
    u, v = random.sample(list(SCALES), 2)
    if kind == "difference":
        u, v = random.pick([pair for pair in ((a, b) for a in SCALES for b in SCALES) if (pair[0] == "degrees Fahrenheit") != (pair[1] == "degrees Fahrenheit")])
        q = str(random.between(2, 90)) if not wide else f"{random.between(2, 300)}.{random.between(1, 9)}"
        return q, u, v, Fraction(q) * SCALES[u][0] / SCALES[v][0]
    low, high = (500, 6000) if wide else (-40, 400)
    whole = random.between(low, high) + (230 if u == "kelvins" else 0)
    q = f"{whole}.{random.between(1, 9)}" if random.chance(1, 3) else str(whole)
    return q, u, v, (Fraction(q) * SCALES[u][0] + SCALES[u][1] - SCALES[v][1]) / SCALES[v][0]


def rows(random, split, count, seen):
    test = split == "test"
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0
        for _ in range(500):
            q, u, v, answer = (linear if kind in ("common", "rare") else temperature)(random, kind, wide)
            tame = Fraction(1, 100000) < abs(answer) < 10**9 if kind in ("common", "rare") else abs(answer) > 2
            if tame and (q, u, v, kind == "difference") not in seen:
                break
        else:
            raise RuntimeError(f"no new conversion of kind {kind}")
        seen.add((q, u, v, kind == "difference"))
        templates = (DIFFERENCE_TEMPLATES if kind == "difference" else TEMPLATES)[split]
        name, text = templates[(index + index // 12) % len(templates)]
        yield {
            "question": text.format(q=q, u=u, v=v, ask=random.pick(ASKS[split])), "target": decimal(answer),
            "grader": "number", "grader_options": {"relative_tolerance": 1e-4},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual"},
        }
