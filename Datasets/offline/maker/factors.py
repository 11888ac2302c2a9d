"""Least prime factors, known by construction: every prime is below the bound to which Miller-Rabin is proved."""

import math

from .randomness import apportion

KINDS = [("small", 25), ("middle", 28), ("giant", 12), ("neighbour", 30), ("hard", 5)]

# Wordings by part; no template, ask or hint stands in two of them.
TEMPLATES = {
    "train": [
        ("factor-smallest", "Find the smallest prime factor of {n}.{hint}{ask}"),
        ("factor-divides", "What is the least prime that divides {n}?{hint}{ask}"),
        ("factor-padlock", "The combination of my padlock is the smallest prime factor of {n}.{hint} What is it?{ask}"),
        ("factor-notebook", "I wrote {n} into my notebook.{hint} Which is the smallest prime number that goes into it without remainder?{ask}"),
        ("factor-breaking", "I'm breaking {n} down into primes.{hint} Which one comes out as the smallest?{ask}"),
        ("factor-terse", "Smallest prime dividing {n}?{hint}{ask}"),
        ("factor-let", "Let p be the least prime number that divides {n}.{hint} State p.{ask}"),
        ("factor-upward", "Starting at two and counting upward, what is the least number that divides {n} without a remainder?{hint}{ask}"),
        ("factor-code", "My padlock's code is the smallest prime that divides {n} evenly.{hint} Help me open it.{ask}"),
        ("factor-entry", "Find the lowest entry in the prime factorisation of {n}.{hint}{ask}"),
    ],
    "validation": [
        ("factor-crates", "There are {n} crates, to be divided into equal piles, and one big pile is not allowed.{hint} "
         "What is the smallest number of piles that works?{ask}"),
        ("factor-report", "Report the lowest prime divisor of the integer {n}.{hint}{ask}"),
        ("factor-exactly", "Which prime is the least one to divide {n} exactly?{hint}{ask}"),
    ],
    "test": [
        ("factor-raffle", "My raffle ticket bears the number {n}, and the prize goes to whoever names its lowest prime factor.{hint} "
         "What should I say?{ask}"),
        ("factor-decompose", "Decompose {n} into prime factors, but tell me only the smallest one.{hint}{ask}"),
        ("factor-exceeds", "Which is the least divisor of {n} that exceeds one?{hint}{ask}"),
    ],
}
ASKS = {
    "train": [
        " Answer with the number only.", "", " Just the number, please.", " Reply with the bare figure.", "", " I only need the final value.",
    ],
    "validation": [" No working, only the number.", " A single number is enough.", ""],
    "test": [" State the number alone.", ""],
}
HINTS = {
    "train": {
        "middle": [
            " None of its prime factors is small.", " All of its prime factors are of middling size.", " It has no small divisors.",
            " Trial division takes too long here.", " Don't hope for a tiny divisor.",
        ],
        "giant": [
            " At least one of its prime factors is small.", " One of its divisors is quite small.", " Dividing by little primes gets you somewhere.",
        ],
        "consecutive": [
            " It is the product of two neighbouring primes.", " Its two prime factors lie very close together.",
            " No prime lies between its two factors.", " It was made from two primes that follow each other.", " Its two factors are almost equal.",
        ],
        "hard": [" It is the product of two large primes.", " Its two factors are big, and far from each other."],
    },
    "validation": {
        "middle": [" The number survives division by every short prime.", " Every prime in the number is of intermediate length."],
        "giant": [" A short prime goes into the number."],
        "consecutive": [
            " The number's square root lies just between its two factors.", " The two primes in the number are next-door neighbours.",
        ],
        "hard": [" The number is built from two large primes and nothing else."],
    },
    "test": {
        "middle": [" No tiny prime divides this number.", " All the prime factors of this number are moderately long."],
        "giant": [" A tiny prime divides this number, that much is known."],
        "consecutive": [" This number is one prime times the next one.", " This number has two prime factors that hardly differ."],
        "close": [" This number has two prime factors that hardly differ."],
        "hard": [" Two long primes were multiplied to get this number."],
    },
}

BASES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41]
PROVED_BELOW = 3317044064679887385961981  # Sorenson, Webster 2015: these bases decide below it


def is_prime(n):
    if n >= PROVED_BELOW:
        raise ValueError("beyond the bound to which the test is a proof")
    for p in BASES:
        if n % p == 0:
            return n == p
    if n < 2:
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in BASES:
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


SMALL_PRIMES = [p for p in range(2, 5000) if all(p % q for q in range(2, int(p**0.5) + 1))]


def next_prime(n):
    """The least prime above n; ends, for there is one below 2n."""
    n += 1
    while not is_prime(n):
        n += 1
    return n


def prime(random, digits):
    """A prime of so many digits."""
    while True:  # ends: Bertrand's postulate for the lower half of the range
        p = next_prime(random.between(10 ** (digits - 1), 10**digits - 1))
        if p < 10**digits:
            return p


def problem(random, kind, wide):
    """n, its least prime factor, and the name of its hints."""
    if kind == "small":
        p = random.pick([q for q in SMALL_PRIMES if 3 < q < 1000])
        low, high = (10**9, 10**11) if wide else (10**4, 10**9)
        return least_of(random, p, max(low // p, p) + 1, high // p) + ("",)
    if kind == "middle":
        least = prime(random, random.between(10, 12) if wide else random.between(7, 10))
        size = random.between(26, 31) if wide else random.between(18, 27)
        rest = size - len(str(least))
        if rest > 21 or not wide and random.chance(1, 3) and rest >= 2 * len(str(least)) + 4:
            primes = [least, prime(random, rest // 2 + 1), prime(random, rest - rest // 2)]
        else:
            primes = [least, prime(random, max(rest, len(str(least)) + 2))]
        return math.prod(primes), min(primes), "middle"
    if kind == "giant":
        p = random.pick([q for q in SMALL_PRIMES if 3 < q])
        digits = random.between(76, 90) if wide else random.between(58, 74)
        return least_of(random, p, 10 ** (digits - 1), 10**digits) + ("giant",)
    if kind == "neighbour":
        p = prime(random, random.between(22, 24) if not wide else 24)
        if p > PROVED_BELOW - 10**12:
            p = prime(random, 23)
        if wide:
            return p * next_prime(p + random.between(10**5, 10**9)), p, "close"
        return p * next_prime(p), p, "consecutive"
    p, q = prime(random, random.between(21, 22)), prime(random, random.between(23, 24))
    return p * q, p, "hard"


def least_of(random, p, low, high):
    """A multiple of p whose least prime factor is p, mostly; in any case the factor that dividing finds."""
    for _ in range(300):
        n = p * random.between(low, high)
        least = next(q for q in SMALL_PRIMES if n % q == 0)
        if least == p:
            break
    return n, least


def rows(random, split, count, seen):
    test = split == "test"
    templates = TEMPLATES[split]
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0
        for _ in range(200):
            n, least, hints = problem(random, kind, wide)
            if n not in seen:
                break
        else:
            raise RuntimeError(f"no new number of kind {kind}")
        seen.add(n)
        name, text = templates[index % len(templates)]
        choices = HINTS[split].get(hints, [])
        always = kind == "neighbour"
        hint = random.pick(choices) if choices and (always or random.chance(*((5, 6) if kind == "middle" else (3, 5)))) else ""
        yield {
            "question": text.format(n=n, hint=hint, ask=random.pick(ASKS[split])), "target": str(least),
            "grader": "exact", "grader_options": {},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual"},
        }
